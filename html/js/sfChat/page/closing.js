// SPDX-License-Identifier: BSD-3-Clause
/** The ✕ button: asks whether the user is sure, then closes the chat. */

import { find } from "./dom.js";

/**
 * @param {() => Promise<boolean>} close closes the chat and returns whether it
 *   is closed; if not, the user can try again; never rejects
 */
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
