// SPDX-License-Identifier: BSD-3-Clause
//
// One site on two machines: two web servers in namespaces of their own, one
// store, one Redis. Two people on different machines talk; a machine dies
// under load.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { create, join, makeToken, texts } from "../lib/chat.mjs";
import { startTalk } from "../lib/load.mjs";
import {
  canHaveHosts, makeHost, startNode, startRedis, startStore,
} from "./hosts.mjs";

const CHATS = 4;
const MESSAGES = 100;
/* So long that nobody who is answered soon has just looked. */
const POLL_SLEEP = 60;

const possible = canHaveHosts();
if (!possible && process.env.CI) {
  throw new Error("network namespaces are needed: root, and iproute2");
}
const skip = possible ? false
  : "SKIPPED: no network namespaces here (root and iproute2 are needed)";

describe("a site on two machines", { skip }, () => {
  const undo = [];
  const context = { after: (step) => undo.unshift(step) };
  let hosts;
  let nodes;

  before(async () => {
    hosts = [makeHost(context, 1), makeHost(context, 2)];
    const password = makeToken();
    const store = await startStore(context, hosts);
    const redis = await startRedis(context, hosts, password);
    nodes = await Promise.all(hosts.map((host) => startNode(host, {
      SFCHAT_STORE: `mongodb://${host.hub}:${store}/sfchat` +
        "?directConnection=true",
      SFCHAT_WAKE: "redis",
      SFCHAT_REDIS: `redis://:${password}@${host.hub}:${redis}/0`,
      SFCHAT_POLL_SLEEP: String(POLL_SLEEP),
    })));
    for (const node of nodes) context.after(node.stop);
  });

  after(async () => {
    for (const step of undo) await step();
  });

  /** A chat whose creator is on the first machine, the joiner on the second. */
  async function meet() {
    const alice = await create(nodes[0]);
    const bob = await join(nodes[1], alice.chat);
    await Promise.all([alice.drain(), bob.drain()]);
    return [alice, bob];
  }

  it("wakes the creator on one when the joiner enters on the other",
    async () => {
      const alice = await create(nodes[0]);
      await alice.drain();
      const poll = alice.poll();
      await sleep(1000);
      await join(nodes[1], alice.chat);
      assert.equal((await poll).json.results.messages[0].event, "joined");
    });

  it("carries messages between them without waiting for a look",
    async (t) => {
      const [alice, bob] = await meet();
      const delays = [];
      for (let i = 0; i < 10; i++) {
        const [from, to] = i % 2 ? [alice, bob] : [bob, alice];
        const poll = to.poll();
        await sleep(500);
        const start = performance.now();
        await from.send(`${i}`);
        assert.deepEqual(texts(await poll), [`${i}`]);
        delays.push(performance.now() - start);
        await to.drain();
      }
      delays.sort((a, b) => a - b);
      t.diagnostic(`sent to received: median ${delays[5].toFixed(1)} ms`);
      assert.ok(delays.at(-1) < POLL_SLEEP * 500, `${delays}`);
    });

  it("closes for both", async () => {
    const [alice, bob] = await meet();
    const poll = alice.poll();
    await sleep(500);
    await bob.close();
    const { results } = (await poll).json;
    assert.deepEqual([results.status, results.messages[0].event],
      ["closed", "closed_by_talker"]);
  });

  it("loses and doubles nothing when a machine dies under load", async () => {
    const pairs = await Promise.all(Array.from({ length: CHATS }, meet));
    const talk = startTalk(pairs, ({ server }) =>
      (server === nodes[0] ? nodes : [...nodes].reverse()));
    await talk.carries(MESSAGES);
    hosts[0].crash();
    await talk.carries(MESSAGES);
    await talk.stop();
  });
});
