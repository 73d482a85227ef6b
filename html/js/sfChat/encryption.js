// SPDX-License-Identifier: BSD-3-Clause
/**
 * The one door between what people write and what the server carries. All
 * that goes out is sealed, and what is not sealed does not come in.
 *
 * Each step of the encryption is entered into the session at once and whole:
 * its state, the envelopes it wants sent and, by the caller's function, what
 * it showed. So whoever saves the session, saves no half of a step.
 */

import { Session as Peer } from "./e2ee/session.js";
import { newId } from "./line/session.js";

/**
 * @typedef {import("./line/api.js").Item} Item
 * @typedef {import("./line/api.js").Message} Message
 * @typedef {import("./e2ee/state.js").Event} Event
 * @typedef {import("./e2ee/state.js").Step} Step
 * @typedef {import("./line/session.js").Session} Session
 */

/**
 * @param {Session} session
 * @returns {Promise<Peer>}
 */
async function begin({ role, chatToken: code, secret }) {
  return role === "creator" ? Peer.create(code) : Peer.join({ code, secret });
}

/** @param {Session} session to be saved before anything else is done */
export async function openEncryption(session) {
  const peer = session.crypto ? new Peer(session.crypto) : await begin(session);
  session.crypto = peer.state;
  session.secret = null;

  /**
   * @param {Promise<Step>} doing
   * @param {(step: Step, items: Item[]) => void} [enter] must not wait
   */
  async function apply(doing, enter) {
    const step = await doing;
    const items = step.send.map(({ msg }) => ({ _id: newId(), msg, sealed: true }));
    session.crypto = step.state;
    session.waiting.items.push(...items);
    enter?.(step, items);
  }

  return {
    /** The creator, once Talker is there. Again: does nothing. */
    start: () => apply(peer.start()),
    /** @param {Message} message @param {(event: Event) => void} hear */
    take: ({ msg, sealed }, hear) =>
      apply(peer.receive({ msg, sealed }), ({ events }) => events.forEach(hear)),
    /** @param {string} text @param {(id: string, n: number | null) => void} enter */
    write: (text, enter) =>
      apply(peer.sendText(text), ({ send }, items) =>
        enter(items[0]._id, send[0].n)),
    /** Receipts for all texts that one is owed for. */
    async thank() {
      if (session.owed.length === 0 || !this.established) return;
      await apply(peer.sendDelivered(session.owed), () => { session.owed = []; });
    },
    hint: () => apply(peer.sendTyping()),
    confirm: () => apply(peer.confirmSafety()),
    /** @param {boolean} linkOnly */
    demandLink: (linkOnly) => apply(peer.demandLink(linkOnly)),
    /** What is known once the keys exist and are proven, null before. */
    get established() {
      const { state } = peer;
      if (state.phase !== "established") return null;
      return { safety: state.channel.safety, verified: state.verified };
    },
    /** Why the encryption has ended, null while it has not. */
    get fault() {
      return peer.state.phase === "failed" ? peer.state.fault : null;
    },
    /** Of the invitation link; null once it has served. */
    get secret() {
      return peer.secret;
    },
    /** Whether a joiner with the bare code is to be refused. */
    get linkOnly() {
      return "offer" in peer.state && peer.state.offer.linkOnly;
    },
    /** Numbers of Talker's messages that later ones have overtaken. */
    get missing() {
      return peer.missing;
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openEncryption>>} Encryption */
