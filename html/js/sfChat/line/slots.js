// SPDX-License-Identifier: BSD-3-Clause
/**
 * Shares the connections to the server among the tabs of the site. A poll that
 * the server holds takes one of six connections (HTTP/1.1) or of eight streams
 * (HTTP/2), and all tabs of a browser share these. So a tab may hold a poll only
 * while it has one of four slots, which are Web Locks. One slot is for the tab
 * that the user sees; the hidden tabs take turns with the other three. All other
 * requests need no slot.
 *
 * Nothing here relies on a timer that ends soon: browsers run the timers of a
 * hidden tab once a minute.
 */

import { NAME } from "./settings.js";

const SEEN = `${NAME} poll seen`;
const SHARED = [1, 2, 3].map((number) => `${NAME} poll ${number}`);
// Many proxies end a request after 60 seconds.
const WAIT_SECONDS = 50;
// How many polls of one second the tabs that wait for the shared slots make while
// each of them has one turn. In three slots, four polls take 1.3 seconds.
const LONG_TURNS = 4;
// A tab that the browser has frozen keeps its slot.
const PATIENCE_MS = 5_000;

/**
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {{ name: string, release: (value?: unknown) => void }} Slot
 */

/**
 * Asks for several slots and keeps the first that is free.
 * @param {string[]} names
 * @param {AbortSignal} signal
 * @returns {Promise<Slot | null>} null: none was free in time, or `signal` was
 *   aborted
 */
function take(names, signal) {
  const asking = new AbortController();
  return new Promise((resolve) => {
    const giveUp = () => {
      asking.abort();
      resolve(null);
    };
    signal.addEventListener("abort", giveUp);
    const timer = setTimeout(giveUp, PATIENCE_MS);
    for (const name of names) {
      navigator.locks.request(name, { signal: asking.signal }, () => {
        if (asking.signal.aborted) return undefined;
        clearTimeout(timer);
        asking.abort();
        return new Promise((release) => resolve({ name, release }));
      }).catch(() => {});
    }
  });
}

/** @returns {Promise<(name: string) => number>} how many wait for a slot */
async function countWaiting() {
  // A page that is being left may not ask.
  const { pending = [] } = await navigator.locks.query().catch(() => ({ pending: [] }));
  return (name) => pending.filter((lock) => lock.name === name).length;
}

/** @param {number} waiting how many other tabs wait for the slot of this tab */
function chooseWait(waiting) {
  if (waiting === 0) return WAIT_SECONDS;
  return Math.random() * waiting < LONG_TURNS ? 1 : 0;
}

/**
 * @param {(seconds: number, signal: AbortSignal) => Promise<Answer>} receive
 *   polls; the server may hold the poll for so many seconds
 */
export function createSlots(receive) {
  // Over this channel a tab says that it waits for a slot.
  const bell = new BroadcastChannel(`${NAME} poll`);
  let makeRoom = () => {};
  bell.onmessage = () => makeRoom();

  /**
   * Rings if this tab waits. It rings too if another tab waits: of two that begin at the
   * same moment, each would leave it to the other.
   */
  async function ring(/** @type {string[]} */ names) {
    const count = await countWaiting();
    if (names.every(count)) bell.postMessage("");
  }

  /**
   * Polls in a slot. Gives up a long poll when another tab rings for the slot.
   * @param {string} name of the slot
   * @param {AbortController} asking
   * @returns {Promise<Answer | null>} null: it was given up
   */
  async function poll(name, asking) {
    let isWanted = false;
    let wait = 0;
    makeRoom = () => {
      if (name === SEEN && !document.hidden) return;
      isWanted = true;
      if (wait === WAIT_SECONDS) asking.abort();
    };
    const count = await countWaiting();
    wait = chooseWait(Math.max(count(name), Number(isWanted)));
    try {
      return await receive(wait, asking.signal);
    } catch (error) {
      if (isWanted) return null;
      throw error;
    } finally {
      makeRoom = () => {};
    }
  }

  return {
    /**
     * Polls. A held poll waits for a slot first.
     * @param {boolean} hold whether the server may hold the poll
     * @param {AbortSignal} signal
     * @returns {Promise<Answer>}
     */
    async receive(hold, signal) {
      if (!hold) return receive(0, signal);
      const asking = new AbortController();
      signal.addEventListener("abort", () => asking.abort());
      const names = document.hidden ? SHARED : [SEEN, ...SHARED];
      const taken = take(names, asking.signal);
      ring(names);
      const slot = await taken;
      if (!slot) return receive(0, asking.signal);
      const answer = await poll(slot.name, asking).finally(slot.release);
      return answer ?? receive(0, signal);
    },
  };
}
