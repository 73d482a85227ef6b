// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "Configuration": each variable has its effect. scripts/run and every
// program refuse an unusable value and name the variable.

import assert from "node:assert/strict";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { create, meet, texts } from "../lib/chat.mjs";
import { waitPolls } from "../lib/process.mjs";
import { runProgram } from "../lib/program.mjs";
import {
  api, build, findPort, request, serve, spawnRun, startServer, storeKind,
} from "../lib/server.mjs";

// The variables that lighttpd sets for a request: those of RFC 3875, 4.1, and a
// few that only lighttpd has.
const META = [
  "CONTENT_LENGTH", "DOCUMENT_ROOT", "GATEWAY_INTERFACE", "PATH_INFO",
  "PATH_TRANSLATED", "QUERY_STRING", "SCRIPT_FILENAME", "SCRIPT_NAME",
  "SFCHAT_REMOTE_IS_PEER",
];

/** Starts a server, which is stopped when the test ends. */
async function start(t, env) {
  const server = await startServer({ env });
  t.after(() => server.stop());
  return server;
}

describe("settings", () => {
  it("SFCHAT_STORE: a durable store outlives the server", async (t) => {
    const dir = await mkdtemp("/tmp/sfchat-store-");
    t.after(() => rm(dir, { recursive: true }));
    const env = { SFCHAT_STORE: `lmdb:${dir}/store` };
    const first = await startServer({ env });
    const [alice, bob] = await meet(first);
    await alice.send("still here");
    await first.stop();
    assert.deepEqual(await readdir(dir), ["store"]);
    const second = await start(t, env);
    bob.server = second;
    assert.deepEqual(texts(await bob.look()), ["still here"]);
  });

  it("SFCHAT_RUNTIME_DIR: holds the default store", async (t) => {
    const server = await start(t, {});
    await create(server);
    await access(path.join(server.dir, "store"));
  });

  it("SFCHAT_WAKE: local is accepted", async (t) => {
    const server = await start(t, { SFCHAT_WAKE: "local" });
    await create(server);
  });

  it("SFCHAT_…_TOKEN_HEADER rename the token headers", async (t) => {
    const server = await start(t, {
      SFCHAT_USER_TOKEN_HEADER: "X-Who", SFCHAT_CHAT_TOKEN_HEADER: "X-Where",
    });
    const [alice, bob] = await meet(server, { user: "X-Who", chat: "X-Where" });
    assert.equal((await alice.send("Hi")).status, 202);
    assert.deepEqual(texts(await bob.look()), ["Hi"]);
    bob.names = {};
    assert.equal((await bob.look()).status, 401);
  });

  it("SFCHAT_CREATE_LIMIT: one more create is refused with 429", async (t) => {
    const server = await start(t, { SFCHAT_CREATE_LIMIT: "3" });
    const answers = [];
    for (let i = 0; i < 5; i++) {
      answers.push(await api(server, "POST", "create.json"));
    }
    assert.deepEqual(
      answers.map(({ status }) => status), [201, 201, 201, 429, 429]);
    assert.equal(answers[3].json.results.msg, "Too Many Requests");
    assert.match(answers[3].headers["retry-after"], /^[1-9]\d*$/);
  });

  it("the programs get the variables that they read, and no others", async (t) => {
    const server = await start(t, { SFCHAT_POLL_SLEEP: "7", SECRET: "x" });
    const [alice] = await meet(server);
    const poll = alice.poll();
    const [{ env }] = await waitPolls(server, 1);
    assert.ok(env.includes("SFCHAT_POLL_SLEEP=7"));
    const names = env.map((line) => line.split("=")[0]).filter(
      (name) => !/^(HTTP|REQUEST|SERVER|REMOTE|SSL|REDIRECT)_|^HTTPS$/.test(name));
    assert.deepEqual(names.sort(), [...(serve === "cgi" ? META : ["GLIBC_TUNABLES"]),
      "JOURNAL_STREAM",
      "SFCHAT_CHAT_LIFETIME", "SFCHAT_CHAT_TOKEN_HEADER", "SFCHAT_CONF",
      "SFCHAT_CREATE_LIMIT",
      "SFCHAT_POLL_ITERATION", "SFCHAT_POLL_SLEEP", "SFCHAT_REDIS",
      "SFCHAT_REDIS_CA",
      "SFCHAT_RUNTIME_DIR", "SFCHAT_STORE", "SFCHAT_USER_TOKEN_HEADER",
      "SFCHAT_WAKE",
    ].sort());
    await alice.close();
    await poll;
  });
});

