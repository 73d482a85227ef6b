// SPDX-License-Identifier: BSD-3-Clause
/** The two ways out: the ✕ with its question, and panic without one. */

import { find } from "./dom.js";

const TWICE_MS = 1_000;

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
 * The button, or Esc twice.
 * @param {() => void} wipe leaves nothing of the chat
 */
export function createPanic(wipe) {
  let lastEscape = -Infinity;

  function leave() {
    wipe();
    document.title = "";
    document.body.replaceChildren();
    // Of nobody's, and there without any network.
    location.replace("about:blank");
  }

  find("panic", HTMLButtonElement).addEventListener("click", leave);
  document.addEventListener("keydown", ({ key, repeat, timeStamp }) => {
    if (key !== "Escape" || repeat) return;
    if (timeStamp - lastEscape < TWICE_MS) leave();
    lastEscape = timeStamp;
  }, { capture: true });
}
