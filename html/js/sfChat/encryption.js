// SPDX-License-Identifier: BSD-3-Clause
/**
 * Encrypts all that the user sends and decrypts all that Talker sends. A message
 * that is not sealed is a fault.
 *
 * Each step of the encryption is entered into the saved chat at once: its state,
 * the envelopes to send and, by a function of the caller, what the step shows. So
 * the chat is never saved with one half of a step.
 */

import { Session } from "./e2ee/session.js";
import { newId } from "./line/saved-chat.js";

/**
 * @typedef {import("./line/api.js").Item} Item
 * @typedef {import("./line/api.js").Message} Message
 * @typedef {import("./e2ee/state.js").Event} Event
 * @typedef {import("./e2ee/state.js").Step} Step
 * @typedef {import("./line/saved-chat.js").OwnPart} OwnPart
 * @typedef {import("./line/saved-chat.js").SavedChat} SavedChat
 */

/**
 * @param {SavedChat} saved
 * @returns {Promise<Session>}
 */
async function begin({ role, chatToken: code, secret }) {
  return role === "creator" ? Session.create(code) : Session.join({ code, secret });
}

/**
 * Opens the encryption, or goes on with it from the saved chat.
 * @param {SavedChat} saved the caller has to save it before anything else
 */
export async function openEncryption(saved) {
  const session = saved.crypto ? new Session(saved.crypto) : await begin(saved);
  saved.crypto = session.state;
  saved.secret = null;

  /**
   * @param {Promise<Step>} doing
   * @param {(step: Step, items: Item[]) => void} [enter] enters what the step
   *   shows; synchronous
   */
  async function apply(doing, enter) {
    const step = await doing;
    const items = step.send.map(({ msg }) => ({ _id: newId(), msg, sealed: true }));
    saved.crypto = step.state;
    saved.waiting.items.push(...items);
    enter?.(step, items);
  }

  return {
    /**
     * Starts the handshake, on the creator's page, when Talker has joined. Called
     * again, does nothing.
     */
    start: () => apply(session.start()),
    /** @param {Message} message @param {(event: Event) => void} hear */
    take: ({ msg, sealed }, hear) =>
      apply(session.receive({ msg, sealed }), ({ events }) => events.forEach(hear)),
    /**
     * @param {string} text
     * @param {(parts: OwnPart[]) => void} enter is given the parts of the text,
     *   which are messages of their own
     */
    write: (text, enter) =>
      apply(session.sendText(text), ({ send }, items) =>
        enter(items.map(({ _id: id }, i) =>
          ({ id, n: send[i].n ?? undefined, state: "sending" })))),
    /** Writes a receipt for the texts that need one. */
    async thank() {
      if (saved.owed.length === 0 || !this.established) return;
      await apply(session.sendDelivered(saved.owed), () => { saved.owed = []; });
    },
    hint: () => apply(session.sendTyping()),
    confirm: () => apply(session.confirmSafety()),
    /** @param {boolean} linkOnly */
    demandLink: (linkOnly) => apply(session.demandLink(linkOnly)),
    /** The safety number and how it is verified; null before the handshake. */
    get established() {
      const { state } = session;
      if (state.phase !== "established") return null;
      return { safety: state.channel.safety, verified: state.verified };
    },
    /** The code of the fault that ended the encryption, or null. */
    get fault() {
      return session.state.phase === "failed" ? session.state.fault : null;
    },
    /** The secret of the invitation link; null once it was used. */
    get secret() {
      return session.secret;
    },
    /** Whether a joiner who has only the code is refused. */
    get linkOnly() {
      return "offer" in session.state && session.state.offer.linkOnly;
    },
    /** The numbers of Talker's messages that were overtaken and have not come. */
    get missing() {
      return session.missing;
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openEncryption>>} Encryption */
