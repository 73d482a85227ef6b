// SPDX-License-Identifier: BSD-3-Clause
//
// Looks at the processes of a server under test, through /proc, and kills some.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const GONE_MS = 5000;

/**
 * All processes that a server has started, itself too: they share its runtime
 * directory.
 *
 * @param {{dir: string}} server
 * @returns {Promise<{pid: number, parent: number, name: string,
 *   env: string[]}[]>}  name: the command line, a NUL behind each word
 */
export async function findProcesses({ dir }) {
  const found = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const name = await readFile(`/proc/${pid}/cmdline`, "latin1");
      const env = await readFile(`/proc/${pid}/environ`, "latin1");
      const stat = await readFile(`/proc/${pid}/stat`, "latin1");
      if (env.split("\0").includes(`SFCHAT_RUNTIME_DIR=${dir}`)) {
        found.push({
          pid: Number(pid), name, env: env.split("\0").slice(0, -1),
          parent: Number(stat.slice(stat.lastIndexOf(")")).split(" ")[2]),
        });
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** Those of them that serve one request for messages: not who only forks. */
function findPolls(processes) {
  const programs = processes.filter(
    ({ name }) => /\/cgi-bin\/messages\0/.test(name));
  const pids = programs.map(({ pid }) => pid);
  return programs.filter(({ name, parent }) =>
    !name.includes("\0--scgi\0") || pids.includes(parent));
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
    found = findPolls(await findProcesses(server));
    if (found.length === count) return found;
    await sleep(50);
  } while (Date.now() < end);
  assert.fail(`${found.length} programs run, not ${count}`);
}

/** @param {number} pid @returns {boolean} whether there was anybody to kill */
export function kill(pid) {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** @param {number} pid @returns {number[]} its children */
function findChildren(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1")
    .split(" ").filter(Boolean).map(Number);
}

/**
 * Kills so many of the programs that serve a request, the newest each time, at
 * a random moment of its life.
 *
 * @param {{dir: string}} server
 * @param {number} count
 */
export async function killPrograms(server, count) {
  const processes = await findProcesses(server);
  // Those that fork for each request; what they have forked has their name.
  const parents = processes.filter(({ name, parent }) =>
    /^lighttpd\0|\0--scgi\0/.test(name) && !processes.some(
      (other) => other.pid === parent && other.name === name));
  let last = 0;
  for (let killed = 0; killed < count;) {
    await sleep(0);
    const children = parents.flatMap(({ pid }) => findChildren(pid));
    const newest = Math.max(0, ...children);
    if (newest === last) continue;
    last = newest;
    await sleep(Math.random() * 5);
    if (newest && kill(newest)) killed += 1;
  }
}
