// SPDX-License-Identifier: BSD-3-Clause
// README, "Settings": the file of settings. scripts/run, the programs, the jobs and the
// build of the pages read it, and refuse the same lines in the same words. SIGHUP takes
// changes into use, all or none.

import assert from "node:assert/strict";
import { once } from "node:events";
import { access, chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { describe, it } from "node:test";

import { meet, texts } from "../lib/chat.mjs";
import { atEnd, execute, waitFor } from "../lib/children.mjs";
import { findProcesses, waitPolls } from "../lib/process.mjs";
import { runProgram } from "../lib/program.mjs";
import {
  api, build, findPort, root, spawnRun, startServer, storeKind,
} from "../lib/server.mjs";

/** Makes a file of settings in a folder of its own, which is removed with the test. */
async function makeFile(t, text) {
  const dir = await mkdtemp("/tmp/sfchat-test-");
  atEnd(t, () => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755);
  const file = path.join(dir, "sfchat.conf");
  await writeFile(file, text);
  return file;
}

/** Starts a site whose settings stand in a file. */
async function start(t, text, env = {}) {
  const file = await makeFile(t, text);
  const server = await startServer({ env: { SFCHAT_CONF: file, ...env } });
  atEnd(t, () => server.stop());
  return { server, file };
}

/**
 * Writes the file, sends SIGHUP and waits until scripts/run has acted on it. Returns the log
 * without the lines of the worker, which may come at any time.
 */
async function reload({ server, file }, text) {
  const before = server.log().length;
  await writeFile(file, text);
  process.kill(server.pid, "SIGHUP");
  const said = await waitFor(
    async () => /^[^]*?reloaded.*\n/.exec(server.log().slice(before))?.[0],
    "scripts/run reloads or refuses to");
  return said.replace(/^sfchat: worker .*\n/gm, "");
}

/** Returns the environment of a waiting poll of this chat. */
async function readPollEnv(server, participant) {
  const poll = participant.poll();
  const [{ env }] = await waitPolls(server, 1);
  await participant.close();
  await poll;
  return env;
}

const job = (name) => path.join(build, storeKind, "cron", name);
const lmdbOnly = storeKind === "lmdb" ? {} : { SFCHAT_STORE: process.env.SFCHAT_STORE };

// The lines of a file, and what every reader says of them; "": they are accepted.
const FORMS = [
  ["SFCHAT_POLL_SLEEP=7", ""],
  ["# SFCHAT_X=1\n\n \t# x\n \t\r\nSFCHAT_POLL_SLEEP= \t7 \r\nSFCHAT_CONTACT=a = b # c\n", ""],
  ["SFCHAT_POLL_SLEEP=\nSFCHAT_GA_ID=", ""],
  ["SFCHAT_POL_SLEEP=7", "line 1: SFCHAT_POL_SLEEP: there is no such setting"],
  ["\n\nPOLL_SLEEP=7", "line 3: POLL_SLEEP: there is no such setting"],
  ["SFCHAT_CONF=/x", "line 1: SFCHAT_CONF: there is no such setting"],
  ["SFCHAT_PORT=1\n#\nSFCHAT_PORT=secret", "line 3: SFCHAT_PORT: an earlier line sets it too"],
  ["SFCHAT_STORE='secret'", "line 1: SFCHAT_STORE: a value without quotes was expected"],
  ["SFCHAT_STORE= \"secret", "line 1: SFCHAT_STORE: a value without quotes was expected"],
  ["export SFCHAT_PORT=1", "line 1: NAME=value was expected"],
  ["SFCHAT_PORT =1", "line 1: NAME=value was expected"],
  [" SFCHAT_PORT=1", "line 1: NAME=value was expected"],
  ["SFCHAT_PORT", "line 1: NAME=value was expected"],
  ["SFCHAT-PORT=1", "line 1: NAME=value was expected"],
  ["SFCHAT_PORT=1\x1b2", "line 1: NAME=value was expected"],
  ["1=1", "line 1: NAME=value was expected"],
  ["a[$(touch /tmp/x)]=1", "line 1: NAME=value was expected"],
];

describe("a file of settings", () => {
  for (const [text, reason] of FORMS) {
    const shown = JSON.stringify(text.slice(0, 24));
    it(`${shown} is ${reason ? "refused" : "accepted"} by programs and scripts alike`, async (t) => {
      const file = await makeFile(t, text);
      const env = { SFCHAT_CONF: file };
      const said = reason && `${file}: ${reason}`;
      const shell = await execute(path.join(root, "scripts/settings-file"), [], env);
      assert.equal(shell.stderr, reason && `scripts/settings-file: ${said}\n`);
      assert.equal(shell.code, reason ? 1 : 0);
      const { status, json, stderr } = await runProgram("create",
        { env: { ...env, ...lmdbOnly, REQUEST_METHOD: "PUT", PATH_INFO: "/v1" } });
      assert.equal(status, reason ? 500 : 501);
      assert.equal(json.results.detail, undefined);
      assert.equal(stderr, reason && `sfchat: ${said}\n`);
    });
  }

  it("the jobs, the status and the pages refuse a misspelt name", async (t) => {
    const SFCHAT_CONF = await makeFile(t, "SFCHAT_STOER=secret\n");
    const line = `${SFCHAT_CONF}: line 1: SFCHAT_STOER: there is no such setting`;
    for (const name of ["terminate", "worker", "jobs", "prepare", "sfchat-status"]) {
      const { code, stdout, stderr } = await execute(job(name), [], { SFCHAT_CONF });
      assert.deepEqual([code, stdout], [2, ""], name);
      assert.ok(stderr.includes(line) && !stderr.includes("secret"), stderr);
    }
    const out = path.join(path.dirname(SFCHAT_CONF), "html");
    const { code, stderr } =
      await execute(path.join(root, "scripts/build-html"), [out], { SFCHAT_CONF });
    assert.deepEqual([code, stderr], [1, `scripts/settings-file: ${line}\n`]);
    await assert.rejects(access(out));
  });

  it("scripts/run refuses a misspelt name and a file that it cannot read", async (t) => {
    for (const [file, line] of [
      [await makeFile(t, "SFCHAT_BINDS=::1\n"), /: line 1: SFCHAT_BINDS: there is no such setting\n$/],
      ["/nowhere/sfchat.conf", /^scripts\/run: SFCHAT_CONF: cannot read \/nowhere\/sfchat.conf\n$/],
      ["/tmp", /^scripts\/run: SFCHAT_CONF: cannot read \/tmp\n$/],
    ]) {
      const { child, ready, output } = await spawnRun({ SFCHAT_CONF: file });
      assert.equal(ready, false, output());
      assert.equal(child.exitCode, 1);
      assert.match(output(), line);
    }
  });

  it("sets what the environment does not have", async (t) => {
    const { server } = await start(t,
      "SFCHAT_POLL_SLEEP=7\nSFCHAT_POLL_ITERATION=70\nSFCHAT_USER_TOKEN_HEADER=X-Who\n",
      { SFCHAT_POLL_ITERATION: "80", SFCHAT_CHAT_LIFETIME: "" });
    const [alice] = await meet(server, { user: "X-Who", chat: "X-SFC-chatToken" });
    const env = await readPollEnv(server, alice);
    for (const line of ["SFCHAT_POLL_SLEEP=7", "SFCHAT_POLL_ITERATION=80", "SFCHAT_CONF="])
      assert.ok(env.includes(line), line);
  });

  it("the example is accepted as it is, and with every setting in it", async (t) => {
    const example = await readFile(path.join(root, "docs/sfchat.conf.example"), "utf8");
    assert.deepEqual(example.match(/^[^#\n].*/gm), ["SFCHAT_RUNTIME_DIR=/run/sfchat"]);
    for (const text of [example, example.replace(/^#(SFCHAT_\w+=)/gm, "$1")]) {
      const { server } = await start(t, text);
      const [alice] = await meet(server);
      await alice.close();
    }
  });

  it("the pages have its settings, and make builds them again if it changes", async (t) => {
    const file = await makeFile(t, "SFCHAT_CONTACT=mailto:a@example.org\nSFCHAT_PORT=1\n");
    const dir = path.dirname(file);
    const make = async () => {
      const { code, stderr } = await execute("make", ["-s", "-C", root, "site",
        `BUILD=${dir}/build`], { SFCHAT_CONF: file, SFCHAT_SOURCE_URL: "/source" });
      assert.equal(code, 0, stderr);
      return readFile(path.join(dir, "build/html/faq.html"), "utf8");
    };
    assert.match(await make(), /href="mailto:a@example.org"/);
    await writeFile(file, "SFCHAT_CONTACT=/about\nSFCHAT_SOURCE_URL=/other\n");
    const page = await make();
    assert.match(page, /href="\/about"/);
    assert.match(page, /href="\/source"/);
    assert.doesNotMatch(page, /href="\/other"/);
  });
});

describe("SIGHUP to scripts/run", () => {
  it("takes changed settings into use and loses no chat", async (t) => {
    const site = await start(t, "SFCHAT_POLL_SLEEP=7\nSFCHAT_USER_TOKEN_HEADER=X-Who\n");
    const { server } = site;
    const [alice, bob] = await meet(server, { user: "X-Who", chat: "X-SFC-chatToken" });
    await alice.send("still here");
    const port = await findPort();
    assert.match(await reload(site, `SFCHAT_POLL_SLEEP=8\nSFCHAT_HTTP_PORT=${port}\n`),
      /scripts\/run: reloaded\n$/);
    alice.names = bob.names = {};
    assert.deepEqual(texts(await bob.look()), ["still here"]);
    assert.ok((await readPollEnv(server, alice)).includes("SFCHAT_POLL_SLEEP=8"));
    const { status } = await fetch(`http://localhost:${port}/`, { redirect: "manual" });
    assert.equal(status, 308);
  });

  it("changes nothing if the file or a value is wrong", async (t) => {
    const site = await start(t, "SFCHAT_POLL_SLEEP=7\n");
    const { server, file } = site;
    const [alice] = await meet(server);
    const began = (await findProcesses(server)).find(({ name }) => name.startsWith("lighttpd"));
    for (const [text, reason] of [
      ["SFCHAT_POLL_SLEEP=8\nSFCHAT_POL_SLEEP=8\n", `${file}: line 2: SFCHAT_POL_SLEEP: .*`],
      ["SFCHAT_POLL_SLEEP=8s\n", "SFCHAT_POLL_SLEEP: .* expected"],
      ["SFCHAT_POLL_SLEEP=8\nSFCHAT_TRUSTED_PROXY=300.0.0.0/99\n", "[^]*lighttpd refuses .*"],
    ]) {
      assert.match(await reload(site, text),
        new RegExp(`(^|\n)scripts/run: ${reason}\nscripts/run: nothing was reloaded\n$`));
    }
    const now = (await findProcesses(server)).find(({ name }) => name.startsWith("lighttpd"));
    assert.equal(now.pid, began.pid);
    assert.doesNotMatch(
      await readFile(path.join(server.dir, "listen.conf"), "utf8"), /300\.0/);
    assert.ok((await readPollEnv(server, alice)).includes("SFCHAT_POLL_SLEEP=7"));
  });

  it("goes back to the old settings if lighttpd cannot listen with the new ones", async (t) => {
    const site = await start(t, "SFCHAT_POLL_SLEEP=7\n");
    const [alice] = await meet(site.server);
    const other = net.createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    atEnd(t, () => other.close());
    const { port } = /** @type {net.AddressInfo} */ (other.address());
    assert.match(await reload(site, `SFCHAT_POLL_SLEEP=8\nSFCHAT_HTTP_PORT=${port}\n`),
      new RegExp(`127\\.0\\.0\\.1:${port} is taken\n[^]*nothing was reloaded\n$`));
    assert.ok((await readPollEnv(site.server, alice)).includes("SFCHAT_POLL_SLEEP=7"));
  });

  it("names the settings that need a new start, and keeps them", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    atEnd(t, () => rm(dir, { recursive: true }));
    const file = await makeFile(t, `SFCHAT_RUNTIME_DIR=${dir}/\nSFCHAT_SCHEDULE_SECONDS=9\n`);
    const { child, ready, output } = await spawnRun(
      { SFCHAT_CONF: file, SFCHAT_PORT: String(await findPort()) });
    atEnd(t, async () => {
      child.kill();
      await once(child, "close");
    });
    assert.equal(ready, true, output());
    const site = { server: { pid: child.pid, log: output }, file };
    const said = await reload(site, `SFCHAT_RUNTIME_DIR=${dir}/no\nSFCHAT_SCHEDULE_SECONDS=8\n`);
    assert.deepEqual(said.match(/scripts\/run: .*/g), [
      "scripts/run: SFCHAT_RUNTIME_DIR: a change takes effect at the next start",
      "scripts/run: reloaded",
    ]);
    await assert.rejects(access(path.join(dir, "no")));
    assert.ok((await findProcesses({ dir })).some(
      ({ env }) => env.includes("SFCHAT_SCHEDULE_SECONDS=8")));
  });

  it("stops and starts the private Redis as SFCHAT_REDIS asks", async (t) => {
    const site = await start(t, "");
    const { server } = site;
    const socket = path.join(server.dir, "redis.sock");
    const answers = async () => (await api(server, "GET", "health.json")).status;
    assert.equal(await answers(), 200);
    assert.match(await reload(site, "SFCHAT_REDIS=unix:/nowhere\n"), /scripts\/run: reloaded\n$/);
    await waitFor(async () => await answers() === 503, "the Redis that is set is asked");
    await assert.rejects(access(socket));
    assert.match(await reload(site, ""), /scripts\/run: reloaded\n$/);
    await waitFor(async () => await answers() === 200, "the private Redis is asked");
    await access(socket);
  });
});
