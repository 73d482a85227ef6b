// SPDX-License-Identifier: BSD-3-Clause
/** The site that scripts/build-html makes is complete and reproducible. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
// A server sends ten segments before the first acknowledgement (RFC 6928);
// some of that goes to the headers.
const ONE_ROUND_TRIP_BYTES = 10 * 1460 - 1_500;
const LANGUAGES = ["en", "ar", "de", "es"];
const NAMES = ["403", "404", "500", "chat", "faq", "index", "license", "privacy"];

const build = (out, env = {}) =>
  execFileSync(path.join(ROOT, "scripts/build-html"), [out], {
    env: { ...process.env, ...env },
  });

const list = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();

const languageOf = (page) =>
  (page.includes("/") ? path.basename(path.dirname(page)) : "en");

/** The path that a page is served at; an error page is shown at any address. */
const addressOf = (page) => (/\d\.html$/.test(page)
  ? "a/b/c" : page.replace(/^accept\/..\//, "").replace(/(index)?\.html$/, ""));

const hash = (file, algorithm, encoding) =>
  createHash(algorithm).update(readFileSync(file)).digest(encoding);

describe("the built site", () => {
  let dir;
  let site;
  let pages;
  const read = (name) => readFileSync(path.join(site, name), "utf8");

  before(() => {
    dir = mkdtempSync(path.join(tmpdir(), "sfchat-site-"));
    site = path.join(dir, "one", "html");
    build(site);
    pages = list(site).filter((name) => name.endsWith(".html"));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it("two builds in different folders are the same byte for byte", () => {
    const other = path.join(dir, "some", "where", "else");
    build(other);
    assert.deepEqual(list(other), list(site));
    for (const name of list(site)) {
      assert.deepEqual(readFileSync(path.join(other, name)),
        readFileSync(path.join(site, name)), name);
    }
    assert.deepEqual(readFileSync(path.join(other, "../site.conf")),
      readFileSync(path.join(site, "../site.conf")));
  });

  it("every page exists in every language", () => {
    const named = NAMES.filter((name) => !/^\d/.test(name));
    const wanted = ["", ...LANGUAGES.slice(1).map((language) => `accept/${language}/`)]
      .flatMap((folder) => NAMES.map((name) => `${folder}${name}.html`))
      .concat(LANGUAGES.flatMap((folder) => named.map((name) => `${folder}/${name}.html`)));
    assert.deepEqual(pages, wanted.sort());
    for (const page of pages) {
      const language = languageOf(page);
      const direction = language === "ar" ? "rtl" : "ltr";
      assert.match(read(page), new RegExp(`<html lang="${language}" dir="${direction}"`));
    }
  });

  it("every catalogue has the same keys, placeholders and links", () => {
    const catalogues = LANGUAGES.map((language) => JSON.parse(
      readFileSync(path.join(ROOT, "html/locales", `${language}.json`), "utf8")));
    const shape = (catalogue) => Object.entries(catalogue).map(([section, texts]) =>
      [section, Object.entries(texts).map(([key, text]) =>
        [key, text.match(/\{\w+\}|\]\([^)]*\)/g)?.sort() ?? []]).sort()]).sort();
    for (const catalogue of catalogues) {
      assert.deepEqual(shape(catalogue), shape(catalogues[0]));
      for (const text of Object.values(catalogue).flatMap(Object.values)) assert.ok(text.trim());
    }
  });

  it("no page has a placeholder left or lacks a title", () => {
    for (const page of pages) {
      const html = read(page);
      assert.doesNotMatch(html, /\{\{|data-t[=-]/, page);
      assert.match(html, /<title[^>]*>[^<]+<\/title>/, page);
    }
  });

  it("every text that a script uses is in the catalogue", () => {
    const [home, chat] = ["index.html", "chat.html"].map((page) =>
      JSON.parse(read(page).match(/id="texts">([^<]*)</)[1]));
    const scripts = list(path.join(ROOT, "html/js/sfChat"))
      .map((name) => readFileSync(path.join(ROOT, "html/js/sfChat", name), "utf8"));
    const asked = scripts.flatMap((code) =>
      [...code.matchAll(/"((?:chat|home|note|invite)\.\w+)"/g)].map(([, key]) => key))
      .filter((key) => !key.endsWith(".json"));
    assert.ok(asked.length > 20);
    for (const key of asked) assert.ok(key in home || key in chat, key);
    const table = readFileSync(path.join(ROOT, "html/js/sfChat/e2ee/fault.js"), "utf8");
    const faults = [...table.matchAll(/^ \* \| `(\w+)`/gm)].map(([, code]) => code);
    assert.ok(faults.length >= 13);
    for (const fault of faults) assert.ok(`fault.${fault}` in chat, fault);
  });

  it("only the home page has inline code, and its policy allows exactly that", () => {
    const config = readFileSync(path.join(site, "../site.conf"), "utf8");
    const policy = (name) => config.match(new RegExp(`${name}\\s*= "([^"]*)"`))[1];
    for (const page of pages) {
      const html = read(page);
      assert.doesNotMatch(html, /\sstyle=|\son\w+=|javascript:/i, page);
      const inline = (element) =>
        [...html.matchAll(new RegExp(`<${element}([^>]*)>([^]*?)</${element}>`, "g"))]
          .filter(([, attributes]) => !/\ssrc=|application\/json/.test(attributes))
          .map(([, , code]) => `'sha256-${createHash("sha256").update(code).digest("base64")}'`);
      const isHome = path.basename(page) === "index.html";
      for (const kind of ["script", "style"]) {
        const code = inline(kind);
        assert.equal(code.length, Number(isHome), page);
        assert.ok(code.every((found) => policy(`home_${kind}_src`).split(" ").includes(found)));
      }
    }
  });

  it("every script and style outside the home page is a file of the site with its hash", () => {
    for (const page of pages.filter((name) => path.basename(name) !== "index.html")) {
      const html = read(page);
      const tags = html.match(/<(?:script type="module"|link rel="stylesheet")[^>]*>/g);
      assert.ok(tags?.length > 0, page);
      for (const tag of tags) {
        const [, url] = tag.match(/(?:src|href)="([^"]+)"/);
        const [, wanted] = tag.match(/integrity="sha384-([^"]+)"/);
        const { pathname } = new URL(url, `https://site/${addressOf(page)}`);
        assert.equal(hash(path.join(site, pathname), "sha384", "base64"), wanted, url);
      }
    }
    const [, url] = read("chat.html").match(/data-qr-url="([^"]+)"/);
    const [, wanted] = read("chat.html").match(/data-qr-integrity="sha384-([^"]+)"/);
    assert.equal(hash(path.join(site, url), "sha384", "base64"), wanted);
  });

  it("the names of scripts, styles and pictures end with a hash", () => {
    for (const name of list(site).filter((file) => /^(js|css|images)\//.test(file))) {
      // Some browsers ask for /favicon.ico, which lighttpd answers with this file.
      if (name === "images/favicon.svg") continue;
      assert.match(name, /-[0-9a-f]{12}\.(js|css|svg)(\.map)?$/);
    }
  });

  it("the home page has these words in this order", () => {
    const lines = read("index.html").replace(/<head>.*?<\/head>|<script.*?<\/script>/gs, "")
      .replace(/<input[^>]* placeholder="([^"]*)"[^>]*>/g, "$1").replace(/<[^>]*>/g, "\n")
      .split("\n").map((line) => line.replace(/\s+/g, " ").trim());
    let at = 0;
    for (const words of [
      "SFChat — Secure Free Chat", "Create new", "OR", "Enter code here…", "Join",
      "Chat", "click “Create new”", "send the link or the code to a friend",
      "enjoy free secure chatting", "Secure because", "Free because", "open source",
      "BSD-3-Clause", "Privacy", "License", "Source", "FAQ", "Contact",
      "English", "العربية", "Deutsch", "Español", "©",
    ]) {
      const next = lines.findIndex((line, i) => i >= at && line.startsWith(words));
      assert.ok(next >= 0, `“${words}” in ${lines.slice(at).filter(Boolean)}`);
      at = next + 1;
    }
  });

  it("every link within the site leads to an existing page and fragment", () => {
    for (const page of pages) {
      const address = addressOf(page);
      for (const [, link] of read(page).matchAll(/\s(?:href|src)="([^"]*)"/g)) {
        const { pathname, hash: fragment } = new URL(link, `https://site/${address}`);
        const file = pathname.slice(1);
        const found = [file, `${file}.html`, `${file}index.html`]
          .find((name) => list(site).includes(name));
        assert.ok(found, `${page}: ${link}`);
        if (fragment) assert.match(read(found), new RegExp(`id="${fragment.slice(1)}"`), link);
        // The address of an error page can be anything. The links of all others keep the
        // language that the address names, and the path that the site is below.
        assert.equal(link.startsWith("/"), address === "a/b/c", `${page}: ${link}`);
        if (/^(?:\.\.)?\/|^(?:css|js|images|\w\w)\//.test(link)) continue;
        assert.equal(path.posix.resolve("/", address, address.endsWith("/") ? "." : ".."),
          path.posix.resolve(pathname, pathname.endsWith("/") ? "." : ".."), `${page}: ${link}`);
      }
    }
  });

  it("the pages name the operator's own addresses if they are set", () => {
    const own = path.join(dir, "own", "html");
    build(own, {
      SFCHAT_SOURCE_URL: "https://example.org/source?a&b",
      SFCHAT_CONTACT: "mailto:help@example.org",
    });
    const html = readFileSync(path.join(own, "faq.html"), "utf8");
    assert.match(html, /href="https:\/\/example\.org\/source\?a&(#38;|amp;)?b"/);
    assert.match(html, /href="mailto:help@example\.org"/);
  });

  it("the chat page carries the operator's header names", () => {
    const own = path.join(dir, "set", "html");
    build(own, {
      SFCHAT_USER_TOKEN_HEADER: "X-My-User",
      SFCHAT_CHAT_TOKEN_HEADER: "X-My-Chat",
    });
    const html = readFileSync(path.join(own, "chat.html"), "utf8");
    assert.match(html, /data-user-header="X-My-User" data-chat-header="X-My-Chat"/);
    assert.match(read("chat.html"),
      /data-user-header="X-SFC-userToken" data-chat-header="X-SFC-chatToken"/);
  });

  it("the pages say the lifetime that is set", () => {
    const own = path.join(dir, "lifetime");
    for (const [seconds, ...words] of [
      [43_200, "12 hours", "12 Stunden", "12 horas", "12 ساعة"],
      [5_400, "90 minutes", "90 Minuten", "90 minutos", "90 دقيقة"],
      [86_400, "one day", "einem Tag", "un día", "يوم واحد"],
    ]) {
      build(own, { SFCHAT_CHAT_LIFETIME: String(seconds) });
      for (const [i, folder] of ["", "de", "accept/es", "ar"].entries()) {
        for (const page of ["index", "faq", "privacy"]) {
          const html = readFileSync(path.join(own, folder, `${page}.html`), "utf8");
          assert.equal(html.includes(words[i]), true, `${words[i]} in ${folder}/${page}`);
          assert.doesNotMatch(html, /\{lifetime\}/);
        }
      }
    }
  });

  it("an unusable setting is refused by name", () => {
    for (const [name, value] of [
      ["SFCHAT_USER_TOKEN_HEADER", "a b"], ["SFCHAT_CHAT_TOKEN_HEADER", "x:"],
      ["SFCHAT_GA_ID", '"><script>'],
      ["SFCHAT_AWAY_SECONDS", "an hour"], ["SFCHAT_CHAT_LIFETIME", "a day"],
      ["SFCHAT_SOURCE_URL", "javascript:alert(1)"], ["SFCHAT_CONTACT", "me"],
    ]) {
      assert.throws(() => build(path.join(dir, "refused"), { [name]: value }),
        ({ stderr }) => String(stderr).includes(`${name}: `), name);
    }
  });

  it("make rebuilds the site if a setting of its pages changes, and only then", () => {
    const make = (env = {}) => {
      execFileSync("make", ["-s", "-C", ROOT, "site", `BUILD=${path.join(dir, "make")}`],
        { env: { ...process.env, ...env } });
      const page = path.join(dir, "make/html/chat.html");
      return [readFileSync(page, "utf8"), statSync(page).mtimeMs];
    };
    const [, first] = make();
    assert.equal(make()[1], first);
    assert.equal(make({ SFCHAT_POLL_SLEEP: "9" })[1], first, "this is no setting of the pages");
    const own = { SFCHAT_USER_TOKEN_HEADER: "X-My-User" };
    const [html, second] = make(own);
    assert.match(html, /data-user-header="X-My-User"/);
    assert.equal(make(own)[1], second);
    assert.match(make()[0], /data-user-header="X-SFC-userToken"/);
  });

  it("analytics is allowed on the home page only if it is set, and the privacy page says so", () => {
    const own = path.join(dir, "counted", "html");
    build(own, { SFCHAT_GA_ID: "G-ABC123" });
    const config = (out) => readFileSync(path.join(out, "../site.conf"), "utf8");
    assert.match(config(own), /home_connect_src = "'self' https:\/\/www\.google-analytics\.com"/);
    assert.match(config(site), /home_connect_src = "'self'"/);
    for (const name of NAMES) {
      const html = readFileSync(path.join(own, `${name}.html`), "utf8");
      assert.equal(/data-analytics="G-ABC123"/.test(html), name === "index", name);
    }
    assert.match(readFileSync(path.join(own, "privacy.html"), "utf8"), /Google Analytics/);
    assert.doesNotMatch(read("privacy.html"), /Google/);
  });

  it("release-hashes lists every file with its hashes", () => {
    const lines = execFileSync(path.join(ROOT, "scripts/release-hashes"), [site])
      .toString().trim().split("\n").map((line) => line.split(" "));
    assert.deepEqual(lines.map(([, , name]) => name).sort(), list(site));
    for (const [sha256, sha384, name] of lines) {
      assert.equal(sha256, hash(path.join(site, name), "sha256", "hex"));
      assert.equal(sha384, `sha384-${hash(path.join(site, name), "sha384", "base64")}`);
    }
  });

  it("the home page fits into one round trip", () => {
    for (const language of LANGUAGES) {
      const page = language === "en" ? "index.html" : `accept/${language}/index.html`;
      const bytes = gzipSync(read(page)).length;
      assert.ok(bytes <= ONE_ROUND_TRIP_BYTES, `${page}: ${bytes} bytes`);
      assert.doesNotMatch(read(page), /<(?:script|img)[^>]*\ssrc=|rel="stylesheet"/);
    }
  });
});
