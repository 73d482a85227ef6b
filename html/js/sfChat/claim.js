// SPDX-License-Identifier: BSD-3-Clause
/**
 * Duplicating a tab copies its session storage. Two tabs that act for one
 * participant would take each other's messages, so one of them lives.
 */

// A page that is being reloaded lets go within moments.
const PATIENCE_MS = 2_000;

/**
 * Claims the session for this page until it is closed.
 * @param {string} tab the session's own name
 * @returns {Promise<boolean>} false when another tab has it
 */
export function claim(tab) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    navigator.locks
      .request(`sfChat ${tab}`, { signal }, () => {
        resolve(true);
        // Never settled: the lock is held as long as the page.
        return new Promise(() => {});
      })
      .catch(() => resolve(false));
  });
}
