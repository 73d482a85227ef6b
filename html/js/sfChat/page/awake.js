// SPDX-License-Identifier: BSD-3-Clause
/**
 * Keeps the screen on while the creator waits for Talker: a phone that goes to
 * sleep stops the page. A browser may refuse it; then nothing happens.
 */

/** @returns {{ hold: () => void, release: () => void }} */
export function createAwake() {
  let isWanted = false;
  let isAsking = false;
  /** @type {WakeLockSentinel | null} */
  let lock = null;

  async function ask() {
    const isHeld = isAsking || lock?.released === false;
    if (!isWanted || isHeld || document.hidden || !navigator.wakeLock) return;
    isAsking = true;
    try {
      lock = await navigator.wakeLock.request("screen");
    } catch {
      // The battery is low, or the browser does not want to.
    }
    isAsking = false;
    if (!isWanted) release();
  }

  function release() {
    isWanted = false;
    lock?.release().catch(() => {});
  }

  // The browser takes the lock back when the page is hidden.
  document.addEventListener("visibilitychange", ask);
  return {
    hold() {
      isWanted = true;
      ask();
    },
    release,
  };
}

/** @typedef {ReturnType<typeof createAwake>} Awake */
