// SPDX-License-Identifier: BSD-3-Clause
//
// People who go on talking while a test breaks something: they repeat what was
// not answered, acknowledge what they got, and compare in the end. Must not
// know what is broken.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { waitFor } from "./children.mjs";
import { Person, makeToken } from "./chat.mjs";

const PATIENCE_MS = 120_000;
const LAST = "the last one";

/** @typedef {import("./server.mjs").Server} Server */
/** @typedef {import("./server.mjs").Answer} Answer */

/** Somebody who asks again, of another node if there is one. */
class Traveller {
  /**
   * @param {Person} person
   * @param {Server[]} nodes  the nearest first
   * @param {Answer[]} refusals  gets what was refused
   */
  constructor({ server, chat, user }, nodes, refusals) {
    this.person = new Person(server, chat, user);
    this.nodes = [...nodes];
    this.refusals = refusals;
  }

  /** @param {(person: Person) => Promise<any>} ask  until it is served */
  async insist(ask) {
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      this.person.server = this.nodes[0];
      try {
        const answer = await ask(this.person);
        if (answer.status < 400) return answer;
        assert.ok(answer.status === 429 || answer.status >= 500, answer.body);
        this.refusals.push(answer);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        // No answer, or half of one: it may have been served or not.
      }
      this.nodes.push(/** @type {Server} */ (this.nodes.shift()));
      await sleep(50);
    }
    throw new Error("nobody answers");
  }

  /** @param {() => boolean} goesOn @returns {Promise<string[]>} ids, in order */
  async sendWhile(goesOn) {
    const sent = [];
    for (let more = true; more;) {
      more = goesOn();
      const item = { _id: makeToken(), msg: more ? "and so on" : LAST };
      // Some of them twice, as when the answer was lost.
      for (let i = 0; i < (sent.length % 10 ? 1 : 2); i++) {
        const { status } = await this.insist((person) => person.send(item));
        assert.equal(status, 202);
      }
      sent.push(item._id);
    }
    return sent;
  }

  /** @param {(count: number) => void} tell @returns {Promise<string[]>} ids */
  async receive(tell) {
    const got = [];
    for (;;) {
      const { json } = await this.insist((person) => person.poll());
      const messages = json.results.messages.filter(({ system }) => !system);
      if (messages.length === 0) continue;
      const ids = messages.map(({ _id }) => _id);
      await this.insist((person) => person.acknowledge(...ids));
      got.push(...ids);
      tell(ids.length);
      if (messages.at(-1).msg === LAST) return got;
    }
  }
}

/**
 * Lets the two of each pair talk, both sending and receiving all the time.
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
  const carry = (from, to) => Promise.all([
    travel(from).sendWhile(() => goesOn),
    travel(to).receive((more) => { count += more; }),
  ]);
  const all = Promise.all(
    pairs.flatMap(([alice, bob]) => [carry(alice, bob), carry(bob, alice)]));
  return {
    /** What was refused so far. */
    refusals,
    /** Waits until so many more have arrived. */
    async carries(more) {
      const enough = count + more;
      const arrival = waitFor(async () => count >= enough, `${more} more`);
      await Promise.race([arrival, all]);
    },
    /** All that was accepted has arrived: once each, in order, and no more. */
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
