// SPDX-License-Identifier: BSD-3-Clause
/**
 * Encrypts texts and typing hints in the order in which they were written, saves
 * them, and only then hands them to the outbox.
 */

import { ApiError } from "./line/api.js";
import { createOutbox } from "./line/outbox.js";

/**
 * @param {object} options
 * @param {import("./line/saved-chat.js").SavedChat} options.saved
 * @param {import("./encryption.js").Encryption} options.encryption
 * @param {import("./phase.js").Phase} options.phase
 * @param {import("./line/api.js").Api} options.api
 * @param {import("./conversation.js").Conversation} options.conversation
 * @param {import("./ending.js").Ending} options.ending
 * @param {() => boolean} options.isGoing whether the last poll was answered
 * @param {() => void} options.look asks the server at once
 * @param {() => void} options.showLine shows how the chat is doing
 */
export function createOutgoing(options) {
  const { saved, encryption, phase, api, conversation, ending } = options;
  let writing = Promise.resolve();
  const outbox = createOutbox({
    waiting: saved.waiting,
    save: () => conversation.keep(),
    send,
    onState: markSent,
    onEnd: ending.stopSending,
    onFail: ending.fail,
  });
  phase.onEnd(() => outbox.stop());

  /** @param {import("./line/api.js").Item[]} items */
  async function send(items) {
    try {
      await api.send(items);
    } catch (error) {
      // A poll that the server holds does not notice that the connection is
      // dead; a new poll does.
      const isUnheard = error instanceof ApiError && error.code === 0;
      if (isUnheard && options.isGoing()) options.look();
      throw error;
    }
  }

  /** @param {string[]} ids @param {import("./line/outbox.js").SendState} state */
  function markSent(ids, state) {
    const wanted = new Set(ids);
    const marked = conversation.mark(state, ({ id }) => wanted.has(id));
    const isNews = state === "failed" && marked > 0 && !phase.isRefused;
    if (isNews && !phase.hasEnded) conversation.announce("note.unsent");
    else conversation.keepSoon();
    options.showLine();
  }

  /** Saves what was encrypted, then sends it. */
  async function post() {
    await conversation.keep();
    outbox.start();
  }

  /** @param {string} text */
  async function seal(text) {
    if (phase.hasEnded) return;
    await encryption.write(text, (parts) => {
      saved.unsealed.shift();
      const more = parts.length > 1 ? { parts } : {};
      conversation.add({ ...parts[0], from: "you", text, ...more });
    });
    await post();
  }

  /** @param {unknown} error why something could not be encrypted or saved */
  function failSealing(error) {
    // After a fault nothing can be encrypted. The answer that brought the fault
    // is being handled, and will end the chat with the name of the fault.
    if (!encryption.fault) ending.fail(error);
  }

  return {
    post,
    /** Sends at once what waits to be sent. */
    flush: () => outbox.flush(),
    /** Resolves when what was written is sent, or an attempt to send it has failed. */
    async settle() {
      await writing;
      await outbox.settle();
    },
    /** @param {string} text */
    write(text) {
      saved.unsealed.push(text);
      conversation.keepSoon();
      // One after the other: messages are sent in the order of their numbers.
      writing = writing.then(() => seal(text)).catch(failSealing);
    },
    /**
     * Tells Talker that the user is writing, unless a message is under way.
     * @returns {boolean} whether Talker is told
     */
    hint() {
      const isQuiet = saved.waiting.items.length === 0 &&
        conversation.isDelivered && options.isGoing();
      if (isQuiet) encryption.hint().then(post).catch(failSealing);
      return isQuiet;
    },
  };
}

/** @typedef {ReturnType<typeof createOutgoing>} Outgoing */
