// SPDX-License-Identifier: BSD-3-Clause
/** What scripts/build-html makes: the same bytes each time, all of it whole. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FIRST_VISIT_BYTES = 40 * 1024;

const build = (out, env = {}) =>
  execFileSync(path.join(ROOT, "scripts/build-html"), [out], {
    env: { ...process.env, ...env },
  });

const list = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();

describe("the built site", () => {
  let dir;
  let site;
  let pages;
  const read = (name) => readFileSync(path.join(site, name), "utf8");

  before(() => {
    dir = mkdtempSync(path.join(tmpdir(), "sfchat-site-"));
    site = path.join(dir, "one");
    build(site);
    pages = list(site).filter((name) => name.endsWith(".html"));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it("is the same byte for byte wherever it is built", () => {
    const other = path.join(dir, "some", "where", "else");
    build(other);
    assert.deepEqual(list(other), list(site));
    for (const name of list(site)) {
      assert.deepEqual(readFileSync(path.join(other, name)),
        readFileSync(path.join(site, name)), name);
    }
  });

  it("has every page", () => {
    assert.deepEqual(pages, ["403.html", "404.html", "500.html", "chat.html",
      "faq.html", "index.html", "license.html", "privacy.html"]);
  });

  it("leaves no text out", () => {
    for (const page of pages) {
      const html = read(page);
      assert.doesNotMatch(html, /\{\{|data-t="[^"]*"[^>]*><\//, page);
      assert.match(html, /<title[^>]*>[^<]+<\/title>/, page);
    }
  });

  it("has neither inline script nor inline style", () => {
    for (const page of pages) {
      assert.doesNotMatch(read(page), /<style|\sstyle=|\son\w+=|javascript:/i, page);
      assert.doesNotMatch(read(page), /<script(?![^>]*\ssrc=)/i, page);
    }
  });

  it("loads only its own files, each with its integrity hash", () => {
    for (const page of pages) {
      const tags = read(page).match(/<(?:script|link rel="stylesheet")[^>]*>/g);
      assert.ok(tags?.length > 0, page);
      for (const tag of tags) {
        const [, url] = tag.match(/(?:src|href)="([^"]+)"/);
        const [, wanted] = tag.match(/integrity="sha384-([^"]+)"/);
        const file = readFileSync(path.join(site, url));
        assert.equal(createHash("sha384").update(file).digest("base64"), wanted, url);
      }
    }
  });

  it("names scripts and styles by their content", () => {
    for (const name of list(site).filter((file) => /^(js|css)\//.test(file))) {
      assert.match(name, /-[0-9a-f]{12}\.(js|css)(\.map)?$/);
    }
  });

  it("leads nowhere that does not exist", () => {
    for (const page of pages) {
      for (const [, url] of read(page).matchAll(/\s(?:href|src)="(\/[^"]*)"/g)) {
        const [file, fragment] = url.split("#");
        const found = [file, `${file}.html`, `${file}index.html`]
          .map((name) => name.slice(1))
          .find((name) => list(site).includes(name));
        assert.ok(found, `${page}: ${url}`);
        if (fragment) assert.match(read(found), new RegExp(`id="${fragment}"`), url);
      }
    }
  });

  it("names the operator's own addresses where they are set", () => {
    const own = path.join(dir, "own");
    build(own, {
      SFCHAT_SOURCE_URL: "https://example.org/source?a&b",
      SFCHAT_CONTACT: "mailto:help@example.org",
    });
    const html = readFileSync(path.join(own, "faq.html"), "utf8");
    assert.match(html, /href="https:\/\/example\.org\/source\?a&(#38;|amp;)?b"/);
    assert.match(html, /href="mailto:help@example\.org"/);
  });

  it("is light on a first visit", () => {
    const html = read("index.html");
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css|svg))"/g)]
      .map(([, url]) => url.slice(1));
    const bytes = ["index.html", ...files]
      .map((name) => gzipSync(read(name)).length)
      .reduce((sum, length) => sum + length);
    assert.ok(files.length >= 3);
    assert.ok(bytes <= FIRST_VISIT_BYTES, `${bytes} bytes`);
  });
});
