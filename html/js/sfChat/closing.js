// SPDX-License-Identifier: BSD-3-Clause
/** The two ways out: the ✕ with its question, and panic without one. */

import { createApi } from "./line/api.js";
import { find } from "./page/dom.js";
import { wipe } from "./line/saved-chat.js";
import { tokenHeaders } from "./line/settings.js";

const TWICE_MS = 1_000;
const TELL_MS = 1_000;
// What some browsers give for any key that goes to an input method.
const IN_INPUT_METHOD = 229;

/** @typedef {import("./line/saved-chat.js").SavedChat} SavedChat */

/** @param {() => Promise<boolean>} close answers whether it was done */
export function createClosing(close) {
  const button = find("close", HTMLButtonElement);
  const dialog = find("sure", HTMLDialogElement);
  button.disabled = false;
  button.addEventListener("click", () => {
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "close") return;
    button.disabled = true;
    button.disabled = await close();
  });
  return {
    remove() {
      if (dialog.open) dialog.close();
      button.remove();
    },
  };
}

/**
 * Closes a chat that no page keeps going, or is to any more.
 * @param {import("./line/api.js").Tokens} tokens
 * @returns {Promise<unknown>} until the server was told
 */
export function closeUnseen(tokens) {
  // Nobody is there to hear of a failure, and the chat expires anyway.
  return createApi(tokens, tokenHeaders()).close().catch(() => {});
}

/**
 * The same, and leaves nothing of it here.
 * @param {SavedChat | null} saved
 * @returns {Promise<unknown>} until the server was told
 */
export function abandon(saved) {
  wipe();
  return saved ? closeUnseen(saved) : Promise.resolve();
}

/**
 * Leaves for an empty page: at once to look at, and in truth when the server
 * was told, for in some browsers a request ends with its page.
 * @param {Promise<unknown>} told
 */
export async function vanish(told) {
  document.title = "";
  document.body.replaceChildren();
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, TELL_MS))]);
  // Of nobody's, and there without any network.
  location.replace("about:blank");
}

/**
 * @param {() => void} act
 * @param {AbortSignal} [signal] ends it
 */
export function onEscapeTwice(act, signal) {
  let last = -Infinity;

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.repeat) return;
    if (event.isComposing || event.keyCode === IN_INPUT_METHOD) return;
    // This one closes the dialog.
    if (document.querySelector("dialog[open]")) return;
    if (event.timeStamp - last < TWICE_MS) act();
    last = event.timeStamp;
  }, { capture: true, signal });
}

/** @type {AbortController | undefined} */
let lastPanic;

/**
 * The button, or Esc twice. Called again, it is the new way of wiping that
 * counts.
 * @param {() => Promise<unknown>} forget leaves nothing of the chat; until the
 *   server was told
 */
export function createPanic(forget) {
  lastPanic?.abort();
  lastPanic = new AbortController();
  const { signal } = lastPanic;
  const leave = () => vanish(forget());
  find("panic", HTMLButtonElement).addEventListener("click", leave, { signal });
  onEscapeTwice(leave, signal);
}
