// SPDX-License-Identifier: BSD-3-Clause
/**
 * The messages that wait to be sent, oldest first. The outbox sends them in
 * order and repeats the identical request, with the same ids, until there is a
 * reply. So no message is stored twice. After too many attempts the outbox gives
 * up and keeps the messages for another try. The list is part of the saved chat
 * and survives a reload.
 */

import { ApiError } from "./api.js";
import { createPause } from "./pause.js";

const ATTEMPTS = 8;
const BATCH_LIMIT = 32;

/**
 * @typedef {import("./api.js").Item} Item
 * @typedef {{ items: Item[], batch: number }} Waiting the first `batch` items
 *   are in a request whose reply has not come, or was lost
 * @typedef {"sending" | "stored" | "failed"} SendState
 */

/**
 * @param {object} options
 * @param {Waiting} options.waiting changed in place
 * @param {() => Promise<void>} options.save saves the chat
 * @param {(items: Item[]) => Promise<unknown>} options.send
 * @param {(ids: string[], state: SendState) => void} options.onState
 * @param {(error: ApiError) => void} options.onEnd `send` threw a final error
 * @param {(error: unknown) => void} options.onFail anything but `ApiError` was
 *   thrown
 */
export function createOutbox({ waiting, save, send, onState, onEnd, onFail }) {
  const pause = createPause();
  let running = false;
  let stopped = false;
  /** @type {Promise<ApiError | null>} */
  let attempt = Promise.resolve(null);

  /** @param {SendState} state @param {Item[]} items */
  const tell = (state, items) =>
    onState(items.map(({ _id }) => _id), state);

  /** @returns {Promise<ApiError | null>} null: the messages are stored */
  async function sendBatch() {
    waiting.batch ||= Math.min(waiting.items.length, BATCH_LIMIT);
    await save();
    try {
      await send(waiting.items.slice(0, waiting.batch));
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
    const sent = waiting.items.splice(0, waiting.batch);
    waiting.batch = 0;
    tell("stored", sent);
    await save();
    return null;
  }

  async function run() {
    let failures = 0;
    running = true;
    tell("sending", waiting.items);
    while (!stopped && waiting.items.length > 0 && failures < ATTEMPTS) {
      attempt = sendBatch();
      const error = await attempt;
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
    /** Sends what waits; a pause between two attempts is not cut short. */
    start() {
      if (running || waiting.items.length === 0) return;
      if (stopped) tell("failed", waiting.items);
      else run().catch(onFail);
    },
    /** Sends what waits at once, during a pause and after giving up too. */
    flush() {
      pause.cut();
      this.start();
    },
    /** Resolves when all messages are sent, or an attempt to send them has failed. */
    async settle() {
      while (running && waiting.items.length > 0) {
        if (await attempt) return;
      }
    },
    stop() {
      stopped = true;
      pause.cut();
    },
  };
}
