// SPDX-License-Identifier: BSD-3-Clause
/**
 * What is known about who is at the other end, and the comparing of safety
 * numbers that tells more.
 */

import { find } from "./dom.js";
import { say } from "./i18n.js";

/**
 * @param {object} options
 * @param {() => void} options.onMatch the two people say the numbers match
 * @param {() => void} options.onDiffer
 */
export function createVerification({ onMatch, onDiffer }) {
  const button = find("security", HTMLButtonElement);
  const dialog = find("verify", HTMLDialogElement);

  button.addEventListener("click", () => {
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "match") onMatch();
    if (dialog.returnValue === "differ") onDiffer();
  });

  return {
    /** @param {NonNullable<import("../encryption.js").Encryption["established"]>} known */
    show({ safety, verified }) {
      find("security-text", HTMLElement).textContent = say(`secure.${verified}`);
      button.dataset.verified = verified;
      button.hidden = false;
      find("safety", HTMLElement).textContent = safety;
      find("verify-text", HTMLElement).textContent = say(`verify.${verified}`);
    },
    remove() {
      if (dialog.open) dialog.close();
      button.hidden = true;
    },
  };
}

/** @typedef {ReturnType<typeof createVerification>} Verification */
