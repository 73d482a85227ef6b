// SPDX-License-Identifier: BSD-3-Clause
/**
 * The lines of the conversation: in the session, and drawn once they are
 * saved. What a step of the encryption shows must not be seen before the
 * step itself is kept.
 */

import { newId, save } from "./session.js";

/**
 * @typedef {import("./session.js").Entry} Entry
 * @typedef {import("./session.js").Session} Session
 */

/**
 * @param {Session} session
 * @param {{ show: (entry: Entry) => void }} view
 */
export function createConversation(session, view) {
  const { entries } = session;
  const known = new Set(entries.map(({ id }) => id));
  /** @type {Set<Entry>} */
  const changed = new Set(entries);
  let isOpen = true;

  /** @param {Omit<Entry, "at">} entry */
  function add(entry) {
    const whole = { ...entry, at: Date.now() };
    entries.push(whole);
    known.add(entry.id);
    changed.add(whole);
  }

  return {
    add,
    /** @param {string} note a line of this page's own */
    tell(note) {
      add({ id: newId(), from: "system", text: "", note });
    },
    /** @param {string} id */
    has: (id) => known.has(id),
    /** Whether all that we have written was received. */
    get isDelivered() {
      return entries.every(({ from, state }) => from !== "you" || state === "delivered");
    },
    /**
     * @param {NonNullable<Entry["state"]>} state
     * @param {(entry: Entry) => boolean} which of ours
     * @returns {number} how many have changed
     */
    mark(state, which) {
      const marked = entries.filter((entry) => entry.from === "you" &&
        entry.state !== "delivered" && entry.state !== state && which(entry));
      for (const entry of marked) {
        entry.state = state;
        changed.add(entry);
      }
      return marked.length;
    },
    /** Saves the session, then draws what has changed. */
    keep() {
      if (isOpen) save(session);
      changed.forEach((entry) => view.show(entry));
      changed.clear();
    },
    /** From now on nothing is saved: the chat is over. */
    close() {
      isOpen = false;
    },
  };
}

/** @typedef {ReturnType<typeof createConversation>} Conversation */
