// SPDX-License-Identifier: BSD-3-Clause
// Whatever is killed while people talk: what was accepted arrives, once and in
// order, and all goes on without anybody's help.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { describe, it } from "node:test";

import { meet, texts } from "../lib/chat.mjs";
import { atEnd, waitFor } from "../lib/children.mjs";
import { startTalk } from "../lib/load.mjs";
import { killPrograms } from "../lib/process.mjs";
import { startServer } from "../lib/server.mjs";
import { startRedis } from "../lib/stores.mjs";

const KILLS = 40;

/** @param {import("node:test").TestContext} t */
async function start(t, env = {}) {
  const server = await startServer({ env });
  atEnd(t, server.stop);
  return server;
}

/** @param {import("node:test").TestContext} t */
async function startWithRedis(t) {
  const dir = await mkdtemp("/dev/shm/sfchat-test-");
  atEnd(t, () => rm(dir, { recursive: true }));
  const redis = await startRedis(t, dir);
  const server = await start(t, {
    SFCHAT_WAKE: "redis", SFCHAT_REDIS: redis.address, SFCHAT_POLL_SLEEP: "1",
  });
  return { redis, server };
}

describe("killed under load", () => {
  it("programs: nothing is lost or doubled", async (t) => {
    const server = await start(t);
    const talk = startTalk([await meet(server), await meet(server)]);
    await killPrograms(server, KILLS);
    await talk.carries(10);
    await talk.stop();
    assert.ok(talk.refusals.length > 0, "nobody has noticed");
  });

  it("Redis: people talk on, and are woken again", async (t) => {
    const { redis, server } = await startWithRedis(t);
    const [alice, bob] = await meet(server);
    const talk = startTalk([await meet(server), await meet(server)]);
    const poll = bob.poll();
    for (let kills = 0; kills < 2; kills++) {
      await talk.carries(100);
      await redis.kill();
      await talk.carries(100);
      await redis.start();
    }
    await talk.stop();
    await waitFor(async () => await redis.run("PUBSUB", "CHANNELS") !== "",
      "who has waited all the time listens");
    await redis.run("CONFIG", "RESETSTAT");
    await alice.send("Hi");
    assert.deepEqual(texts(await poll), ["Hi"]);
    assert.match(await redis.run("INFO", "commandstats"), /cmdstat_publish:calls=1,/);
    assert.deepEqual(talk.refusals, []);
  });
});
