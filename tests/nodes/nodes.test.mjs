// SPDX-License-Identifier: BSD-3-Clause
//
// One site on two machines: two web servers in network namespaces of their own,
// one store, one Redis, each with a name: the store has an SRV record, and Redis a
// user and TLS. Two participants on different machines talk; a machine
// dies under load.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { create, join, makeToken, texts } from "../lib/chat.mjs";
import { waitFor } from "../lib/children.mjs";
import { startTalk } from "../lib/load.mjs";
import {
  canHaveHosts, makeHost, startNames, startNode, startRedis, startStore,
} from "./hosts.mjs";

const CHATS = 4;
const MESSAGES = 100;
/* The seconds between two looks: so long that only a wake-up can end a poll. */
const POLL_SLEEP = 3600;

const canRun = canHaveHosts();
if (!canRun && process.env.CI) {
  throw new Error("network namespaces are needed: root, and iproute2");
}
const skip = canRun ? false
  : "SKIPPED: no network namespaces here (root and iproute2 are needed)";

describe("a site on two machines", { skip }, () => {
  const undo = [];
  const context = { after: (step) => undo.unshift(step) };
  let hosts;
  let nodes;
  let redis;

  before(async () => {
    hosts = [makeHost(context, 1), makeHost(context, 2)];
    const password = makeToken();
    const store = await startStore(context, hosts);
    redis = await startRedis(context, hosts, password);
    for (const host of hosts) await startNames(context, host, store);
    nodes = await Promise.all(hosts.map((host) => startNode(host, {
      SFCHAT_STORE: "mongodb+srv://store.sfchat.test/sfchat?tls=false",
      SFCHAT_WAKE: "redis",
      SFCHAT_REDIS: `rediss://sfchat:${password}@redis.sfchat.test:${redis.port}/0`,
      SFCHAT_REDIS_CA: redis.certificate,
      SFCHAT_POLL_SLEEP: String(POLL_SLEEP),
    })));
    for (const node of nodes) context.after(node.stop);
  });

  after(async () => {
    for (const step of undo) await step();
  });

  /** Waits until so many polls have subscribed to wake-ups. */
  const waitSubscribers = (count) => waitFor(
    async () => await redis.countChannels() === count,
    `${count} polls have subscribed`);

  /** Makes a chat with its creator on the first machine, joiner on the second. */
  async function meet() {
    const alice = await create(nodes[0]);
    const bob = await join(nodes[1], alice.chat);
    await Promise.all([alice.drain(), bob.drain()]);
    return [alice, bob];
  }

  it("a join on one machine wakes the creator's poll on the other", async () => {
    const alice = await create(nodes[0]);
    await alice.drain();
    const poll = alice.poll();
    await waitSubscribers(1);
    await join(nodes[1], alice.chat);
    assert.equal((await poll).json.results.messages[0].event, "joined");
  });

  it("a message sent on one machine wakes a poll on the other", async (t) => {
    const [alice, bob] = await meet();
    const delays = [];
    for (let i = 0; i < 10; i++) {
      const [sender, receiver] = i % 2 ? [alice, bob] : [bob, alice];
      const poll = receiver.poll();
      await waitSubscribers(1);
      const start = performance.now();
      await sender.send(`${i}`);
      assert.deepEqual(texts(await poll), [`${i}`]);
      delays.push(performance.now() - start);
      await receiver.drain();
    }
    delays.sort((a, b) => a - b);
    t.diagnostic(`sent to received: median ${delays[5].toFixed(1)} ms`);
  });

  it("a close on one machine wakes a poll on the other", async () => {
    const [alice, bob] = await meet();
    const poll = alice.poll();
    await waitSubscribers(1);
    await bob.close();
    const { results } = (await poll).json;
    assert.deepEqual([results.status, results.messages[0].event],
      ["closed", "closed_by_talker"]);
  });

  it("each message arrives once when a machine dies under load", async () => {
    const pairs = await Promise.all(Array.from({ length: CHATS }, meet));
    const talk = startTalk(pairs, ({ server }) =>
      (server === nodes[0] ? nodes : [...nodes].reverse()));
    await talk.waitArrivals(MESSAGES);
    hosts[0].crash();
    await talk.waitArrivals(MESSAGES);
    await talk.stop();
  });
});
