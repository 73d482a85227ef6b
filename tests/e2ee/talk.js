// SPDX-License-Identifier: BSD-3-Clause
// Two sessions and the relay between them, for tests in Node and in browsers.
// After every step each side is rebuilt from its saved state, frozen: a talk
// that works here survives a reload of the page at any moment.

import { Session } from "../../html/js/sfChat/e2ee/session.js";

const deepFreeze = (value) => {
  if (value !== null && typeof value === "object") {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
};

export const reload = (state, random) =>
  new Session(deepFreeze(JSON.parse(JSON.stringify(state))), random);

export const other = (side) => (side === "creator" ? "joiner" : "creator");

/**
 * A relay gets `(sender, msg, index)`, where `index` counts the envelopes of
 * the sender, and returns the messages to hand to the other side.
 */
const honest = (sender, msg) => [{ msg, sealed: true }];

export class Talk {
  constructor({ creator, joiner, relay = honest, random = {} }) {
    this.sides = { creator, joiner };
    this.random = random;
    this.relay = relay;
    this.events = { creator: [], joiner: [] };
    this.sent = { creator: [], joiner: [] };
    this.states = { creator: [], joiner: [] };
  }

  /** Begins a talk; `link` says whether the joiner has the link. */
  static async begin({ code, link, linkOnly = false, random = {}, relay }) {
    const creator = await Session.create(code, random.creator);
    const secret = link ? creator.secret : null;
    const joiner = await Session.join({ code, secret }, random.joiner);
    await creator.demandLink(linkOnly);
    return new Talk({ creator, joiner, relay, random });
  }

  /** Makes one side do `ask` and relays all messages until both are idle. */
  async run(side, ask) {
    const queue = [[side, ask]];
    while (queue.length) {
      const [at, act] = queue.shift();
      const step = await act(this.sides[at]);
      this.sides[at] = reload(step.state, this.random[at]);
      this.events[at].push(...step.events);
      this.states[at].push(step.state);
      for (const { msg } of step.send) {
        const index = this.sent[at].push(msg) - 1;
        for (const message of this.relay(at, msg, index)) {
          queue.push([other(at), (session) => session.receive(message)]);
        }
      }
    }
  }

  start() {
    return this.run("creator", (session) => session.start());
  }

  text(side, text) {
    return this.run(side, (session) => session.sendText(text));
  }

  /** Hands one message to a side without the relay. */
  hand(side, message) {
    return this.run(side, (session) => session.receive(message));
  }

  /** Returns the events of a side since the last call. */
  takeEvents(side) {
    return this.events[side].splice(0);
  }
}
