// SPDX-License-Identifier: BSD-3-Clause
/**
 * The longest that a browser test waits for a page. It is generous: a wait that
 * reaches it hangs. No test measures time by it.
 */

import { setTimeout as sleep } from "node:timers/promises";

export const PATIENCE_MS = 120_000;

/**
 * Settles as the promise does, and rejects if that takes too long.
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what the promise waits for
 * @returns {Promise<T>}
 */
export async function bound(promise, what) {
  const stop = new AbortController();
  const { signal } = stop;
  const expiry = sleep(PATIENCE_MS, undefined, { signal }).then(() => {
    throw new Error(`waited ${PATIENCE_MS / 1_000} s: ${what}`);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    stop.abort();
  }
}
