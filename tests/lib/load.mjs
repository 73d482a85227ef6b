// SPDX-License-Identifier: BSD-3-Clause
//
// Participants who go on talking while a test breaks something: they repeat a
// request that got no reply, acknowledge each message, and compare in the end
// what was sent with what arrived. Must not know what the test breaks.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { PATIENCE_MS, waitFor } from "./children.mjs";
import { Person, makeToken } from "./chat.mjs";

const ASK_AGAIN_MS = 50;
const LAST = "the last one";

/** @typedef {import("./server.mjs").Server} Server */
/** @typedef {import("./server.mjs").Answer} Answer */

/** A participant who repeats a failed request, at another node if there is one. */
class Traveller {
  /**
   * @param {Person} person
   * @param {Server[]} nodes  the nearest first
   * @param {Answer[]} refusals  each reply that refuses a request is added here
   */
  constructor({ server, chat, user }, nodes, refusals) {
    this.person = new Person(server, chat, user);
    this.nodes = [...nodes];
    this.refusals = refusals;
  }

  /**
   * Repeats a request until a node serves it.
   *
   * @param {(person: Person) => Promise<any>} ask
   */
  async insist(ask) {
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end) {
      this.person.server = this.nodes[0];
      try {
        const answer = await ask(this.person);
        if (answer.status < 400) return answer;
        assert.ok(answer.status === 429 || answer.status >= 500, answer.body);
        this.refusals.push(answer);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        // No reply, or half of one: the node may have served the request.
      }
      this.nodes.push(/** @type {Server} */ (this.nodes.shift()));
      await sleep(ASK_AGAIN_MS);
    }
    throw new Error("no node serves the request");
  }

  /**
   * Sends messages while `goesOn` returns true, and then the message `LAST`.
   *
   * @param {() => boolean} goesOn
   * @returns {Promise<string[]>} the messages' ids, in order
   */
  async sendWhile(goesOn) {
    const sent = [];
    for (let more = true; more;) {
      more = goesOn();
      const item = { _id: makeToken(), msg: more ? "and so on" : LAST };
      // Every tenth message twice, as after a lost reply.
      for (let i = 0; i < (sent.length % 10 ? 1 : 2); i++) {
        const { status } = await this.insist((person) => person.send(item));
        assert.equal(status, 202);
      }
      sent.push(item._id);
    }
    return sent;
  }

  /**
   * Receives and acknowledges until the last message has come.
   *
   * @param {(count: number) => void} countArrivals  is told of each batch
   * @returns {Promise<string[]>} the messages' ids, in order
   */
  async receive(countArrivals) {
    const got = [];
    for (;;) {
      const { json } = await this.insist((person) => person.poll());
      const messages = json.results.messages.filter(({ system }) => !system);
      if (messages.length === 0) continue;
      const ids = messages.map(({ _id }) => _id);
      await this.insist((person) => person.acknowledge(...ids));
      got.push(...ids);
      countArrivals(ids.length);
      if (messages.at(-1).msg === LAST) return got;
    }
  }
}

/**
 * Makes both participants of each pair send and receive all the time.
 *
 * @param {Person[][]} pairs
 * @param {(person: Person) => Server[]} [nodesOf]  the nearest first
 */
export function startTalk(pairs, nodesOf = ({ server }) => [server]) {
  let goesOn = true;
  let count = 0;
  /** @type {Answer[]} */
  const refusals = [];
  const travel = (person) => new Traveller(person, nodesOf(person), refusals);
  const carry = (sender, receiver) => Promise.all([
    travel(sender).sendWhile(() => goesOn),
    travel(receiver).receive((more) => { count += more; }),
  ]);
  const all = Promise.all(
    pairs.flatMap(([alice, bob]) => [carry(alice, bob), carry(bob, alice)]));
  return {
    /** The replies so far that refused a request. */
    refusals,
    /** Waits until so many more messages have arrived. */
    async waitArrivals(more) {
      const enough = count + more;
      const arrival =
        waitFor(async () => count >= enough, `${more} more messages arrive`);
      await Promise.race([arrival, all]);
    },
    /**
     * Ends the talk and checks that each message that the server accepted has
     * arrived once, in order, and no other.
     */
    async stop() {
      goesOn = false;
      for (const [sent, got] of await all) assert.deepEqual(got, sent);
      for (const person of pairs.flat()) {
        const { json } = await travel(person).insist((one) => one.look());
        assert.deepEqual(json.results.messages, []);
      }
    },
  };
}
