// SPDX-License-Identifier: BSD-3-Clause
// No log holds a token, a message or an address, whatever goes wrong.

import assert from "node:assert/strict";
import {
  chmod, mkdtemp, readFile, readdir, readlink, rm,
} from "node:fs/promises";
import http from "node:http";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";

import { askToJoin, create, join, makeToken } from "../lib/chat.mjs";
import { atEnd, waitFor } from "../lib/children.mjs";
import { findProcesses } from "../lib/process.mjs";
import { findPort, request, startServer } from "../lib/server.mjs";

const SECRET = "what-was-said-in-confidence";

describe("logs", () => {
  let dir;
  let server;
  let access;
  let secrets;

  before(async () => {
    dir = await mkdtemp("/dev/shm/sfchat-test-");
    const port = await findPort();
    server = await startServer({ env: {
      SFCHAT_ACCESS_LOG: `${dir}/access.log`, SFCHAT_HTTP_PORT: String(port),
    } });
    secrets = [SECRET, "127.0.0.1", "::1"];
    await tellSecrets();
    await makeErrors(port);
    await server.stop();
    access = await readFile(`${dir}/access.log`, "utf8");
  });
  after(() => rm(dir, { recursive: true }));

  /** Sends requests with secrets in every place, well-formed and not. */
  async function tellSecrets() {
    const alice = await create(server);
    const bob = await join(server, alice.chat);
    secrets.push(alice.chat, alice.user, bob.user, makeToken());
    await alice.send(SECRET);
    await alice.send({ msg: `${SECRET}\u0001` });
    await alice.send({ msg: SECRET, _id: "x" });
    await alice.ask("POST", "messages.json", {
      body: `{"data":${SECRET}`, headers: { "content-type": "application/json" },
    });
    await alice.ask("GET", `messages.json?longPolling=${SECRET}`);
    await bob.drain();
    const [query, stranger] = [`?code=${alice.chat}&${SECRET}`, secrets.at(-1)];
    for (const target of [
      `/${query}`, `/chat${query}`, `/no${query}`, `/api/v1/no.json${query}`,
      `/api/v1/${alice.chat}`, `/api/${alice.user}/chat.json${query}`,
      `/api/v1/chat.json/${alice.user}`, `/${alice.user}/..%2f${query}`,
      // Invitation links, as some programs write them.
      ...["%23j=", "/%2523j%3D", "j=", "chat%23j=", "js/", "no/%23j="].map(
        (mark) => `/${mark}${alice.chat}.${SECRET}`),
    ]) {
      await request(server, "GET", target, { headers: alice.headers() });
    }
    await askToJoin(server, stranger);
    await askToJoin(server, alice.chat);
    await alice.close();
    await bob.send(SECRET);
  }

  /**
   * Makes lighttpd log errors: plain HTTP at the TLS port, an old TLS, a client
   * that refuses the certificate, malformed HTTP.
   */
  async function makeErrors(port) {
    await new Promise((resolve) => {
      http.get({ port: server.port, path: `/${secrets.at(-1)}` })
        .on("error", resolve);
    });
    for (const options of [
      { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "ALL@SECLEVEL=0" },
      { ca: [] },
    ]) {
      await new Promise((resolve) => {
        tls.connect({ port: server.port, ...options }).on("close", resolve)
          .on("error", () => {});
      });
    }
    for (const text of [
      `${SECRET}\r\n\r\n`, `GET / HTTP/1.1\r\nX Y: ${SECRET}\r\n\r\n`,
      `GET /?${secrets.at(-1)} HTTP/1.1\r\nX: ${"x".repeat(9000)}\r\n\r\n`,
    ]) {
      await new Promise((resolve) => {
        const socket = tls.connect({ port: server.port, ca: server.ca,
          servername: "localhost" }, () => socket.write(text));
        socket.on("data", () => {}).on("close", resolve);
      });
    }
    for (const target of [`?${SECRET}`, `%23j=${secrets.at(-1)}.${SECRET}`]) {
      await fetch(`http://127.0.0.1:${port}/${target}`, { redirect: "manual" });
    }
  }

  it("the requests and the errors were logged", () => {
    assert.match(access, /POST .* 202/);
    assert.match(access, /GET .* 404/);
    assert.match(server.log(), /SSL: .*unsupported protocol/);
  });

  it("no process logs a token, a message or an address", () => {
    for (const secret of secrets) {
      assert.ok(!server.log().includes(secret), server.log());
    }
  });

  it("the access log holds no token, message or address", () => {
    for (const secret of secrets) assert.ok(!access.includes(secret), access);
  });

  it("the access log holds no query string", () => {
    assert.doesNotMatch(access, /\?/);
  });
});

describe("the access log", () => {
  it("is not written unless SFCHAT_ACCESS_LOG is set", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const { pid } = (await findProcesses(server)).find(
      ({ name }) => name.startsWith("lighttpd\0"));
    const open = await Promise.all((await readdir(`/proc/${pid}/fd`)).map(
      (fd) => readlink(`/proc/${pid}/fd/${fd}`)));
    // The pipe is standard error.
    assert.deepEqual(open.filter((name) => name.startsWith("/") &&
      !["/dev/null", `${server.dir}/log.fifo (deleted)`].includes(name)), []);
  });
});

describe("the levels of log lines", () => {
  /**
   * Starts a server with a JOURNAL_STREAM, makes a program log an error, and
   * returns the lines of the programs once there is one of an error.
   */
  async function readLines(t, stream) {
    const server = await startServer({ before: [
      "bash", "-c", `export JOURNAL_STREAM=${stream}; exec "$@"`, "bash",
    ] });
    atEnd(t, server.stop);
    await create(server);
    await chmod(`${server.dir}/store`, 0o755);
    await request(server, "POST", "/api/v1/create.json");
    await waitFor(async () => /mode 0700/.test(server.log()) &&
      /worker .*: started/.test(server.log()), "the error is logged");
    return server.log().split("\n").filter((line) => /sfchat: /.test(line));
  }

  it("each line to the journal has one", async (t) => {
    const lines = await readLines(t, "$(stat -Lc %d:%i /dev/fd/2)");
    for (const line of lines) {
      assert.match(line, /mode 0700/.test(line) ? /^<3>sfchat: / : /^<[3-6]>sfchat: /);
    }
    assert.ok(lines.some((line) => /^<6>sfchat: worker .*: started$/.test(line)));
  });

  it("no line to another place has one", async (t) => {
    for (const line of await readLines(t, "1:2")) assert.match(line, /^sfchat: /);
  });
});
