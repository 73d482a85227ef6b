// SPDX-License-Identifier: BSD-3-Clause
/**
 * The lines of the conversation: in the session, and drawn once they are
 * saved. What a step of the encryption shows must not be seen before the
 * step itself is kept. Where the browser has no more room, the oldest lines
 * are kept no longer.
 */

import { newId, save } from "./line/session.js";

/**
 * @typedef {import("./line/session.js").Entry} Entry
 * @typedef {import("./line/session.js").Session} Session
 */

/**
 * What the session does not have to keep: nothing more becomes of it.
 * @param {Entry} entry
 */
const isDone = ({ from, state }) => from !== "you" || state === "delivered";

/**
 * @param {Session} session
 * @returns {boolean} whether there was something to drop
 */
function dropOldest(session) {
  const done = session.entries.filter(isDone);
  const dropped = new Set(done.slice(0, Math.ceil(done.length / 4)));
  session.entries = session.entries.filter((entry) => !dropped.has(entry));
  return dropped.size > 0;
}

/** @param {Session} session */
function saveWhatFits(session) {
  for (;;) {
    try {
      save(session);
      return;
    } catch (error) {
      if (!dropOldest(session)) throw error;
    }
  }
}

/**
 * @param {Session} session
 * @param {Pick<import("./page/view.js").View, "show" | "close">} view
 */
export function createConversation(session, view) {
  const known = new Set(session.entries.map(({ id }) => id));
  /** @type {Set<Entry>} */
  const changed = new Set(session.entries);
  let isOpen = true;

  /** @param {Omit<Entry, "at">} entry */
  function add(entry) {
    const whole = { ...entry, at: Date.now() };
    session.entries.push(whole);
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
      return session.entries.every(isDone);
    },
    /**
     * @param {NonNullable<Entry["state"]>} state
     * @param {(entry: Entry) => boolean} which of ours
     * @returns {number} how many have changed
     */
    mark(state, which) {
      const marked = session.entries.filter((entry) =>
        !isDone(entry) && entry.state !== state && which(entry));
      for (const entry of marked) {
        entry.state = state;
        changed.add(entry);
      }
      return marked.length;
    },
    /** Saves the session, then draws what has changed. */
    keep() {
      if (isOpen) saveWhatFits(session);
      view.show(changed);
      changed.clear();
    },
    /** From now on nothing is saved: the chat is over. */
    close() {
      isOpen = false;
      view.close();
    },
  };
}

/** @typedef {ReturnType<typeof createConversation>} Conversation */
