// SPDX-License-Identifier: BSD-3-Clause
// A site below a path of a host (SFCHAT_PUBLIC_URL with a path): everything is below that
// path, and nothing beside it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { meet, texts } from "../lib/chat.mjs";
import { execute, waitFor } from "../lib/children.mjs";
import { build, findPort, request, root, startServer } from "../lib/server.mjs";

const BELOW = "/sf.chat/b";
const site = path.join(build, "html");

describe("a site below a path", () => {
  let server;
  /** The same server, for targets below the path. */
  let below;
  let plain;
  let proofs;
  before(async () => {
    proofs = await mkdtemp("/dev/shm/sfchat-test-");
    await writeFile(path.join(proofs, "token"), "proof");
    const port = await findPort();
    plain = { url: `http://localhost:${port}` };
    server = await startServer({ env: {
      SFCHAT_PUBLIC_URL: `https://chat.example.org${BELOW}/`,
      SFCHAT_HTTP_PORT: String(port), SFCHAT_ACME_ROOT: proofs,
    } });
    below = { ...server, url: server.url + BELOW };
  });
  after(async () => {
    await server.stop();
    await rm(proofs, { recursive: true });
  });

  it("scripts/run names the address with the path", () =>
    assert.ok(server.log().includes(`SFChat is at https://chat.example.org${BELOW}/\n`)));

  it("every page and every file is served below the path, unchanged, and not beside it", async () => {
    const files = await readdir(site, { recursive: true });
    const pages = files.filter((name) => /^(?:\w\w\/)?[a-z]+\.html$/.test(name));
    const others = files.filter((name) => /^robots|^(?:css|js|images)\/.*-/.test(name));
    assert.ok(pages.length > 20 && others.length > 8);
    for (const h2 of [false, true]) {
      for (const name of [...pages, ...others]) {
        const target = `/${name.replace(/(?:index)?\.html$/, "")}`;
        const { status, body } = await request(below, "GET", target, { h2 });
        assert.equal(status, 200, target);
        assert.equal(body, await readFile(path.join(site, name), "utf8"), target);
        assert.equal((await request(server, "GET", target, { h2 })).status, 404, target);
      }
    }
    const icon = await request(below, "GET", "/favicon.ico");
    assert.equal(icon.headers["content-type"], "image/svg+xml");
  });

  it("every address that a page or an error page names is below the path and exists", async () => {
    for (const page of ["/", "/chat", "/faq", "/de/", "/es/chat", "/ar/privacy", "/none", "/a/b/c"]) {
      for (const language of ["en", "de"]) {
        const { body } = await request(
          below, "GET", page, { headers: { "accept-language": language } });
        const links = [...body.matchAll(/\s(?:href|src|data-unread|data-qr-url)="([^"]*)"/g)]
          .map(([, link]) => new URL(link, below.url + page));
        assert.ok(links.length > 5, page);
        for (const { pathname } of links) {
          assert.ok(pathname.startsWith(`${BELOW}/`), `${page}: ${pathname}`);
          assert.equal((await request(server, "GET", pathname)).status, 200,
            `${page}: ${pathname}`);
        }
      }
    }
  });

  it("two participants talk below the path, and the API is nowhere else", async () => {
    const [alice, bob] = await meet(below);
    await alice.send("Hi");
    assert.deepEqual(texts(await bob.poll()), ["Hi"]);
    for (const target of [
      "/api/v1/create.json", "/api/create.json", "//api/v1/create.json",
      `${BELOW}x/api/v1/create.json`, `${BELOW}${BELOW}/api/v1/create.json`,
      "/sfxchat/b/api/v1/create.json", "/x/..%2fapi/v1/create.json",
    ]) {
      assert.equal((await request(server, "POST", target)).status, 405, target);
      assert.equal((await request(server, "GET", target)).status, 404, target);
    }
    for (const [target, code] of [["health", 200], ["nothing", 404]]) {
      const { status, json } = await request(below, "GET", `/api/v1/${target}.json`);
      assert.deepEqual([status, json.results.code], [code, code]);
    }
  });

  for (const target of [
    "/", "/chat", "/sf.chat", "/sf.chat/", `${BELOW}x`, `${BELOW}x/`, `${BELOW}x/chat`,
    `${BELOW}.`, `${BELOW}%20`, "/sfxchat/b/", "//chat", `${BELOW}x//`,
    `${BELOW}/../chat`, `${BELOW}/%2e%2e/chat`, `${BELOW}/..%2f..%2fchat`, `${BELOW}%2f..%2fchat`,
    `${BELOW}${BELOW}/`, `${BELOW}/index.html`, `${BELOW}/accept/de/faq.html`,
    `${BELOW}/accept/de/faq`, `${BELOW}/../../etc/passwd`, `${BELOW}/.git/config`,
    `${BELOW}/localhost.pem`, `${BELOW}/%2e%2e/%2e%2e/localhost.pem`, `${BELOW}/-`,
    `${BELOW.toUpperCase()}/`, "/%23j=CODE.SECRET", "/j=CODE.SECRET",
    `${BELOW}x/%23j=CODE.SECRET`, `${BELOW}/.well-known/acme-challenge/token`,
  ]) {
    it(`404: ${target}`, async () => {
      for (const h2 of [false, true]) {
        const { status, headers } = await request(server, "GET", target, { h2 });
        assert.equal(status, 404);
        assert.equal(headers["content-type"], "text/html; charset=utf-8");
        assert.ok(headers["content-security-policy"]);
      }
    });
  }

  for (const [target, place, status] of [
    [BELOW, `${BELOW}/`, 308], [`${BELOW}?a=1`, `${BELOW}/?a=1`, 308],
    [`${BELOW}/%23j=CODE.SECRET`, `${BELOW}/#j=CODE.SECRET`, 302],
    [`${BELOW}//%2523j%3DCODE`, `${BELOW}/#j%3DCODE`, 302],
    [`${BELOW}/j=CODE/j=x?y=/j=z`, `${BELOW}/#j=CODE/j=x?y=/j=z`, 302],
  ]) {
    it(`${status}: ${target} leads to ${place}`, async () => {
      for (const h2 of [false, true]) {
        const { status: got, headers } = await request(server, "GET", target, { h2 });
        assert.deepEqual([got, headers.location], [status, place]);
        assert.equal(headers["cache-control"], "no-store");
        assert.ok(headers["content-security-policy"]);
      }
    });
  }

  it("HTTP leads to HTTPS with the path unchanged; proofs are at the top of the host", async () => {
    for (const target of [`${BELOW}/faq?a=1`, BELOW, "/", `${BELOW}/%23j=CODE`]) {
      const { status, headers } = await request(plain, "GET", target);
      assert.equal(status, 308);
      assert.equal(headers.location.replace("#", "%23"), `https://chat.example.org${target}`);
    }
    for (const at of [plain, server]) {
      const { status, body } = await request(at, "GET", "/.well-known/acme-challenge/token");
      assert.deepEqual([status, body], [200, "proof"]);
    }
  });

  it("405 names the methods of a page, and of the API", async () => {
    for (const [target, status, allow] of [
      ["/", 405, "GET, HEAD"], ["/de/faq", 405, "GET, HEAD"], ["/nothing", 405, "GET, HEAD"],
      ["/chat", 405, "GET, HEAD"], ["/%23j=CODE", 405, "GET, HEAD"], ["", 405, "GET, HEAD"],
      ["/api/v1/chat.json", 501, "DELETE"],
    ]) {
      const { status: got, headers } = await request(below, "PUT", target);
      assert.equal(got, status, target);
      assert.equal(headers.allow, allow, target);
    }
  });

  it("SIGHUP takes another path into use, also in the error pages", async (t) => {
    const conf = path.join(proofs, "sfchat.conf");
    const write = (name) => writeFile(conf, `SFCHAT_PUBLIC_URL=https://chat.example.org/${name}\n`);
    await write("one");
    const moved = await startServer({ env: { SFCHAT_CONF: conf } });
    t.after(() => moved.stop());
    const check = async (name, status) => {
      const answer = await request(moved, "GET", `/${name}/faq`);
      assert.equal(answer.status, status, name);
      if (status === 404) assert.match(answer.body, /href="\/two\/css\//);
    };
    await check("one", 200);
    await write("two");
    process.kill(moved.pid, "SIGHUP");
    await waitFor(() => /reloaded/.test(moved.log()), "the site is reloaded");
    await check("two", 200);
    await check("one", 404);
  });

  it("compare-site compares the same list as for a site at the top of a host", async () => {
    const list = path.join(proofs, "hashes.txt");
    const pem = path.join(proofs, "ca.pem");
    await writeFile(pem, server.ca);
    const { stdout } = await execute(path.join(root, "scripts/release-hashes"), [site], {});
    await writeFile(list, stdout);
    assert.deepEqual(await execute(path.join(root, "scripts/compare-site"),
      [`${below.url}/`, list], { CURL_CA_BUNDLE: pem }), { code: 0, stdout: "", stderr: "" });
  });
});
