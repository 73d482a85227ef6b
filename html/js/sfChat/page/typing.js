// SPDX-License-Identifier: BSD-3-Clause
/**
 * "Talker is writing": when to say it, when to show it. A hint costs the
 * server a stored message, so they are rare, and an absent Talker soon gets
 * none.
 */

import { find } from "./dom.js";
import { say } from "./i18n.js";

const REST_MS = 5_000;
const SHOWN_MS = 7_000;
const UNHEARD_LIMIT = 8;

/** @param {() => boolean} send false when it is not the time for a hint */
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
    /** Something is being written here. */
    write() {
      const isDue = performance.now() - last >= REST_MS && unheard < UNHEARD_LIMIT;
      if (!isDue || !send()) return;
      last = performance.now();
      unheard += 1;
    },
    /** Talker has given a sign of life. */
    hear() {
      unheard = 0;
    },
    show() {
      hide();
      place.textContent = say("chat.typing");
      timer = setTimeout(hide, SHOWN_MS);
    },
    hide,
  };
}

/** @typedef {ReturnType<typeof createTyping>} Typing */
