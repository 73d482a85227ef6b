// SPDX-License-Identifier: BSD-3-Clause
//
// A store and a Redis that are known by names: what the log says when a name or its
// server is wrong, with no secret in the text. nodes.test.mjs has a site for which
// all is right.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { execute } from "../lib/children.mjs";
import { build, storeKind } from "../lib/server.mjs";
import { canHaveHosts, makeHost, startNames, startStore } from "./hosts.mjs";

const canRun = canHaveHosts();
if (!canRun && process.env.CI) {
  throw new Error("network namespaces are needed: root, and iproute2");
}
const skip = canRun ? false
  : "SKIPPED: no network namespaces here (root and iproute2 are needed)";

const SECRET = "s3cret";

describe("names that lead nowhere", { skip }, () => {
  const undo = [];
  const context = { after: (step) => undo.unshift(step) };
  let host;
  let names;
  let port;

  before(async () => {
    host = makeHost(context, 9);
    port = await startStore(context, [host]);
    names = await startNames(context, host, port);
  });

  after(async () => {
    for (const step of undo) await step();
  });

  /** Runs a program of cron/ on the host; checks its status and what it logs. */
  async function runs(program, settings, status, line) {
    const { code, stderr } = await execute("ip", ["netns", "exec", host.name,
      path.join(build, storeKind, "cron", program)], {
      SFCHAT_CONF: "", SFCHAT_STORE: "mongodb://127.0.0.1/sfchat",
      SFCHAT_RUNTIME_DIR: "/dev/shm/sfchat-test-names", ...settings,
    });
    assert.match(stderr, line);
    assert.equal(code, status, stderr);
    assert.doesNotMatch(stderr, /s3cret|keeper|sfchat\.test|example/);
  }
  const store = (name, status, line) => runs("prepare", {
    SFCHAT_STORE: `mongodb+srv://${name}/sfchat?tls=false`,
  }, status, line);
  const redis = (rest, line) => runs("terminate", {
    SFCHAT_REDIS: `redis://keeper:${SECRET}@${rest}`,
  }, 3, line);

  it("a store is found by its SRV record", async () => {
    await store("store.sfchat.test", 0, /^$/);
  });

  it("the log says that the store's name does not exist", async () => {
    await store("none.sfchat.test", 3, /^sfchat: store: the host name was not found \(/);
    await runs("prepare", { SFCHAT_STORE: `mongodb://none.sfchat.test:${port}/x` }, 3,
      /^sfchat: store: the host name was not found \(/);
  });

  it("the log says that an SRV record leads to another domain", async () => {
    await store("strange.sfchat.test", 3,
      /^sfchat: store: the SRV record names a host of another domain \(/);
  });

  it("the log says that nothing listens at the store's port", async () => {
    await store("shut.sfchat.test", 3,
      /^sfchat: store: the server refuses the connection \(/);
  });

  it("the log says that the store refuses the password", async () => {
    await store(`keeper:${SECRET}@store.sfchat.test`, 3,
      /^sfchat: store: the server refuses the credentials \(/);
  });

  it("the log says that the name of Redis does not exist", async () => {
    await redis("none.sfchat.test", /: its host name was not found\n$/);
  });

  it("the log says that nothing listens at the port of Redis", async () => {
    await redis("redis.sfchat.test:1", /: it cannot be reached: Connection refused\n$/);
  });

  it("a name server that is silent ends the lookup of both", async () => {
    names.kill("SIGSTOP");
    await store("store.sfchat.test", 3, /^sfchat: store: no name server answers \(/);
    await redis("redis.sfchat.test", /: its host name cannot be looked up in time\n$/);
    names.kill("SIGCONT");
    await store("store.sfchat.test", 0, /^$/);
  });
});
