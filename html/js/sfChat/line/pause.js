// SPDX-License-Identifier: BSD-3-Clause
/**
 * A pause that grows with every attempt and can be cut short, for those who
 * try again: the poll and the outbox.
 */

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
// What a server may ask for; a longer wait would be the end of the chat.
const LONGEST_ASKED_SECONDS = 300;

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
      const asked = Math.min(atLeast, LONGEST_ASKED_SECONDS) * 1_000;
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.max(spread, asked));
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
