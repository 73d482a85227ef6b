// SPDX-License-Identifier: BSD-3-Clause
/** The bar above the log: the state of the chat and how long it has left. */

import { find } from "./dom.js";
import { language, say } from "./i18n.js";

const MINUTE_MS = 60_000;

/**
 * @typedef {"draft" | "securing" | "ready" | "absent" | "retrying" | "offline"
 *   | "closing" | "closed" | "elsewhere"} State
 */

/**
 * @param {State} name
 * @param {Record<string, string | number>} [values] of the text
 * @param {string} [text] the key of a text that says more than the usual one
 */
export function showState(name, values = {}, text = name) {
  const state = find("state", HTMLElement);
  const said = say(`state.${text}`, values);
  // The element is a live region: the same text must not be read out again.
  if (state.textContent !== said) state.textContent = said;
  state.dataset.state = name;
  find("retry", HTMLElement).hidden = name !== "retrying" && name !== "offline";
}

/** Shows the time left, minute by minute, once it is known. */
export function createClock() {
  const left = find("left", HTMLElement);
  /** @type {number | null} on the clock of `performance.now()` */
  let end = null;

  function show() {
    if (end === null) return;
    const minutes = Math.max(0, Math.ceil((end - performance.now()) / MINUTE_MS));
    left.textContent = say("chat.left", { time: formatMinutes(minutes) });
    left.hidden = false;
  }

  const timer = setInterval(show, MINUTE_MS);
  return {
    /** @param {number} ms from now */
    set(ms) {
      end = performance.now() + ms;
      show();
    },
    stop() {
      clearInterval(timer);
      left.hidden = true;
    },
  };
}

/** @typedef {ReturnType<typeof createClock>} Clock */

/** @param {number} minutes shown in hours from two hours on */
export function formatMinutes(minutes) {
  const inHours = minutes >= 120;
  return new Intl.NumberFormat(language(), {
    style: "unit",
    unit: inHours ? "hour" : "minute",
    unitDisplay: "short",
  }).format(inHours ? Math.round(minutes / 60) : minutes);
}
