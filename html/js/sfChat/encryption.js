// SPDX-License-Identifier: BSD-3-Clause
/**
 * The one door between what people write and what the server carries. All
 * that goes out is sealed, and what is not sealed does not come in.
 *
 * Each step of the encryption is entered into the saved chat at once and whole:
 * its state, the envelopes it wants sent and, by the caller's function, what
 * it showed. So whoever saves the saved chat saves no half of a step.
 */

import { Session } from "./e2ee/session.js";
import { newId } from "./line/saved-chat.js";

/**
 * @typedef {import("./line/api.js").Item} Item
 * @typedef {import("./line/api.js").Message} Message
 * @typedef {import("./e2ee/state.js").Event} Event
 * @typedef {import("./e2ee/state.js").Step} Step
 * @typedef {import("./line/saved-chat.js").SavedChat} SavedChat
 */

/**
 * @param {SavedChat} saved
 * @returns {Promise<Session>}
 */
async function begin({ role, chatToken: code, secret }) {
  return role === "creator" ? Session.create(code) : Session.join({ code, secret });
}

/** @param {SavedChat} saved to be saved before anything else is done */
export async function openEncryption(saved) {
  const session = saved.crypto ? new Session(saved.crypto) : await begin(saved);
  saved.crypto = session.state;
  saved.secret = null;

  /**
   * @param {Promise<Step>} doing
   * @param {(step: Step, items: Item[]) => void} [enter] must not wait
   */
  async function apply(doing, enter) {
    const step = await doing;
    const items = step.send.map(({ msg }) => ({ _id: newId(), msg, sealed: true }));
    saved.crypto = step.state;
    saved.waiting.items.push(...items);
    enter?.(step, items);
  }

  return {
    /** The creator, once Talker is there. Again: does nothing. */
    start: () => apply(session.start()),
    /** @param {Message} message @param {(event: Event) => void} hear */
    take: ({ msg, sealed }, hear) =>
      apply(session.receive({ msg, sealed }), ({ events }) => events.forEach(hear)),
    /** @param {string} text @param {(id: string, n: number | null) => void} enter */
    write: (text, enter) =>
      apply(session.sendText(text), ({ send }, items) =>
        enter(items[0]._id, send[0].n)),
    /** Receipts for all texts that one is owed for. */
    async thank() {
      if (saved.owed.length === 0 || !this.established) return;
      await apply(session.sendDelivered(saved.owed), () => { saved.owed = []; });
    },
    hint: () => apply(session.sendTyping()),
    confirm: () => apply(session.confirmSafety()),
    /** @param {boolean} linkOnly */
    demandLink: (linkOnly) => apply(session.demandLink(linkOnly)),
    /** What is known once the keys exist and are proven, null before. */
    get established() {
      const { state } = session;
      if (state.phase !== "established") return null;
      return { safety: state.channel.safety, verified: state.verified };
    },
    /** Why the encryption has ended, null while it has not. */
    get fault() {
      return session.state.phase === "failed" ? session.state.fault : null;
    },
    /** Of the invitation link; null once it has served. */
    get secret() {
      return session.secret;
    },
    /** Whether a joiner with the bare code is to be refused. */
    get linkOnly() {
      return "offer" in session.state && session.state.offer.linkOnly;
    },
    /** Numbers of Talker's messages that later ones have overtaken. */
    get missing() {
      return session.missing;
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openEncryption>>} Encryption */
