// SPDX-License-Identifier: BSD-3-Clause
/**
 * The lines of the conversation: in the saved chat, and drawn once they are
 * saved. What a step of the encryption shows must not be seen before the
 * step itself is kept. Where the browser has no more room, the oldest lines
 * are kept no longer.
 */

import { newId, save } from "./line/saved-chat.js";

/**
 * @typedef {import("./line/saved-chat.js").Entry} Entry
 * @typedef {import("./line/saved-chat.js").SavedChat} SavedChat
 */

/**
 * What the saved chat does not have to keep: nothing more becomes of it.
 * @param {Entry} entry
 */
function isDone({ from, state }) {
  return from !== "you" || state === "delivered";
}

/**
 * @param {SavedChat} saved
 * @returns {boolean} whether there was something to drop
 */
function dropOldest(saved) {
  const done = saved.entries.filter(isDone);
  const dropped = new Set(done.slice(0, Math.ceil(done.length / 4)));
  saved.entries = saved.entries.filter((entry) => !dropped.has(entry));
  return dropped.size > 0;
}

/** @param {SavedChat} saved */
function saveWhatFits(saved) {
  for (;;) {
    try {
      save(saved);
      return;
    } catch (error) {
      if (!dropOldest(saved)) throw error;
    }
  }
}

/**
 * @param {SavedChat} saved
 * @param {Pick<import("./page/view.js").View, "show" | "close">} view
 */
export function createConversation(saved, view) {
  const known = new Set(saved.entries.map(({ id }) => id));
  /** @type {Set<Entry>} */
  const changed = new Set(saved.entries);
  let isOpen = true;

  /** @param {Omit<Entry, "at">} entry */
  function add(entry) {
    const whole = { ...entry, at: Date.now() };
    saved.entries.push(whole);
    known.add(entry.id);
    changed.add(whole);
  }

  return {
    add,
    /** @param {string} note a line of this page's own */
    tell(note) {
      add({ id: newId(), from: "system", text: "", note });
    },
    /** @param {string} note told, saved and drawn at once, unless it is over */
    announce(note) {
      if (!isOpen) return;
      this.tell(note);
      this.keep();
    },
    /** @param {string} id */
    has: (id) => known.has(id),
    /** Whether all that we have written was received. */
    get isDelivered() {
      return saved.entries.every(isDone);
    },
    /**
     * @param {NonNullable<Entry["state"]>} state
     * @param {(entry: Entry) => boolean} which of ours
     * @returns {number} how many have changed
     */
    mark(state, which) {
      const marked = saved.entries.filter((entry) =>
        !isDone(entry) && entry.state !== state && which(entry));
      for (const entry of marked) {
        entry.state = state;
        changed.add(entry);
      }
      return marked.length;
    },
    /** Saves the chat, then draws what has changed. */
    keep() {
      if (isOpen) saveWhatFits(saved);
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
