// SPDX-License-Identifier: BSD-3-Clause
// The program `health` without a server: what it says of a store that works,
// and of stores that do not.

import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

import {
  locateProgram, parseHead, runProgram, startProgram,
} from "../lib/program.mjs";

/** The words that make a command run with the rights of a file's owner only. */
const UNPRIVILEGED = process.getuid?.() === 0
  ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];

describe("health without a server", () => {
  /** @type {string} */
  let dir;
  /** @type {string} */
  let store;
  beforeEach(async () => {
    dir = await mkdtemp("/dev/shm/sfchat-test-");
    store = path.join(dir, "store");
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const ask = (method = "GET", env = {}) => runProgram("health", { env: {
    PATH_INFO: "/v1", REQUEST_METHOD: method, SFCHAT_RUNTIME_DIR: dir,
    SFCHAT_STORE: `lmdb:${store}`, ...env,
  } });

  /** Checks that the answer is 503, and that only the log names the store. */
  const isUnhealthy = ({ status, headers, json, stderr }, reason) => {
    assert.equal(status, 503);
    assert.deepEqual(json, { results: { code: 503, msg: "Service Unavailable" } });
    assert.match(headers["retry-after"], /^\d+$/);
    assert.match(stderr, reason);
  };

  it("a store that works is healthy", async () => {
    const { status, json, stderr } = await ask();
    assert.equal(status, 200);
    assert.deepEqual(json, { results: { code: 200, msg: "Ok" } });
    assert.equal(stderr, "");
  });

  it("each check writes to the store, and adds nothing to it", async () => {
    await ask();
    const first = await readFile(path.join(store, "data.mdb"));
    for (let i = 0; i < 5; i++) {
      await rm(path.join(dir, "tally"));
      assert.equal((await ask()).status, 200);
    }
    const last = await readFile(path.join(store, "data.mdb"));
    assert.notDeepEqual(last, first);
    assert.ok(last.length <= first.length + 4 * 4096, `${last.length} bytes`);
  });

  it("HEAD gets the head of GET", async () => {
    const replies = [await ask("GET"), await ask("HEAD")];
    assert.deepEqual(replies[1].headers, replies[0].headers);
    assert.equal(replies[1].body, "");
  });

  it("a folder that cannot be written is unhealthy", async () => {
    await ask();
    await rm(path.join(dir, "tally"));
    await chmod(path.join(store, "data.mdb"), 0o400);
    const [file, ...words] = [...UNPRIVILEGED, locateProgram("health")];
    const child = startProgram(file, words, { env: {
      PATH: process.env.PATH, PATH_INFO: "/v1", REQUEST_METHOD: "GET",
      SFCHAT_RUNTIME_DIR: dir, SFCHAT_STORE: `lmdb:${store}`,
    }, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text) => { stdout += text; });
    child.stderr.on("data", (text) => { stderr += text; });
    await once(child, "close");
    const { body, ...reply } = parseHead(stdout);
    isUnhealthy({ ...reply, json: JSON.parse(body), stderr }, /store: Permission denied/);
  });

  it("a store that is damaged is unhealthy", async () => {
    await mkdir(store, 0o700);
    await writeFile(path.join(store, "data.mdb"), "x".repeat(8192));
    isUnhealthy(await ask(), /store: MDB_INVALID/);
  });

  it("a folder that others may use is unhealthy", async () => {
    await mkdir(store, 0o755);
    isUnhealthy(await ask(), /must be a folder of mode 0700/);
  });

  it("a Redis that does not answer is unhealthy", async () => {
    isUnhealthy(await ask("GET", { SFCHAT_REDIS: `unix:${dir}/none` }),
      /Redis cannot be used/);
  });
});
