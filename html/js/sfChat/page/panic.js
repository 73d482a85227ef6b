// SPDX-License-Identifier: BSD-3-Clause
/** Panic: deletes everything of the chat and leaves the page at once. */

import { find } from "./dom.js";

const TWICE_MS = 1_000;
const TELL_MS = 1_000;
// A thumb that slips does not stay for so long.
const HOLD_MS = 500;
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

/**
 * Calls `act` when the button is pressed. A finger has to hold the button; a short
 * touch only shows what the button does.
 * @param {HTMLElement} button
 * @param {HTMLElement} hint
 * @param {() => void} act
 * @param {AbortSignal} signal stops the watching
 */
function onHold(button, hint, act, signal) {
  let isTouch = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function release() {
    clearTimeout(timer);
    button.classList.remove("held");
  }

  button.addEventListener("pointerdown", ({ pointerType }) => {
    isTouch = pointerType === "touch";
    if (!isTouch) return;
    button.classList.add("held");
    timer = setTimeout(act, HOLD_MS);
  }, { signal });
  for (const type of ["pointerup", "pointercancel", "pointerleave"]) {
    button.addEventListener(type, release, { signal });
  }
  // A long touch would open a menu, which ends the touch.
  button.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  button.addEventListener("click", ({ detail }) => {
    // A press of a key has no `detail`.
    if (isTouch && detail > 0) hint.classList.add("shown");
    else act();
  }, { signal });
  document.addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !button.contains(target)) hint.classList.remove("shown");
  }, { signal });
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
  onHold(find("panic", HTMLButtonElement), find("panic-hint", HTMLElement), leave, signal);
  onEscapeTwice(leave, signal);
}
