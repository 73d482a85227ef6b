// SPDX-License-Identifier: BSD-3-Clause
/**
 * How the tabs of one browser share the slots for long polls. The tabs are modules in
 * Node, and the Web Locks are imitated: two tabs that begin to wait at the same moment
 * cannot be made to in a browser.
 */

import assert from "node:assert/strict";
import { it } from "node:test";

import { openPaper } from "./lib/paper.mjs";

openPaper();

const { createSlots } = await import("../../html/js/sfChat/line/slots.js");

/** Lets everything run that waits for its turn. */
const yieldTurn = () => new Promise((resolve) => setImmediate(resolve));

/** The Web Locks of one browser: a queue for each name, whose first has the lock. */
function createLocks() {
  const queues = new Map();
  const find = (name) => queues.get(name) ?? queues.set(name, []).get(name);

  async function grant(name) {
    const [first] = find(name);
    if (!first || first.isHeld) return;
    first.isHeld = true;
    await first.use();
    find(name).shift();
    grant(name);
  }

  return {
    async request(name, { signal }, use) {
      const entry = { isHeld: false, use };
      find(name).push(entry);
      signal.addEventListener("abort", () => {
        if (!entry.isHeld) queues.set(name, find(name).filter((other) => other !== entry));
      });
      await yieldTurn();
      grant(name);
    },
    async query() {
      await yieldTurn();
      return {
        pending: [...queues].flatMap(([name, entries]) =>
          entries.filter(({ isHeld }) => !isHeld).map(() => ({ name }))),
      };
    },
  };
}

/** What one tab says, all others hear. */
class Channel {
  static all = new Set();

  constructor() {
    Channel.all.add(this);
  }

  postMessage() {
    for (const other of Channel.all) if (other !== this) other.onmessage?.();
  }
}

/** A hidden tab. `waits` are those of its polls; a held poll ends only if it is given up. */
function openTab() {
  const waits = [];
  const slots = createSlots((wait, signal) => {
    waits.push(wait);
    return new Promise((resolve, reject) => {
      if (wait < 50) setImmediate(resolve, {});
      else signal.addEventListener("abort", () => reject(new Error("given up")));
    });
  });
  return { waits, poll: () => slots.receive(true, new AbortController().signal) };
}

it("two tabs that begin to wait at the same moment both get a slot", async () => {
  Object.defineProperty(
    globalThis, "navigator", { value: { locks: createLocks() }, configurable: true });
  Object.assign(globalThis, { BroadcastChannel: Channel });

  const holders = [openTab(), openTab(), openTab()];
  for (const tab of holders) {
    tab.poll();
    while (tab.waits.length === 0) await yieldTurn();
  }
  assert.deepEqual(holders.map(({ waits }) => waits[0]), [50, 50, 50]);

  const waiting = [openTab(), openTab()];
  for (const tab of waiting) tab.poll();
  // Long before a tab gives up waiting.
  for (let i = 0; i < 1_000; i++) await yieldTurn();
  for (const { waits } of waiting) assert.ok(waits[0] > 0, "the tab has polled in a slot");
});
