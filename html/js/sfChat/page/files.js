// SPDX-License-Identifier: BSD-3-Clause
/**
 * Says that a chat carries text only, when the user drops a file or pastes a
 * picture. Without this, a browser leaves the page for a file that is dropped.
 */

import { find } from "./dom.js";
import { say } from "./i18n.js";

/** @param {DataTransfer | null} data */
const hasFiles = (data) => data !== null && data.types.includes("Files");

const tell = () => { find("parts", HTMLElement).textContent = say("chat.textOnly"); };

export function refuseFiles() {
  for (const type of /** @type {const} */ (["dragover", "drop"])) {
    window.addEventListener(type, (event) => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      if (type === "drop") tell();
    });
  }
  window.addEventListener("paste", ({ clipboardData }) => {
    // A text that an office program copies comes with a picture of itself.
    if (hasFiles(clipboardData) && !clipboardData?.types.includes("text/plain")) tell();
  });
}
