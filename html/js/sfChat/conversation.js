// SPDX-License-Identifier: BSD-3-Clause
/**
 * The lines of the conversation: adds them to the saved chat, and draws them once
 * they are saved. A text must not be seen before the step of the encryption that
 * brought it is saved. If the session storage is full, the oldest lines are
 * removed from it, but stay on the page.
 */

import { newId, save } from "./line/saved-chat.js";

/**
 * @typedef {import("./line/saved-chat.js").Entry} Entry
 * @typedef {import("./line/saved-chat.js").OwnPart} OwnPart
 * @typedef {import("./line/saved-chat.js").SavedChat} SavedChat
 */

/**
 * Whether the state of an entry is final, so that it need not stay saved.
 * @param {Entry} entry
 */
function isDone({ from, state }) {
  return from !== "you" || state === "delivered";
}

/** From the least to the last state of a message. */
const STATES = /** @type {const} */ (["failed", "sending", "stored", "delivered"]);

/**
 * Changes the state of some parts of an entry. The entry has the least state of
 * its parts.
 * @param {Entry} entry one of the user's
 * @param {NonNullable<Entry["state"]>} state
 * @param {(part: OwnPart) => boolean} which
 * @returns {boolean} whether the entry has another state now
 */
function markParts(entry, state, which) {
  const { state: before, parts = [entry] } = entry;
  for (const part of parts) {
    if (part.state !== "delivered" && which(part)) part.state = state;
  }
  entry.state = STATES.find((least) => parts.some((part) => part.state === least));
  if (isDone(entry)) delete entry.parts;
  return entry.state !== before;
}

/**
 * Drops the oldest quarter of the entries that need not stay saved.
 * @param {SavedChat} saved
 * @returns {boolean} false if there was none
 */
function dropOldest(saved) {
  const done = saved.entries.filter(isDone);
  const dropped = new Set(done.slice(0, Math.ceil(done.length / 4)));
  saved.entries = saved.entries.filter((entry) => !dropped.has(entry));
  return dropped.size > 0;
}

/**
 * @param {SavedChat} saved
 * @param {Pick<import("./page/view.js").View, "show" | "close">} view
 * @param {(error: unknown) => void} onFail a save for which nobody waits failed
 */
export function createConversation(saved, view, onFail) {
  const known = new Set(saved.entries.map(({ id }) => id));
  /** @type {Set<Entry>} */
  const changed = new Set(saved.entries);
  let isOpen = true;

  /** @param {Omit<Entry, "at"> & { at?: number }} entry */
  function add(entry) {
    const whole = { at: Date.now(), ...entry };
    saved.entries.push(whole);
    known.add(entry.id);
    changed.add(whole);
  }

  /** @param {Iterable<Entry>} entries */
  function draw(entries) {
    view.show(entries);
    for (const entry of entries) changed.delete(entry);
  }

  /**
   * Saves the chat and draws what has changed. After `close()`, only draws.
   * @returns {Promise<void>} resolves when this is done, but not if the chat ends
   *   before it is saved; rejects if there is no room even for what must stay saved
   */
  async function keep() {
    const ready = [...changed];
    if (isOpen) {
      await save(saved, () => dropOldest(saved));
      // What should follow the save must not happen any more.
      if (!isOpen) return new Promise(() => {});
    }
    draw(ready);
  }

  return {
    add,
    keep,
    /** Draws the lines that the chat had when it was saved last. */
    showSaved: () => draw([...changed]),
    /** Does the same as `keep()`, for a caller that does not wait. */
    keepSoon() {
      keep().catch(onFail);
    },
    /** @param {string} note the key of a line by the page itself */
    tell(note) {
      add({ id: newId(), from: "system", text: "", note });
    },
    /**
     * Adds a line, saves and draws it. Does nothing after `close()`.
     * @param {string} note the key of a line by the page itself
     */
    announce(note) {
      if (!isOpen) return;
      this.tell(note);
      this.keepSoon();
    },
    /**
     * Gives a line of Talker another text, or adds it.
     * @param {Entry} entry
     */
    put(entry) {
      const old = saved.entries.find(({ id }) => id === entry.id);
      if (!old) add(entry);
      else if (old.text !== entry.text) changed.add(Object.assign(old, entry));
    },
    /** @param {string} id of a line, which may have been dropped from storage */
    has: (id) => known.has(id),
    /** Whether Talker has received all messages of the user. */
    get isDelivered() {
      return saved.entries.every(isDone);
    },
    /** How many messages of the user the server has, and Talker does not. */
    countStored: () => saved.entries.filter(({ state }) => state === "stored").length,
    /**
     * Changes the state of some of the user's messages.
     * @param {NonNullable<Entry["state"]>} state
     * @param {(part: OwnPart) => boolean} which
     * @returns {number} how many have another state now
     */
    mark(state, which) {
      const marked = saved.entries.filter((entry) =>
        !isDone(entry) && markParts(entry, state, which));
      for (const entry of marked) changed.add(entry);
      return marked.length;
    },
    /** The chat has ended: saves nothing any more. */
    close() {
      isOpen = false;
      view.close();
    },
  };
}

/** @typedef {ReturnType<typeof createConversation>} Conversation */
