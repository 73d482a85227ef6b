// SPDX-License-Identifier: BSD-3-Clause
/**
 * Shows whether and how Talker is verified, and lets the two people compare their
 * safety numbers.
 */

import { find } from "./dom.js";
import { say } from "./i18n.js";

/**
 * @param {object} options
 * @param {() => void} options.onMatch the user says that the numbers match
 * @param {() => void} options.onDiffer the user says that the numbers differ
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
      find("match", HTMLElement).hidden = verified === "number";
      find("verify-text", HTMLElement).textContent = say(`verify.${verified}`);
    },
    remove() {
      if (dialog.open) dialog.close();
      button.hidden = true;
    },
  };
}

/** @typedef {ReturnType<typeof createVerification>} Verification */
