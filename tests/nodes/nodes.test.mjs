// SPDX-License-Identifier: BSD-3-Clause
//
// One site on two machines: two web servers in namespaces of their own, one
// store, one Redis. Two people on different machines talk; a machine dies
// under load.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Person, create, join, makeToken, texts } from "../lib/chat.mjs";
import {
  canHaveHosts, makeHost, startNode, startRedis, startStore,
} from "./hosts.mjs";

const CHATS = 4;
const MESSAGES = 30;
/* So long that nobody who is answered soon has just looked. */
const POLL_SLEEP = 60;

const possible = canHaveHosts();
if (!possible && process.env.CI) {
  throw new Error("network namespaces are needed: root, and iproute2");
}
const skip = possible ? false
  : "SKIPPED: no network namespaces here (root and iproute2 are needed)";

/** Somebody who goes on through the other machine when one is gone. */
class Traveller {
  /** @param {Person} person @param {object[]} nodes  the nearest first */
  constructor(person, nodes) {
    Object.assign(this, { person, nodes: [...nodes] });
  }

  /** @param {(person: Person) => Promise<any>} ask  until it is answered */
  async insist(ask) {
    for (let tries = 0; tries < 200; tries++) {
      this.person.server = this.nodes[0];
      try {
        const answer = await ask(this.person);
        if (answer.status < 500) return answer;
      } catch {
        // No answer: the request may have been served or not.
      }
      this.nodes.push(this.nodes.shift());
      await sleep(50);
    }
    throw new Error("no machine answers");
  }

  /** Sends so many messages, one after the other. */
  async sendAll(count) {
    for (let i = 0; i < count; i++) {
      const item = { _id: makeToken(), msg: `message ${i}` };
      const { status } = await this.insist((person) => person.send(item));
      assert.equal(status, 202);
    }
  }

  /** Receives so many, acknowledging each answer. */
  async receiveAll(count) {
    const got = [];
    while (got.length < count) {
      const { json } = await this.insist((person) => person.poll());
      const { messages } = json.results;
      const ids = messages.map(({ _id }) => _id);
      const { status } =
        await this.insist((person) => person.acknowledge(...ids));
      assert.equal(status, 202);
      got.push(...messages.filter(({ system }) => !system));
    }
    return got;
  }
}

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
    const people = pairs.flatMap(([alice, bob]) => [
      new Traveller(alice, nodes), new Traveller(bob, [...nodes].reverse()),
    ]);
    const received = people.map((one) => one.receiveAll(MESSAGES));
    // Each sends by a connection of its own, beside the poll.
    const sent = people.map(({ person, nodes: way }) => new Traveller(
      new Person(person.server, person.chat, person.user), way,
    ).sendAll(MESSAGES));
    await sleep(700);
    hosts[0].crash();
    await Promise.all(sent);
    for (const got of await Promise.all(received)) {
      const expected =
        Array.from({ length: MESSAGES }, (_, i) => `message ${i}`);
      assert.deepEqual(got.map(({ msg }) => msg), expected);
    }
    for (const { person } of people) {
      person.server = nodes[1];
      assert.deepEqual(await person.drain(), []);
    }
  });
});
