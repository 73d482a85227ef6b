// SPDX-License-Identifier: BSD-3-Clause
//
// Looks at the processes of a server under test, through /proc.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const GONE_MS = 5000;

/**
 * All processes that a server has started, itself too: they share its runtime
 * directory.
 *
 * @param {{dir: string}} server
 * @returns {Promise<{pid: number, name: string, env: string[]}[]>}
 */
export async function findProcesses({ dir }) {
  const found = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const name = await readFile(`/proc/${pid}/cmdline`, "latin1");
      const env = await readFile(`/proc/${pid}/environ`, "latin1");
      if (env.split("\0").includes(`SFCHAT_RUNTIME_DIR=${dir}`)) {
        found.push({ pid: Number(pid), name, env: env.split("\0").slice(0, -1) });
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/**
 * Waits until so many polls wait, that is until so many programs for messages
 * run; fails after a while.
 *
 * @param {{dir: string}} server
 * @param {number} count
 */
export async function waitPrograms(server, count, milliseconds = GONE_MS) {
  const end = Date.now() + milliseconds;
  let found;
  do {
    found = (await findProcesses(server)).filter(
      ({ name }) => /\/cgi-bin\/messages\0/.test(name));
    if (found.length === count) return found;
    await sleep(50);
  } while (Date.now() < end);
  assert.fail(`${found.length} programs run, not ${count}`);
}