const BAD = {
  SFCHAT_STORE: ["mongodb://127.0.0.1/x", "mysql://x", "lmdb:", "lmdb:relative",
    `lmdb:/${"x".repeat(600)}`],
  SFCHAT_REDIS: ["redis", "unix:/x?db=2", "redis://u:p@h/0?x"],
  SFCHAT_REDIS_CA: ["/nowhere/ca.pem", "ca.pem"],
  SFCHAT_WAKE: ["remote", "LOCAL"],
  SFCHAT_RUNTIME_DIR: ["relative", `/${"x".repeat(600)}`],
  SFCHAT_POLL_SLEEP: ["0", "-1", "x", "3s", "1.5", " 3", "+3", "3601", "1e3",
    "99999999999999999999"],
  SFCHAT_POLL_ITERATION: ["0", "-1", "x", "100001"],
  SFCHAT_CHAT_LIFETIME: ["0", "-1", "x", "99999999999"],
  SFCHAT_CREATE_LIMIT: ["-1", "x", "9999999"],
  SFCHAT_USER_TOKEN_HEADER: ["a b", "a:b", "é", "x".repeat(100), "X-SFC-chatToken"],
  SFCHAT_CHAT_TOKEN_HEADER: ["a b", "a\nb", "X_Y"],
};

describe("settings that cannot be used", () => {
  for (const [name, values] of Object.entries(BAD)) {
    for (const value of values) {
      const shown = JSON.stringify(value.slice(0, 24));
      it(`every program refuses ${name}=${shown}`, async () => {
        for (const program of ["create", "join", "messages", "chat", "health"]) {
          const { status, json, stderr } = await runProgram(program, {
            env: { REQUEST_METHOD: "POST", PATH_INFO: "/v1", [name]: value },
          });
          assert.equal(status, 500);
          assert.deepEqual(json.results,
            { code: 500, msg: "Internal Server Error" });
          assert.match(stderr, new RegExp(`${name}: .* expected`));
        }
      });
    }
    it(`scripts/run refuses an unusable ${name}`, async () => {
      await isRefused({ [name]: values[0] }, new RegExp(`${name}: .* expected`));
    });
  }
});

/** Checks that scripts/run prints one line and ends with these settings. */
async function isRefused(env, line) {
  const dir = await mkdtemp("/dev/shm/sfchat-test-");
  const { child, ready, output } = await spawnRun({
    SFCHAT_RUNTIME_DIR: dir, SFCHAT_PORT: String(await findPort()), ...env,
  });
  if (ready) {
    child.kill();
    await once(child, "close");
  }
  await rm(dir, { recursive: true });
  assert.equal(ready, false);
  assert.equal(child.exitCode, 1);
  assert.match(output(), /^scripts\/run: .*\n$/);
  assert.match(output(), line);
}

