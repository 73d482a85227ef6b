// SPDX-License-Identifier: BSD-3-Clause
/**
 * The name of the window. A browser keeps it in memory only and forgets it with the
 * tab. It has the form of a query string, because sites below other paths of the host
 * keep something there too.
 */

import { NAME } from "./settings.js";

const read = () => new URLSearchParams(window.name);

/** @param {string} what @returns {string} empty if this site has kept nothing */
export function recall(what) {
  return read().get(NAME + what) ?? "";
}

/** @param {string} what @param {string} value in place of any other one; empty: none */
export function keep(what, value) {
  const kept = read();
  kept.delete(NAME + what);
  if (value) kept.append(NAME + what, value);
  window.name = String(kept);
}
