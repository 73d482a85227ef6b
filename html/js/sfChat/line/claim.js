// SPDX-License-Identifier: BSD-3-Clause
/**
 * Duplicating a tab copies its session storage. Two tabs that act for one
 * participant would take each other's messages, so one of them lives.
 */

// A page that is being reloaded lets go within moments.
const PATIENCE_MS = 2_000;

/** @type {Map<string, Promise<boolean>>} what this page has claimed, by tab */
const claims = new Map();

/**
 * Claims the saved chat for this page until it is closed.
 * @param {string} tab the chat's own name
 * @returns {Promise<boolean>} false when another tab surely has it
 */
export function claim(tab) {
  const claimed = claims.get(tab) ?? obtain(`sfChat ${tab}`);
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
        // Never settled: the lock is held as long as the page.
        return new Promise(() => {});
      })
      .catch(() => resolve(false));
  });
}

/** @param {string} name */
async function isHeld(name) {
  // What we got too late is given back before the first answer.
  await navigator.locks.query();
  const { held = [] } = await navigator.locks.query();
  return held.some((lock) => lock.name === name);
}
