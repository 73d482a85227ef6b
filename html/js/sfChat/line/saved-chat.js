// SPDX-License-Identifier: BSD-3-Clause
/**
 * What this tab remembers of its chat: session storage, one entry, gone with
 * the chat. Everything that must survive a refresh is in here and nowhere
 * else.
 */

const KEY = "sfChat";

/**
 * @typedef {import("./outbox.js").Waiting} Waiting
 * @typedef {import("./outbox.js").SendState} SendState
 * @typedef {import("../e2ee/state.js").State} CryptoState
 *
 * @typedef {object} Entry one line of the conversation
 * @property {string} id
 * @property {"you" | "talker" | "system"} from
 * @property {number} at milliseconds since 1970, on this device
 * @property {string} text
 * @property {string} [event] the name of a system message
 * @property {string} [note] the name of a line of this page's own
 * @property {number} [n] of one of ours: its number in the encrypted channel
 * @property {SendState | "delivered"} [state] how far one of ours has got
 *
 * @typedef {object} SavedChat
 * @property {string} chatToken
 * @property {string} userToken
 * @property {string} tab tells a duplicated tab from this one reloaded
 * @property {"creator" | "joiner"} role
 * @property {"draft" | "ready"} status
 * @property {string | null} secret of the invitation link that led here
 * @property {CryptoState | null} crypto null until the chat page has begun it
 * @property {Entry[]} entries
 * @property {Waiting} waiting
 * @property {number[]} owed numbers of texts we owe a receipt for
 * @property {number} missed missing numbers below this one were told of
 * @property {string} [draft] what is being written
 * @property {{ sound: boolean, notify: boolean }} options
 */

/**
 * @param {import("./api.js").Tokens} tokens
 * @param {"creator" | "joiner"} role
 * @param {string | null} [secret]
 * @returns {SavedChat}
 */
export function begin({ chatToken, userToken }, role, secret = null) {
  /** @type {SavedChat} */
  const saved = {
    chatToken,
    userToken,
    tab: newId(),
    role,
    status: role === "creator" ? "draft" : "ready",
    secret,
    crypto: null,
    entries: [],
    waiting: { items: [], batch: 0 },
    owed: [],
    missed: 0,
    options: { sound: false, notify: false },
  };
  save(saved);
  return saved;
}

/** @param {SavedChat} saved */
export function save(saved) {
  sessionStorage.setItem(KEY, JSON.stringify(saved));
}

/** @returns {SavedChat | null} */
export function load() {
  const text = sessionStorage.getItem(KEY);
  return text === null ? null : JSON.parse(text);
}

/** Throws where the browser does not let this page store anything. */
export function probe() {
  sessionStorage.setItem("probe", "");
  sessionStorage.removeItem("probe");
}

export function wipe() {
  sessionStorage.clear();
}

/** 24 random hex digits, as PROTOCOL §1 shapes a message token. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
