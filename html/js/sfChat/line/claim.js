// SPDX-License-Identifier: BSD-3-Clause
/**
 * Sees to it that only one tab acts for a participant. A duplicated tab has a
 * copy of the session storage, and two tabs would take each other's messages.
 */

import { NAME } from "./settings.js";

// Longer than a page that is reloaded keeps its lock.
const PATIENCE_MS = 2_000;

/** @type {Map<string, Promise<boolean>>} the claims of this page, by tab */
const claims = new Map();

/**
 * Claims the saved chat for this page, for as long as the page is open.
 * @param {string} tab the name of the tab in the saved chat
 * @returns {Promise<boolean>} false if another tab certainly has the chat
 */
export function claim(tab) {
  const claimed = claims.get(tab) ?? obtain(`${NAME} ${tab}`);
  claims.set(tab, claimed);
  return claimed;
}

/**
 * @param {string} name
 * @returns {Promise<boolean>}
 */
async function obtain(name) {
  do {
    if (await take(name)) return true;
  } while (!await isHeld(name));
  return false;
}

/**
 * @param {string} name
 * @returns {Promise<boolean>}
 */
function take(name) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    navigator.locks
      .request(name, { signal }, () => {
        resolve(true);
        // A promise that never settles holds the lock until the page is left.
        return new Promise(() => {});
      })
      .catch(() => resolve(false));
  });
}

/** @param {string} name */
async function isHeld(name) {
  // `take()` may have got the lock after it gave up. The browser releases that
  // lock before it answers the first query.
  await navigator.locks.query();
  const { held = [] } = await navigator.locks.query();
  return held.some((lock) => lock.name === name);
}
