// SPDX-License-Identifier: BSD-3-Clause
/**
 * The saved chat: everything of a chat that must survive a reload of the page.
 * It is one entry in the session storage of the tab, deleted when the chat ends.
 * Browsers write session storage to the disk, so the entry is encrypted (E2EE, "On
 * the disk"). The key is in the name of the window, which a browser keeps in memory
 * only and forgets with the tab. Nothing else of a chat is stored.
 */

import { ownBase64url, toBase64url, utf8 } from "../e2ee/bytes.js";
import { NAME } from "./settings.js";
import { keep, recall } from "./window-name.js";

const LABEL = "sfc-save-1";
const KEY_LENGTH = 32;
const IV_LENGTH = 12;
const KEY = /^[\w-]{43}$/;

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
 * @property {string[]} unsealed the user's texts that are not encrypted yet
 * @property {string} draft the text in the field
 * @property {{ sound: boolean, notify: boolean }} options
 */

/**
 * The key of the chat that this page saves, in base64url. Null: the page has none,
 * or has wiped it, or is left, and then it saves nothing.
 * @type {string | null}
 */
let key = null;
/** @type {Promise<void> | null} the save that waits for its turn */
let next = null;
/** @type {Promise<void>} the last save; does not reject */
let last = Promise.resolve();

// A browser may keep a page that is left in memory. A save that goes on when the
// page is shown again would overwrite what other pages have saved since.
window.addEventListener("pagehide", () => { key = null; });

/**
 * Makes a key for a new chat, and saves the chat.
 * @param {import("./api.js").Tokens} tokens
 * @param {"creator" | "joiner"} role
 * @param {string | null} [secret] the secret of the invitation link
 */
export async function begin({ chatToken, userToken }, role, secret = null) {
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
    unsealed: [],
    draft: "",
    options: { sound: false, notify: false },
  };
  key = draw(KEY_LENGTH);
  keep("", key);
  await save(saved);
}

/**
 * Saves the chat as it is when all earlier saves are done. Calls that wait for the
 * same turn share one save.
 * @param {SavedChat} saved
 * @param {() => boolean} [makeRoom] called when the session storage is full; removes
 *   something from `saved`, and returns false if nothing is left to remove
 * @returns {Promise<void>} resolves when the chat is saved, or has been wiped;
 *   rejects if the session storage is full or forbidden
 */
export function save(saved, makeRoom = () => false) {
  const mine = key;
  next ??= last.then(() => {
    next = null;
    return write(saved, mine, makeRoom);
  });
  last = next.catch(() => {});
  return next;
}

/**
 * @param {SavedChat} saved
 * @param {string | null} mine its key; nothing is written if the page has another
 * @param {() => boolean} makeRoom
 */
async function write(saved, mine, makeRoom) {
  while (mine !== null) {
    const entry = await seal(saved, mine);
    if (key !== mine) return;
    try {
      sessionStorage.setItem(NAME, entry);
      return;
    } catch (error) {
      if (!makeRoom()) throw error;
    }
  }
}

/** @param {number} length @returns {string} so many random bytes, in base64url */
function draw(length) {
  return toBase64url(crypto.getRandomValues(new Uint8Array(length)));
}

/**
 * @param {"encrypt" | "decrypt"} how
 * @param {string} mine the key
 * @param {{ tab: string, iv: string }} entry
 * @param {import("../e2ee/bytes.js").Bytes} data
 */
async function run(how, mine, { tab, iv }, data) {
  const { subtle } = crypto;
  const handle = await subtle.importKey("raw", ownBase64url(mine), "AES-GCM", false, [how]);
  const additionalData = utf8(LABEL + tab);
  return new Uint8Array(await subtle[how](
    { name: "AES-GCM", iv: ownBase64url(iv), additionalData }, handle, data));
}

/** @param {SavedChat} saved @param {string} mine its key */
async function seal(saved, mine) {
  const entry = { tab: saved.tab, iv: draw(IV_LENGTH) };
  const data = await run("encrypt", mine, entry, utf8(JSON.stringify(saved)));
  return JSON.stringify({ ...entry, data: toBase64url(data) });
}

/** @returns {string | null} the name of this tab; null: the tab has no chat */
export function readTab() {
  return readEntry()?.tab ?? null;
}

/** @throws {SyntaxError} the entry is damaged */
function readEntry() {
  return JSON.parse(sessionStorage.getItem(NAME) ?? "null");
}

/**
 * Reads the saved chat. What the tab keeps is read before the call returns, so the
 * caller can wipe it at once.
 * @returns {Promise<SavedChat | null>} null: this tab has no chat, or no longer has
 *   its key; rejects if the entry is damaged
 */
export async function load() {
  const entry = readEntry();
  const found = recall("").match(KEY);
  if (!entry || !found) return null;
  [key] = found;
  const plaintext = await run("decrypt", key, entry, ownBase64url(entry.data));
  return JSON.parse(new TextDecoder().decode(plaintext));
}

/** Throws if the browser does not let this page store anything. */
export function probe() {
  const name = `${NAME} probe`;
  sessionStorage.setItem(name, "");
  sessionStorage.removeItem(name);
}

/** Deletes the key first: without it nothing that a disk keeps can be read. */
export function wipe() {
  key = null;
  next = null;
  keep("", "");
  sessionStorage.removeItem(NAME);
}

/** @returns {string} a token (PROTOCOL, "Words"): 24 random hex digits */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