describe("settings of the server alone", () => {
  for (const [name, value] of [
    ["SFCHAT_PORT", "0"], ["SFCHAT_PORT", "65536"], ["SFCHAT_PORT", "http"],
    ["SFCHAT_HTTP_PORT", "-1"], ["SFCHAT_BIND", "localhost"], ["SFCHAT_BIND", ","],
    ["SFCHAT_BIND", "127.0.0.1,*"], ["SFCHAT_TLS", "no"],
    ["SFCHAT_PUBLIC_URL", "http://example.org"], ["SFCHAT_PUBLIC_URL", "https://a.b/\" x"],
    ["SFCHAT_PUBLIC_URL", "https://a.b/x//y"], ["SFCHAT_PUBLIC_URL", "https://a.b/x/.."],
    ["SFCHAT_PUBLIC_URL", "https://a.b/x?y"], ["SFCHAT_PUBLIC_URL", "https://a.b//x"], ["SFCHAT_PUBLIC_URL", "https://a.b/-"],
    ["SFCHAT_BIND", "unix:/etc/passwd"],
    ["SFCHAT_BIND", "unix:site.sock"], ["SFCHAT_BIND", "unix:/nowhere/site.sock"],
    ["SFCHAT_BIND", "unix:/dev/shm/sfchat-no.sock"], ["SFCHAT_TRUSTED_PROXY", "unix"],
    ["SFCHAT_TRUSTED_PROXY", "proxy"], ["SFCHAT_TRUSTED_PROXY", "10.0.0.1\" => \"trust"],
    ["SFCHAT_ACME_ROOT", "/nowhere"], ["SFCHAT_ACME_ROOT", "/bin/sh"], ["SFCHAT_ACME_ROOT", "."],
    ["SFCHAT_SCHEDULE_SECONDS", "0"], ["SFCHAT_SCHEDULE_SECONDS", "1h"],
    ["SFCHAT_SCHEDULE_SECONDS", "1801"], ["SFCHAT_SCHEDULE_SECONDS", "7200"],
    ["SFCHAT_RUNTIME_DIR", `/tmp/${"x".repeat(90)}`],
    ["SFCHAT_CERT", import.meta.filename ?? new URL(import.meta.url).pathname],
  ]) {
    it(`scripts/run refuses ${name}=${value.slice(-20)}`, () =>
      isRefused({ [name]: value }, new RegExp(`${name}: .* expected`)));
  }

  it("scripts/run refuses one port for HTTP and for HTTPS", async () => {
    const port = String(await findPort());
    await isRefused(
      { SFCHAT_PORT: port, SFCHAT_HTTP_PORT: port }, /SFCHAT_HTTP_PORT: .* expected/);
  });

  it("scripts/run refuses plain HTTP on an address that others can reach", async () => {
    for (const bind of ["0.0.0.0", "::", "127.0.0.1,192.0.2.1"]) {
      await isRefused({ SFCHAT_TLS: "off", SFCHAT_BIND: bind }, /SFCHAT_BIND must be a loopback/);
    }
  });

  it("scripts/run names a setting that does not exist", async (t) => {
    const server = await startServer({ env: { SFCHAT_BINDS: "x", SFCHAT_GA_ID: "G-1" } });
    t.after(() => server.stop());
    const warnings = server.log().match(/.*no such setting.*/g);
    assert.deepEqual(warnings, ["scripts/run: SFCHAT_BINDS: there is no such setting"]);
  });

  it("scripts/run refuses a SFCHAT_CERT that does not exist", () =>
    isRefused({ SFCHAT_CERT: "/nowhere.pem" }, /SFCHAT_CERT: cannot read/));

  it("scripts/run refuses a SFCHAT_BUILD without programs", () =>
    isRefused({ SFCHAT_BUILD: "/nowhere" }, /SFCHAT_BUILD: .*run make/));

  it("scripts/run takes the programs for the store that SFCHAT_STORE names", () =>
    isRefused({
      SFCHAT_BUILD: "/nowhere", SFCHAT_STORE_KIND: "", SFCHAT_STORE: "mongodb://127.0.0.1/x",
    }, /no \/nowhere\/mongodb\/cgi-bin\/create: run make/));

  it("scripts/run refuses a SFCHAT_BUILD that lacks one program", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    t.after(() => rm(dir, { recursive: true }));
    await mkdir(`${dir}/${storeKind}/cgi-bin`, { recursive: true });
    for (const name of ["create", "join", "chat", "health"]) {
      await symlink(path.join(build, storeKind, "cgi-bin", name),
        path.join(dir, storeKind, "cgi-bin", name));
    }
    await isRefused({ SFCHAT_BUILD: dir }, /SFCHAT_BUILD: no .*messages: run make/);
  });

  it("scripts/run refuses a SFCHAT_ACCESS_LOG that it cannot write", () =>
    isRefused({ SFCHAT_ACCESS_LOG: "/nowhere/log" }, /SFCHAT_ACCESS_LOG: cannot/));

  it("scripts/run refuses a SFCHAT_RUNTIME_DIR that is a link", async () => {
    for (const link of ["/proc/self/cwd", "/proc/self/cwd/", "/proc/self/cwd//"]) {
      await isRefused({ SFCHAT_RUNTIME_DIR: link }, /SFCHAT_RUNTIME_DIR: .* is not ours/);
    }
  });

  describe("SFCHAT_HTTP_PORT", () => {
    let server;
    let plain;
    before(async () => {
      const port = await findPort();
      server = await startServer({ env: { SFCHAT_HTTP_PORT: String(port) } });
      plain = `http://localhost:${port}`;
    });
    after(() => server.stop());

    for (const target of ["/", "/chat?x=1", "/api/v1/messages.json?a=b", "/no"]) {
      it(`${target} is redirected to HTTPS`, async () => {
        const answer = await fetch(plain + target, { redirect: "manual" });
        assert.equal(answer.status, 308);
        assert.equal(answer.headers.get("location"), server.url + target);
        assert.equal(await answer.text(), "");
      });
    }

    it("the API is redirected, not served", async () => {
      const answer = await fetch(`${plain}/api/v1/create.json`,
        { method: "POST", redirect: "manual" });
      assert.equal(answer.status, 308);
    });

    it("the pages are served at the other port", async () => {
      assert.equal((await request(server, "GET", "/")).status, 200);
    });
  });
});
