// SPDX-License-Identifier: BSD-3-Clause
/**
 * The pause before another attempt, for the poll, the outbox and the join. It
 * grows with every attempt and can be cut short.
 */

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
// The longest pause that the server may ask for. A longer one could outlast the
// chat: on some sites a participant may be away for a few minutes only.
const LONGEST_ASKED_SECONDS = 300;

export function createPause() {
  let end = () => {};

  return {
    /**
     * @param {number} attempt how many attempts have failed, from 1
     * @param {number} [atLeast] seconds that the server has asked for
     * @returns {Promise<void>}
     */
    wait(attempt, atLeast = 0) {
      const grown = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS);
      // Spread, so that not all pages ask a restarted server at once.
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
    /** Ends the present pause, if there is one. */
    cut: () => end(),
  };
}
