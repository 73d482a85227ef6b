// SPDX-License-Identifier: BSD-3-Clause
/**
 * The loop of polls (PROTOCOL, "Long polling"): asks, hands the answer over, asks
 * again. After a failure it tries again with growing pauses, up to a limit. A
 * held poll that ends without an answer of the API is no failure yet, because
 * proxies limit how long a request may take: the loop asks again at once. It does
 * not know what an answer means.
 */

import { ApiError } from "./api.js";
import { createPause } from "./pause.js";

const ATTEMPTS = 20;
// No proxy that limits how long a request may take has a shorter limit.
const SHORTEST_LIMIT_MS = 5_000;

/**
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {"going" | "retrying" | "offline"} PollState
 */

/**
 * @param {object} options
 * @param {(hold: boolean, signal: AbortSignal) => Promise<Answer>} options.receive
 * @param {(answer: Answer) => Promise<void>} options.handle acknowledges the
 *   messages; if it throws `ApiError`, the poll asks for them again
 * @param {(state: PollState, error?: ApiError) => void} options.onState called
 *   when the state changes, or the error for which the poll tries again
 * @param {(error: ApiError) => void} options.onEnd a final error was thrown
 * @param {(error: unknown) => void} options.onFail anything but `ApiError` was
 *   thrown
 */
export function createPoll({ receive, handle, onState, onEnd, onFail }) {
  const pause = createPause();
  let asking = new AbortController();
  let running = false;
  let stopped = false;
  let told = "";

  /** @param {PollState} state @param {ApiError} [error] */
  function tell(state, error) {
    const news = `${state} ${error?.code} ${error?.message}`;
    if (news !== told) onState(state, error);
    told = news;
  }

  /**
   * @param {boolean} hold whether the server may hold the poll
   * @returns {Promise<ApiError | null>} null: the answer has been handled
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
    // How many held polls in a row ended so early that no limit can be the reason.
    let cuts = 0;
    // The first poll after a failure is not held: it is answered at once and so
    // shows that the connection is back.
    let hold = false;
    running = true;
    while (!stopped && failures < ATTEMPTS) {
      const wasHeld = hold;
      const began = performance.now();
      const error = await ask(hold);
      const isEarly = performance.now() - began < SHORTEST_LIMIT_MS;
      hold = !error;
      if (stopped) break;
      if (wasHeld) cuts = error && isEarly && !asking.signal.aborted ? cuts + 1 : 0;
      if (wasHeld && (error?.code === 0 || error?.code === 502)) {
        // Something that ends every held poll must not be asked without a rest.
        if (cuts > 1) await pause.wait(cuts - 1);
      } else if (!error) {
        failures = 0;
        tell("going");
      } else if (error.isFinal) {
        stopped = true;
        onEnd(error);
      } else if (!asking.signal.aborted) {
        failures += 1;
        tell("retrying", error);
        await pause.wait(failures, error.retryAfter);
      }
    }
    running = false;
    if (!stopped) tell("offline");
  }

  return {
    /**
     * Starts the loop. If it runs, asks anew at once: after sleep or a change of
     * network, the connection of a held poll may be dead without a sign of it.
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
