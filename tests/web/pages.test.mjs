// SPDX-License-Identifier: BSD-3-Clause
// The rules of lighttpd.conf, and of docs/hosting with SFCHAT_FRONT: it serves the pages and nothing else, caches and
// compresses them, and sends the headers that protect them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  cp, mkdtemp, readFile, readdir, rm, symlink, writeFile,
} from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { execute } from "../lib/children.mjs";
import {
  build, front, request, root, startServer, storeKind, traits,
} from "../lib/server.mjs";

const site = path.join(build, "html");

const PAGES = {
  "/": "index", "/chat": "chat", "/faq": "faq", "/privacy": "privacy",
  "/license": "license",
};

// What a client accepts, and how the test decodes the reply.
const ENCODINGS = {
  br: { headers: { "accept-encoding": "gzip, deflate, br" }, decode: brotliDecompressSync },
  gzip: { headers: { "accept-encoding": "gzip, deflate" }, decode: gunzipSync },
};
// With it, replies carry the header of HSTS.
const PUBLIC = { SFCHAT_PUBLIC_URL: "https://chat.example.org" };
const FIRST_VISIT_BYTES = 40_000;

/** Checks the headers that protect every reply. */
function isProtected({ headers }) {
  assert.match(headers["strict-transport-security"], /^max-age=\d{8}/);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "no-referrer");
  assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  assert.equal(headers["cross-origin-resource-policy"], "same-origin");
  assert.ok(headers["permissions-policy"]);
  assert.equal(headers.server, traits.name);
  const policy = headers["content-security-policy"];
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  for (const rule of [
    "default-src 'none'", "base-uri 'none'",
    "frame-ancestors 'none'", "require-trusted-types-for 'script'",
  ]) {
    assert.ok(policy.split("; ").includes(rule), `${rule}: ${policy}`);
  }
  // Scripts come from the site's files, or stand in the page with their hash.
  assert.match(policy, /; script-src ('self'|'sha256-[\w+/]{43}='( 'sha256-[\w+/]{43}=')?)(;|$)/);
}

/** Sends bytes over TLS; returns all that the server sends until it closes. */
function sendRaw(server, bytes) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(
      { port: server.port, ca: server.ca, servername: "localhost" });
    let text = "";
    socket.on("secureConnect", () => socket.write(bytes));
    socket.on("data", (chunk) => { text += chunk; });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

