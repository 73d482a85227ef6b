// SPDX-License-Identifier: BSD-3-Clause
// Where the site listens, under which address people see it, and what stands before
// it: several addresses, a proxy, no TLS, a certificate in two files, proofs for the
// authority that signs certificates.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { before, describe, it } from "node:test";

import { execute } from "../lib/children.mjs";
import { build, findPort, request, startServer } from "../lib/server.mjs";

// Only root can put a file there.
const isRoot = process.getuid() === 0;

let ca;
before(async () => { ca = await readFile(path.join(build, "localhost.pem")); });

/** Starts a site for one test. */
async function start(t, env) {
  const server = await startServer({ env });
  t.after(() => server.stop());
  return server;
}

/** Asks for a page at one address of this machine. */
const get = (url, target, options) => request({ url, ca }, "GET", target, options);

/** Creates a chat as a proxy that reports this client does; returns the status. */
const createFor = async (url, client) => (await request({ url, ca }, "POST",
  "/api/v1/create.json", { headers: { "X-Forwarded-For": client } })).status;

describe("addresses", () => {
  for (const bind of ["127.0.0.1,::1", "::1, 127.0.0.1", "::"]) {
    it(`SFCHAT_BIND=${bind} listens for IPv4 and IPv6`, async (t) => {
      const plain = await findPort();
      const { port } = await start(t, { SFCHAT_BIND: bind, SFCHAT_HTTP_PORT: String(plain) });
      for (const host of ["127.0.0.1", "[::1]"]) {
        assert.equal((await get(`https://${host}:${port}`, "/chat")).status, 200, host);
        const { status, headers } = await get(`http://${host}:${plain}`, "/chat");
        assert.deepEqual([status, headers.location], [308, `https://${host}:${port}/chat`]);
      }
    });
  }

  it("the address that people see is that of redirects, and only with it there is HSTS", async (t) => {
    const plain = await findPort();
    const env = { SFCHAT_HTTP_PORT: String(plain) };
    const local = await start(t, env);
    const { headers } = await get(local.url, "/");
    assert.equal(headers["strict-transport-security"], undefined);
    await local.stop();
    const seen = await start(t, { ...env, SFCHAT_PUBLIC_URL: "https://chat.example.org" });
    for (const target of ["/", "/faq", "/api/v1/messages.json"]) {
      const answer = await get(seen.url, target);
      assert.match(answer.headers["strict-transport-security"], /^max-age=31536000$/, target);
    }
    const moved = await get(`http://127.0.0.1:${plain}`, "/faq");
    assert.deepEqual([moved.status, moved.headers.location], [308, "https://chat.example.org/faq"]);
    assert.equal(moved.headers["strict-transport-security"], undefined);
  });

  it("without TLS the site serves plain HTTP, for a proxy that does TLS", async (t) => {
    const { port, log } = await start(t, { SFCHAT_TLS: "off", SFCHAT_BIND: "127.0.0.1,::1" });
    for (const host of ["127.0.0.1", "[::1]"]) {
      const page = await get(`http://${host}:${port}`, "/");
      assert.equal(page.status, 200);
      assert.match(page.headers["content-security-policy"], /script-src 'sha256-/);
      assert.equal(await createFor(`http://${host}:${port}`, "192.0.2.1"), 201);
    }
    assert.match(log(), new RegExp(`SFChat is at http://localhost:${port}/`));
  });

  for (const [trusted, counts] of [
    ["127.0.0.1", true], ["127.0.0.0/8, ::1", true], ["", false], ["127.0.0.2,10.0.0.0/8", false],
  ]) {
    it(`SFCHAT_TRUSTED_PROXY=${trusted}: ${counts ? "its" : "no"} X-Forwarded-For counts`, async (t) => {
      const { url } = await start(t, { SFCHAT_TRUSTED_PROXY: trusted, SFCHAT_CREATE_LIMIT: "1" });
      assert.equal(await createFor(url, "192.0.2.1"), 201);
      assert.equal(await createFor(url, "192.0.2.1"), 429);
      assert.equal(await createFor(url, "192.0.2.2"), counts ? 201 : 429);
      // The last address is the one that the proxy has seen; a client writes the others.
      assert.equal(await createFor(url, "192.0.2.3, 192.0.2.1"), 429);
      assert.equal(await createFor(url, "192.0.2.1, 2001:db8::1"), counts ? 201 : 429);
    });
  }

  it("with a Unix socket, only whoever may open it is a proxy, and only if it is trusted", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    t.after(() => rm(dir, { recursive: true }));
    const socketPath = path.join(dir, "site.sock");
    const env = { SFCHAT_TLS: "off", SFCHAT_BIND: `unix:${socketPath}`, SFCHAT_CREATE_LIMIT: "1" };
    for (const trusted of ["unix", ""]) {
      const server = await start(t, { ...env, SFCHAT_TRUSTED_PROXY: trusted });
      assert.equal((await stat(socketPath)).mode & 0o777, 0o660);
      assert.match(server.log(), new RegExp(`SFChat is at unix:${socketPath}\n`));
      const site = { url: "http://localhost", socketPath };
      const createThrough = async (client) => (await request(site, "POST",
        "/api/v1/create.json", { headers: { "X-Forwarded-For": client } })).status;
      assert.equal((await request(site, "GET", "/chat")).status, 200);
      assert.equal(await createThrough("192.0.2.1"), 201);
      assert.equal(await createThrough("192.0.2.1"), 429);
      assert.equal(await createThrough("192.0.2.2"), trusted ? 201 : 429);
      assert.equal(await createThrough("192.0.2.3, 192.0.2.1"), 429);
      await assert.rejects(start(t, { ...env }), /site\.sock is taken/);
      await server.stop();
      await assert.rejects(stat(socketPath), { code: "ENOENT" });
    }
  });

  it("a trusted IPv4 proxy is known where the site listens at ::", async (t) => {
    const { port } = await start(t, {
      SFCHAT_BIND: "::", SFCHAT_TRUSTED_PROXY: "127.0.0.1", SFCHAT_CREATE_LIMIT: "1",
    });
    for (const client of ["192.0.2.1", "192.0.2.2"]) {
      assert.equal(await createFor(`https://127.0.0.1:${port}`, client), 201);
      assert.equal(await createFor(`https://127.0.0.1:${port}`, client), 429);
    }
  });

  it("a trusted proxy says whether its client came by HTTP or HTTPS", async (t) => {
    const plain = await findPort();
    const { url } = await start(t, {
      SFCHAT_TRUSTED_PROXY: "127.0.0.1", SFCHAT_HTTP_PORT: String(plain),
      SFCHAT_PUBLIC_URL: "https://chat.example.org",
    });
    for (const site of [url, `http://127.0.0.1:${plain}`]) {
      for (const [scheme, wanted] of [["http", 308], ["https", 200]]) {
        const headers = { "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": scheme };
        const answer = await get(site, "/chat", { headers });
        assert.equal(answer.status, wanted, `${site} ${scheme}`);
        const place = wanted === 308 ? "https://chat.example.org/chat" : undefined;
        assert.equal(answer.headers.location, place);
      }
    }
  });

  it("SFCHAT_CERT and SFCHAT_KEY are a certificate and its key in two files", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    t.after(() => rm(dir, { recursive: true }));
    const [cert, key] = ["cert.pem", "key.pem"].map((name) => path.join(dir, name));
    const [openssl, pem] = ["openssl", path.join(build, "localhost.pem")];
    await execute(openssl, ["x509", "-in", pem, "-out", cert]);
    await execute(openssl, ["pkey", "-in", pem, "-out", key]);
    const { url } = await start(t, { SFCHAT_CERT: cert, SFCHAT_KEY: key });
    assert.equal((await get(url, "/")).status, 200);
  });

  it("SFCHAT_ACME_ROOT is served to the authority, over HTTP too, and nothing else in it", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    t.after(() => rm(dir, { recursive: true }));
    await writeFile(path.join(dir, "token-_1"), "token-_1.proof");
    await writeFile(path.join(dir, "key.pem"), "secret");
    await writeFile(path.join(dir, ".hidden"), "secret");
    await mkdir(path.join(dir, "folder"));
    const plain = await findPort();
    const { url } = await start(t, { SFCHAT_ACME_ROOT: dir, SFCHAT_HTTP_PORT: String(plain) });
    const place = "/.well-known/acme-challenge/";
    for (const site of [url, `http://127.0.0.1:${plain}`]) {
      const proof = await get(site, `${place}token-_1`);
      assert.deepEqual([proof.status, proof.body], [200, "token-_1.proof"]);
      assert.equal(proof.headers["content-type"], "text/plain");
      for (const name of ["", "key.pem", ".hidden", "folder", "folder/", "none", "..", "../chat"]) {
        const { status, body } = await get(site, place + name);
        assert.notEqual(status, 200, `${site}${place}${name}`);
        assert.doesNotMatch(body, /secret/);
      }
    }
  });

  it("without SFCHAT_ACME_ROOT no file of the machine is served", { skip: !isRoot }, async (t) => {
    const name = `sfchat-test-${process.pid}`;
    await writeFile(`/${name}`, "of the machine");
    t.after(() => rm(`/${name}`));
    const { url } = await start(t, {});
    assert.equal((await get(url, `/.well-known/acme-challenge/${name}`)).status, 404);
  });
});
