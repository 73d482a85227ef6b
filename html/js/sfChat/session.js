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
 *
 * @typedef {object} Entry one line of the conversation
 * @property {string} id
 * @property {"you" | "talker" | "system"} from
 * @property {number} at milliseconds since 1970, on this device
 * @property {string} text
 * @property {string} [event] the name of a system message
 * @property {SendState} [state] how far one of ours has got
 *
 * @typedef {object} Session
 * @property {string} chatToken
 * @property {string} userToken
 * @property {string} tab tells a duplicated tab from this one reloaded
 * @property {"draft" | "ready"} status
 * @property {Entry[]} entries
 * @property {Waiting} waiting
 */

/**
 * @param {import("./api.js").Tokens} tokens
 * @param {"draft" | "ready"} status
 * @returns {Session}
 */
export function begin({ chatToken, userToken }, status) {
  const session = {
    chatToken,
    userToken,
    tab: newId(),
    status,
    entries: [],
    waiting: { items: [], batch: 0 },
  };
  save(session);
  return session;
}

/** @param {Session} session */
export function save(session) {
  sessionStorage.setItem(KEY, JSON.stringify(session));
}

/** @returns {Session | null} */
export function load() {
  const text = sessionStorage.getItem(KEY);
  return text === null ? null : JSON.parse(text);
}

export function wipe() {
  sessionStorage.removeItem(KEY);
}

/** 24 random hex digits, as PROTOCOL §1 shapes a message token. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