describe("pages", () => {
  let server;
  let assets;
  before(async () => {
    server = await startServer({ env: PUBLIC });
    const files = await readdir(site, { recursive: true });
    assets = files.filter((name) => /\.(css|js)$/.test(name));
  });
  after(() => server.stop());

  for (const h2 of [false, true]) {
    for (const [target, name] of Object.entries(PAGES)) {
      it(`${target} is ${name}.html by HTTP/${h2 ? 2 : 1.1}`, async () => {
        for (const query of ["", "?x=1"]) {
          const answer = await request(server, "GET", target + query, { h2 });
          assert.equal(answer.status, 200);
          assert.equal(answer.headers["content-type"],
            "text/html; charset=utf-8");
          assert.equal(answer.headers["cache-control"], "no-cache");
          isProtected(answer);
          assert.equal(answer.body,
            await readFile(path.join(site, `${name}.html`), "utf8"));
        }
      });
    }
  }

  it("robots.txt and the icon are served", async () => {
    const robots = await request(server, "GET", "/robots.txt");
    assert.equal(robots.headers["content-type"], "text/plain; charset=utf-8");
    const icon = await request(server, "GET", "/favicon.ico");
    assert.equal(icon.status, 200);
    for (const answer of [robots, icon]) isProtected(answer);
  });

  it("HEAD returns the headers of GET and no body", async () => {
    const [get, head] = await Promise.all(
      ["GET", "HEAD"].map((method) => request(server, method, "/chat")));
    assert.equal(head.status, 200);
    assert.equal(head.body, "");
    assert.equal(head.headers.etag, get.headers.etag);
  });

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    it(`405: ${method} of a page`, async () => {
      for (const target of ["/chat", "/", "/de/", "/nothing", "/robots.txt", "/favicon.ico"]) {
        for (const h2 of [false, true]) {
          const answer = await request(server, method, target, { h2 });
          assert.equal(answer.status, 405);
          assert.equal(answer.headers.allow, "GET, HEAD");
          assert.equal(answer.headers.location, undefined);
          isProtected(answer);
        }
      }
    });
  }

  // --- caching and compression ---

  it("304: a page has not changed", async () => {
    const { headers } = await request(server, "GET", "/chat");
    assert.ok(headers.etag);
    const again = await request(server, "GET", "/chat",
      { headers: { "if-none-match": headers.etag } });
    assert.equal(again.status, 304);
    assert.equal(again.body, "");
  });

  it("an asset is cached for a year under a name with its hash", async () => {
    assert.ok(assets.length > 0);
    for (const name of assets) {
      const answer = await request(server, "GET", `/${name}`);
      assert.equal(answer.status, 200);
      assert.match(name, /-[0-9a-f]{12}\./);
      assert.equal(answer.headers["cache-control"],
        "max-age=31536000, immutable");
      assert.match(answer.headers["content-type"],
        /^text\/(css|javascript); charset=utf-8$/);
      isProtected(answer);
    }
  });

  for (const encoding of traits.encodings) {
    const { headers, decode } = ENCODINGS[encoding];
    it(`pages and assets are compressed by ${encoding} for a client that accepts it`, async () => {
      for (const target of ["/", ...assets.map((name) => `/${name}`)]) {
        const plain = await request(server, "GET", target);
        const answer = await request(server, "GET", target, { headers });
        assert.equal(answer.headers["content-encoding"], encoding);
        assert.match(answer.headers.vary, /accept-encoding/i);
        assert.ok(answer.bytes.length < Buffer.byteLength(plain.body));
        assert.equal(decode(answer.bytes).toString(), plain.body);
      }
    });
  }

  // Other servers compress each reply anew, so they do not compress as well.
  const weighing = front === "lighttpd" ? it : () => {};
  weighing("a first visit loads at most 40 KB, the chat and a QR code included", async () => {
    const { headers } = ENCODINGS.br;
    const read = async (target) => (await request(server, "GET", target, { headers })).bytes;
    const pages = await Promise.all(["/", "/chat"].map(read));
    const markup = pages.map((page) => brotliDecompressSync(page)).join("");
    const linked = markup.matchAll(/(?:src|href|unread|qr-url)="([^"]+\.(?:js|css|svg))"/g);
    const files = [...new Set([...linked].map(([, file]) => `/${file}`))];
    assert.ok(files.some((file) => file.startsWith("/js/qr-code-")));
    const parts = [...pages, ...await Promise.all(files.map(read))];
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    assert.ok(bytes <= FIRST_VISIT_BYTES, `${bytes} bytes`);
  });

  it("replies of the API are not compressed", async () => {
    const answer = await request(server, "GET", "/api/v1/messages.json",
      { headers: ENCODINGS.br.headers });
    assert.equal(answer.headers["content-encoding"], undefined);
  });

  it("no page needs anything that its policy forbids", async () => {
    for (const target of [...Object.keys(PAGES), "/nothing"]) {
      const { body, headers } = await request(server, "GET", target);
      assert.doesNotMatch(body, /\sstyle=|\son[a-z]+=|javascript:/i);
      for (const [, src] of body.matchAll(/(?:\ssrc|<link[^>]* href)="?([^"\s>]+)/g)) {
        assert.match(src, /^\/?(?:css|js|images)\/[\w-]+\.\w+$/, "a file of the site");
      }
      for (const [, attributes, code] of
        body.matchAll(/<(?:script|style)([^>]*)>([^]*?)<\/(?:script|style)>/g)) {
        if (/\ssrc=|application\/json/.test(attributes)) continue;
        const hash = createHash("sha256").update(code).digest("base64");
        assert.ok(headers["content-security-policy"].includes(`'sha256-${hash}'`), target);
      }
    }
  });

  for (const [accepted, language] of [
    [undefined, "en"], ["", "en"], ["de", "de"], ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["fr-FR, fr;q=0.9, es;q=0.8, de;q=0.7", "es"], ["en-GB,de;q=0.9", "en"],
    // A pattern that backtracks would never end with this one.
    [`${"x,         ".repeat(30)}zares zrde, de`, "de"],
    ["ar-EG", "ar"], ["zh-CN, ja", "en"], ["den", "en"], ["*", "en"],
  ]) {
    it(`a client that accepts ${accepted?.slice(0, 50)} gets ${language}`, async () => {
      const headers = accepted === undefined ? {} : { "accept-language": accepted };
      for (const target of [...Object.keys(PAGES), "/nothing"]) {
        const answer = await request(server, "GET", target, { headers });
        assert.match(answer.body, new RegExp(`<html lang="${language}"`), target);
        assert.match(answer.headers.vary, /Accept-Language/);
        isProtected(answer);
      }
    });
  }

  for (const language of ["en", "ar", "de", "es"]) {
    it(`an address that begins with /${language}/ has its language`, async () => {
      const headers = { "accept-language": language === "es" ? "de" : "es" };
      for (const [target, name] of Object.entries(PAGES)) {
        const answer = await request(server, "GET", `/${language}${target}`, { headers });
        assert.equal(answer.status, 200);
        assert.equal(answer.body,
          await readFile(path.join(site, language, `${name}.html`), "utf8"));
        const plain = await request(server, "GET", target, { headers });
        assert.equal(answer.headers["content-security-policy"],
          plain.headers["content-security-policy"]);
        isProtected(answer);
      }
    });
  }

  // --- not found ---

  it("404 is a page, not JSON", async () => {
    const answer = await request(server, "GET", "/nothing");
    assert.equal(answer.status, 404);
    assert.equal(answer.body,
      await readFile(path.join(site, "404.html"), "utf8"));
    assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
    isProtected(answer);
  });

  for (const target of [
    "/index.html", "/chat.html", "/404.html", "/CHAT", "/chat/", "/chat/x",
    "/js", "/js/", "/css/", "/js/.", "/.git/config", "/.hidden", "/js/.hidden",
    "/Makefile", "/lighttpd.conf", "/cgi-bin/create", "/html/index.html",
    "/../lighttpd.conf", "/../../../../../../etc/passwd", "/js/../../lighttpd.conf",
    "/%2e%2e/localhost.pem", "/..%2flocalhost.pem", "/%2e%2e%2flocalhost.pem",
    "/..%5clocalhost.pem", "/..\\localhost.pem", "/%252e%252e/localhost.pem",
    "/..;/localhost.pem", "/js/..%00/localhost.pem", "/chat%00.html",
    "/localhost.pem", "/lmdb/cgi-bin/create", "/-", "/~root/", "/api",
    "//etc/passwd", "///etc/passwd", "/etc/passwd", "/proc/self/environ",
    "/de", "/de/nothing", "/de/index.html", "/de/faq/", "/xx/", "/xx/faq", "/DE/faq",
    "/de/js/", "/chat.js", "/chat~", "/index.html.gz", "/robots.txt/", "/robots.txt/x",
    "/robots.txt%20", "/robots.txt.", "/api/../index.html",
    "/api/../../lmdb/cgi-bin/create", "/api%2f..%2flocalhost.pem",
  ]) {
    it(`404: ${target}`, async () => {
      for (const h2 of [false, true]) {
        const answer = await request(server, "GET", target, { h2 });
        // Apache and nginx refuse some of these paths as malformed.
        assert.ok(answer.status === 404 || (traits.name && answer.status === 400),
          `${answer.status}`);
        isProtected(answer);
      }
    });
  }

  for (const [target, link] of [
    ["/%23j=CODE.SECRET-_", "/#j=CODE.SECRET-_"],
    ["//%23j%3DCODE%2ESECRET", "/#j%3DCODE.SECRET"],
    ["/%2523j%253DCODE.SECRET", "/#j%253DCODE.SECRET"],
    ["/j=CODE.SECRET?utm_source=mail", "/#j=CODE.SECRET?utm_source=mail"],
  ]) {
    it(`302: ${target} leads to ${link}`, async () => {
      const answer = await request(server, "GET", target);
      assert.equal(answer.status, 302);
      const { origin, pathname, hash } = new URL(answer.headers.location, server.url);
      assert.deepEqual([origin, pathname], [server.url, "/"]);
      // A server may decode unreserved characters.
      assert.equal(hash.replaceAll("%2E", "."), link.slice(1));
      assert.equal(answer.headers["cache-control"], "no-store");
      isProtected(answer);
    });
  }

  it("404: files of the source and of the build are not served", async () => {
    const files = await readdir(root);
    for (const name of [...files, ...await readdir(build)]) {
      const { status } = await request(server, "GET", `/${name}`);
      assert.ok(status === 404 || name === "robots.txt", name);
    }
  });

  // --- malformed requests ---

  for (const [what, text, status] of [
    ["garbage", "GARBAGE\r\n\r\n", 400],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["a malformed host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
    ["a malformed header", "GET / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", 400],
    ["two lengths", "POST /api/v1/join.json HTTP/1.1\r\nHost: a\r\n" +
      "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400],
    ["a negative length", "POST /api/v1/join.json HTTP/1.1\r\nHost: a\r\n" +
      "Content-Length: -1\r\n\r\n", 400],
    ["length and chunks", "POST /api/v1/join.json HTTP/1.1\r\nHost: a\r\n" +
      "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    // Apache ignores the length.
    front.startsWith("apache") ? 411 : 400],
    // HTTP takes such a request as one without a body; the others do so.
    ...(front === "lighttpd" ? [
      ["no length", "POST /api/v1/create.json HTTP/1.1\r\nHost: a\r\n\r\n", 411],
    ] : []),
    // Apache replies to a header with 400, and nginx and Apache to a URL with 414.
    ["a huge header", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(9000)}\r\n\r\n`,
      "431|400"],
    ["a huge URL", `GET /${"x".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, "431|414"],
    // The older lighttpd of Debian 12 replies with 505.
    // Apache takes it as HTTP/1.1.
    ...(front.startsWith("apache") ? [] : [
      ["an unknown version of HTTP", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "400|505"],
    ]),
  ]) {
    it(`${status}: a request with ${what} gets a reply in JSON`, async () => {
      const answer = await sendRaw(server, text);
      assert.match(answer, new RegExp(`^HTTP/1\\.. (${status}) `));
      assert.match(answer, /\r\nContent-Type: application\/json; charset=utf-8\r\n/i);
      const body = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
      assert.match(String(body.results.code), new RegExp(`^(${status})$`));
    });
  }

  // Another server reads a copy of the pages.
  const breaking = front === "lighttpd" ? it : () => {};
  breaking("403 and 500 are pages in the client's language", async (t) => {
    const broken = await mkdtemp("/dev/shm/sfchat-test-");
    t.after(() => rm(broken, { recursive: true }));
    await cp(site, `${broken}/html`, { recursive: true });
    for (const name of [storeKind, "site.conf"]) {
      await symlink(path.join(build, name), path.join(broken, name));
    }
    // A page that is no file gives 403, a link to itself 500.
    for (const [name, target] of [["faq", "/dev/null"], ["chat", "chat.html"]]) {
      await rm(`${broken}/html/accept/de/${name}.html`);
      await symlink(target, `${broken}/html/accept/de/${name}.html`);
    }
    const other = await startServer({ env: {
      ...PUBLIC,
      SFCHAT_BUILD: broken, SFCHAT_CERT: path.join(build, "localhost.pem"),
    } });
    t.after(() => other.stop());
    for (const [target, status] of [["/faq", 403], ["/chat", 500]]) {
      const answer = await request(other, "GET", target,
        { headers: { "accept-language": "de" } });
      assert.equal(answer.status, status);
      assert.equal(answer.body,
        await readFile(path.join(site, `accept/de/${status}.html`), "utf8"));
      assert.equal(answer.headers["content-type"], "text/html; charset=utf-8");
      isProtected(answer);
    }
  });

  it("503: an unusable store gives a reply in JSON", async (t) => {
    const broken = await startServer({ env: { ...PUBLIC, SFCHAT_STORE: "lmdb:/proc/no" } });
    t.after(() => broken.stop());
    const answer = await request(broken, "POST", "/api/v1/create.json");
    assert.equal(answer.status, 503);
    assert.equal(answer.json.results.code, 503);
    assert.equal(answer.headers["cache-control"], "no-store");
    isProtected(answer);
  });

  // --- docs/VERIFYING.md ---

  it("compare-site reports the pages that differ, and no others", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    t.after(() => rm(dir, { recursive: true }));
    const compare = async (list) => {
      await writeFile(`${dir}/hashes.txt`, list);
      return execute(path.join(root, "scripts/compare-site"),
        [server.url, `${dir}/hashes.txt`],
        { CURL_CA_BUNDLE: `${dir}/ca.pem` });
    };
    await writeFile(`${dir}/ca.pem`, server.ca);
    const { stdout: list } =
      await execute(path.join(root, "scripts/release-hashes"), [site], {});
    assert.deepEqual(await compare(list), { code: 0, stdout: "", stderr: "" });
    const other = list.replace(/^.{64}(?= \S+ (?:accept\/)?de\/faq\.html$)/gm, "0".repeat(64));
    assert.deepEqual(await compare(other),
      { code: 1, stdout: "differs: /faq (accept/de/faq.html)\ndiffers: /de/faq (de/faq.html)\n", stderr: "" });
  });

  // --- TLS ---

  for (const [version, works] of [
    ["TLSv1", false], ["TLSv1.1", false], ["TLSv1.2", true], ["TLSv1.3", true],
  ]) {
    it(`${version} is ${works ? "accepted" : "refused"}`, async () => {
      const connected = await new Promise((resolve) => {
        const socket = tls.connect({
          port: server.port, ca: server.ca, servername: "localhost",
          minVersion: version, maxVersion: version,
          ciphers: "DEFAULT@SECLEVEL=0",
        }, () => resolve(true));
        socket.on("error", () => resolve(false));
        socket.on("close", () => socket.destroy());
      });
      assert.equal(connected, works);
    });
  }

  it("HTTP/2 is spoken with a client that offers it first", async () => {
    const protocol = await new Promise((resolve, reject) => {
      const socket = tls.connect({
        port: server.port, ca: server.ca, servername: "localhost",
        ALPNProtocols: ["h2", "http/1.1"],
      }, () => { resolve(socket.alpnProtocol); socket.destroy(); });
      socket.on("error", reject);
    });
    assert.equal(protocol, "h2");
  });
});
