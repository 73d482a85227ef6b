// SPDX-License-Identifier: BSD-3-Clause
/**
 * Typing hints: when to send one, and when to show that Talker is writing. The
 * server stores each hint as a message, so hints are rare. After several hints
 * without anything from Talker, no more are sent until something comes.
 */

import { find } from "./dom.js";
import { say } from "./i18n.js";

const REST_MS = 5_000;
const SHOWN_MS = 7_000;
const UNHEARD_LIMIT = 8;

/** @param {() => boolean} send sends a hint; false if it must not be sent now */
export function createTyping(send) {
  const place = find("typing", HTMLElement);
  let last = -Infinity;
  let unheard = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function hide() {
    clearTimeout(timer);
    place.textContent = "";
  }

  return {
    /** The user is writing. */
    write() {
      const isDue = performance.now() - last >= REST_MS && unheard < UNHEARD_LIMIT;
      if (!isDue || !send()) return;
      last = performance.now();
      unheard += 1;
    },
    /** Something has come from Talker. */
    hear() {
      unheard = 0;
    },
    /** Shows for some seconds that Talker is writing. */
    show() {
      hide();
      place.textContent = say("chat.typing");
      timer = setTimeout(hide, SHOWN_MS);
    },
    hide,
  };
}

/** @typedef {ReturnType<typeof createTyping>} Typing */
