// SPDX-License-Identifier: BSD-3-Clause
/**
 * What waits to be sent, oldest first. Sends in order, repeats the identical
 * request under the same ids until it is answered (so nothing is stored
 * twice) or until a limit, and then keeps everything for another try.
 * The list itself lives in the saved chat and so survives a refresh.
 */

import { ApiError } from "./api.js";
import { createPause } from "./pause.js";

const ATTEMPTS = 8;
const BATCH_LIMIT = 32;

/**
 * @typedef {import("./api.js").Item} Item
 * @typedef {{ items: Item[], batch: number }} Waiting `batch` items of the
 *   front are on their way, or may have been stored without our knowing
 * @typedef {"sending" | "stored" | "failed"} SendState
 */

/**
 * @param {object} options
 * @param {Waiting} options.waiting
 * @param {() => void} options.save
 * @param {(items: Item[]) => Promise<unknown>} options.send
 * @param {(ids: string[], state: SendState) => void} options.onState
 * @param {(error: ApiError) => void} options.onEnd
 * @param {(error: unknown) => void} options.onFail anything else was thrown
 */
export function createOutbox({ waiting, save, send, onState, onEnd, onFail }) {
  const pause = createPause();
  let running = false;
  let stopped = false;

  /** @param {SendState} state @param {Item[]} items */
  const tell = (state, items) =>
    onState(items.map(({ _id }) => _id), state);

  /** @returns {Promise<ApiError | null>} */
  async function sendBatch() {
    waiting.batch ||= Math.min(waiting.items.length, BATCH_LIMIT);
    save();
    try {
      await send(waiting.items.slice(0, waiting.batch));
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
    tell("stored", waiting.items.splice(0, waiting.batch));
    waiting.batch = 0;
    save();
    return null;
  }

  async function run() {
    let failures = 0;
    running = true;
    tell("sending", waiting.items);
    while (!stopped && waiting.items.length > 0 && failures < ATTEMPTS) {
      const error = await sendBatch();
      if (stopped) break;
      if (!error) {
        failures = 0;
      } else if (error.isFinal) {
        stopped = true;
        onEnd(error);
      } else {
        failures += 1;
        if (failures < ATTEMPTS) await pause.wait(failures, error.retryAfter);
      }
    }
    running = false;
    if (waiting.items.length > 0) tell("failed", waiting.items);
  }

  return {
    /** Sends what waits, when it is its turn: a pause is not cut short. */
    start() {
      if (running || waiting.items.length === 0) return;
      if (stopped) tell("failed", waiting.items);
      else run().catch(onFail);
    },
    /** Sends what waits, now, whatever pause or failure there was. */
    flush() {
      pause.cut();
      this.start();
    },
    stop() {
      stopped = true;
      pause.cut();
    },
  };
}
