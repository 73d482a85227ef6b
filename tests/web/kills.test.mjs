// SPDX-License-Identifier: BSD-3-Clause
// Programs or Redis are killed while people talk: each message that the server
// accepted arrives once and in order, and the site goes on by itself.

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

/** Starts a server, which is stopped when the test ends. */
async function start(t, env = {}) {
  const server = await startServer({ env });
  atEnd(t, server.stop);
  return server;
}

/** Starts a server whose polls are woken over a Redis of its own. */
async function startWithRedis(t) {
  const dir = await mkdtemp("/dev/shm/sfchat-test-");
  atEnd(t, () => rm(dir, { recursive: true }));
  const redis = await startRedis(t, dir);
  const server = await start(t, {
    SFCHAT_WAKE: "redis", SFCHAT_REDIS: redis.address, SFCHAT_POLL_SLEEP: "1",
    SFCHAT_POLL_ITERATION: "10000",
  });
  return { redis, server };
}

describe("killed under load", () => {
  it("each message arrives once while programs are killed", async (t) => {
    const server = await start(t);
    const talk = startTalk([await meet(server), await meet(server)]);
    await killPrograms(server, KILLS);
    await talk.waitArrivals(10);
    await talk.stop();
    assert.ok(talk.refusals.length > 0, "a kill makes a request fail");
  });

  it("people talk on while Redis is killed, and are woken again", async (t) => {
    const { redis, server } = await startWithRedis(t);
    const [alice, bob] = await meet(server);
    const talk = startTalk([await meet(server), await meet(server)]);
    const poll = bob.poll();
    for (let kills = 0; kills < 2; kills++) {
      await talk.waitArrivals(100);
      await redis.kill();
      await talk.waitArrivals(100);
      await redis.start();
    }
    await talk.stop();
    await waitFor(async () => await redis.run("PUBSUB", "CHANNELS") !== "",
      "the poll that has waited all the time has subscribed again");
    await redis.run("CONFIG", "RESETSTAT");
    await alice.send("Hi");
    assert.deepEqual(texts(await poll), ["Hi"]);
    assert.match(await redis.run("INFO", "commandstats"), /cmdstat_publish:calls=1,/);
    assert.deepEqual(talk.refusals, []);
  });
});
