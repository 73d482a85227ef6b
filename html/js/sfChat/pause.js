// SPDX-License-Identifier: BSD-3-Clause
/**
 * A pause that grows with every attempt and can be cut short, for those who
 * try again: the poll and the outbox.
 */

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

export function createPause() {
  let end = () => {};

  return {
    /**
     * @param {number} attempt counted from 1
     * @param {number} [atLeast] seconds, when the server has named them
     * @returns {Promise<void>}
     */
    wait(attempt, atLeast = 0) {
      const grown = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS);
      // Spread, so that a restarted server does not see all of us at once.
      const spread = grown * (0.75 + Math.random() / 2);
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.max(spread, atLeast * 1_000));
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    /** Ends the pause that is going on, if one is. */
    cut: () => end(),
  };
}
