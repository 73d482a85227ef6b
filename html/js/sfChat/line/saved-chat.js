// SPDX-License-Identifier: BSD-3-Clause
/**
 * The saved chat: everything of a chat that must survive a reload of the page.
 * It is one entry in the session storage of the tab, deleted when the chat ends.
 * Nothing else of a chat is stored.
 */

const KEY = "sfChat";

/**
 * @typedef {import("./outbox.js").Waiting} Waiting
 * @typedef {import("./outbox.js").SendState} SendState
 * @typedef {import("../e2ee/state.js").State} CryptoState
 *
 * @typedef {object} OwnPart a message that carries a text of the user
 * @property {string} id
 * @property {number} [n] its number in the encrypted channel
 * @property {SendState | "delivered"} [state] how far it has got
 *
 * @typedef {object} Entry one line of the conversation
 * @property {string} id of its message, or of the first one
 * @property {"you" | "talker" | "system"} from
 * @property {number} at milliseconds since 1970, on this device
 * @property {string} text
 * @property {string} [event] of a system message: its `event`
 * @property {string} [note] of a line by the page itself: the key of its text
 * @property {number} [n] of the user's own message: its number in the encrypted
 *   channel
 * @property {SendState | "delivered"} [state] of the user's own message: how far
 *   it has got
 * @property {OwnPart[]} [parts] of the user's own text that several messages carry,
 *   until all are delivered
 *
 * @typedef {object} SavedChat
 * @property {string} chatToken
 * @property {string} userToken
 * @property {string} tab the name of this tab; a duplicated tab has the same
 * @property {"creator" | "joiner"} role
 * @property {"draft" | "ready"} status
 * @property {string | null} secret the secret of the invitation link, until the
 *   encryption has taken it over
 * @property {CryptoState | null} crypto null until the chat page has opened the
 *   encryption
 * @property {Entry[]} entries
 * @property {Waiting} waiting
 * @property {number[]} owed the numbers of Talker's texts for which no receipt
 *   has been sent
 * @property {import("../e2ee/split.js").Part[]} [held] Talker's texts that are not
 *   whole, or came after a number that is missing, ascending by `n`
 * @property {number} missed the user was told of the missing messages with
 *   numbers below this one
 * @property {string} [draft] the text in the field, when the page was left
 * @property {{ sound: boolean, notify: boolean }} options
 */

/**
 * Saves a new chat.
 * @param {import("./api.js").Tokens} tokens
 * @param {"creator" | "joiner"} role
 * @param {string | null} [secret] the secret of the invitation link
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

/**
 * @param {SavedChat} saved
 * @throws {DOMException} the session storage is full or forbidden
 */
export function save(saved) {
  sessionStorage.setItem(KEY, JSON.stringify(saved));
}

/**
 * @returns {SavedChat | null} null: this tab has no chat
 * @throws {SyntaxError} the entry is damaged
 */
export function load() {
  const text = sessionStorage.getItem(KEY);
  return text === null ? null : JSON.parse(text);
}

/** Throws if the browser does not let this page store anything. */
export function probe() {
  sessionStorage.setItem("probe", "");
  sessionStorage.removeItem("probe");
}

export function wipe() {
  sessionStorage.clear();
}

/** @returns {string} a token (PROTOCOL, "Words"): 24 random hex digits */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
