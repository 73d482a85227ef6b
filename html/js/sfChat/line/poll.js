// SPDX-License-Identifier: BSD-3-Clause
/**
 * The loop of long polls (PROTOCOL §4): asks, hands the answer over, asks
 * again. Keeps going through lost connections with growing pauses, up to a
 * limit, and knows nothing of what an answer means.
 */

import { ApiError } from "./api.js";
import { createPause } from "./pause.js";

const ATTEMPTS = 20;

/**
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {"going" | "retrying" | "offline"} PollState
 */

/**
 * @param {object} options
 * @param {(hold: boolean, signal: AbortSignal) => Promise<Answer>} options.receive
 * @param {(answer: Answer) => Promise<void>} options.handle may throw what
 *   `receive` throws; what it has not acknowledged will be answered again
 * @param {(state: PollState) => void} options.onState told of changes only
 * @param {(error: ApiError) => void} options.onEnd the server wants no more
 * @param {(error: unknown) => void} options.onFail `handle` threw anything else
 */
export function createPoll({ receive, handle, onState, onEnd, onFail }) {
  const pause = createPause();
  let asking = new AbortController();
  let running = false;
  let stopped = false;
  /** @type {PollState | null} */
  let told = null;

  /** @param {PollState} state */
  function tell(state) {
    if (state !== told) onState(state);
    told = state;
  }

  /**
   * @param {boolean} hold
   * @returns {Promise<ApiError | null>}
   */
  async function ask(hold) {
    asking = new AbortController();
    try {
      await handle(await receive(hold, asking.signal));
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
    return null;
  }

  async function run() {
    let failures = 0;
    // Not held until one was answered: a held poll says nothing for minutes,
    // and so would not tell that the line is up again.
    let hold = false;
    running = true;
    while (!stopped && failures < ATTEMPTS) {
      const error = await ask(hold);
      hold = !error;
      if (stopped) break;
      if (!error) {
        failures = 0;
        tell("going");
      } else if (error.isFinal) {
        stopped = true;
        onEnd(error);
      } else if (!asking.signal.aborted) {
        failures += 1;
        tell("retrying");
        await pause.wait(failures, error.retryAfter);
      }
    }
    running = false;
    if (!stopped) tell("offline");
  }

  return {
    /**
     * Starts, or makes sure at once that the line is still up: after sleep
     * or a change of network a held request may be dead without knowing it.
     */
    start() {
      if (stopped) return;
      if (!running) {
        run().catch(onFail);
      } else {
        asking.abort();
        pause.cut();
      }
    },
    stop() {
      stopped = true;
      asking.abort();
      pause.cut();
    },
  };
}
