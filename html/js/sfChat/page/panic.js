// SPDX-License-Identifier: BSD-3-Clause
/** Panic: deletes everything of the chat and leaves the page at once. */

import { find } from "./dom.js";

const TWICE_MS = 1_000;
const TELL_MS = 1_000;
// The `keyCode` that some browsers give for every key an input method takes.
const IN_INPUT_METHOD = 229;

/**
 * Empties the page at once and then leaves it for `about:blank`. It first
 * waits a little for the server, because some browsers cancel the requests of
 * a page that is left.
 * @param {Promise<unknown>} told resolves when the server was told; does not
 *   reject
 */
export async function vanish(told) {
  document.title = "";
  document.body.replaceChildren();
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, TELL_MS))]);
  // `about:blank` belongs to no site and needs no network.
  location.replace("about:blank");
}

/**
 * Calls `act` when Esc is pressed twice within a second.
 * @param {() => void} act
 * @param {AbortSignal} [signal] stops the watching
 */
export function onEscapeTwice(act, signal) {
  let last = -Infinity;

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.repeat) return;
    if (event.isComposing || event.keyCode === IN_INPUT_METHOD) return;
    // This Esc closes the dialog.
    if (document.querySelector("dialog[open]")) return;
    if (event.timeStamp - last < TWICE_MS) act();
    last = event.timeStamp;
  }, { capture: true, signal });
}

/** @type {AbortController | undefined} */
let lastPanic;

/**
 * Offers panic by the button and by Esc twice. A second call replaces the
 * `forget` of the first.
 * @param {() => Promise<unknown>} forget deletes everything of the chat; its
 *   promise resolves when the server was told, and does not reject
 */
export function createPanic(forget) {
  lastPanic?.abort();
  lastPanic = new AbortController();
  const { signal } = lastPanic;
  const leave = () => vanish(forget());
  find("panic", HTMLButtonElement).addEventListener("click", leave, { signal });
  onEscapeTwice(leave, signal);
}
