// SPDX-License-Identifier: BSD-3-Clause
//
// Looks at the processes of a server under test, through /proc, and kills some.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { waitFor } from "./children.mjs";

/**
 * Finds scripts/run and all processes that it has started: they share the
 * server's runtime directory. It reads /proc without a pause: a thousand
 * asynchronous reads would take a minute on a busy machine.
 *
 * @param {{dir: string}} server
 * @returns {Promise<{pid: number, parent: number, name: string, state: string,
 *   env: string[]}[]>}  name: the command line, a NUL behind each word; state:
 *   one letter, see proc(5)
 */
export async function findProcesses({ dir }) {
  const found = [];
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const name = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      const env = readFileSync(`/proc/${pid}/environ`, "latin1");
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [, state, parent] =
        stat.slice(stat.lastIndexOf(")")).split(" ");
      if (env.split("\0").includes(`SFCHAT_RUNTIME_DIR=${dir}`)) {
        found.push({
          pid: Number(pid), parent: Number(parent), name, state,
          env: env.split("\0").slice(0, -1),
        });
      }
    } catch {
      // The process has ended meanwhile.
    }
  }
  return found;
}

/**
 * Finds the processes that serve one request for messages each; under SCGI
 * their parent has the same name and serves none.
 */
function findPolls(processes) {
  const programs = processes.filter(
    ({ name }) => /(^|\/)messages\0/.test(name));
  const pids = programs.map(({ pid }) => pid);
  return programs.filter(({ name, parent }) =>
    !name.includes("\0--scgi\0") || pids.includes(parent));
}

/**
 * Waits until exactly so many polls run and all of them sleep.
 *
 * @param {{dir: string}} server
 * @param {number} count
 */
export function waitPolls(server, count) {
  return waitFor(async () => {
    const polls = findPolls(await findProcesses(server));
    return polls.length === count &&
      polls.every(({ state }) => state === "S") && polls;
  }, `${count} polls sleep, no more and no fewer`);
}

/**
 * Waits until a server has no process left.
 *
 * @param {string} dir  its runtime directory
 */
export function waitGone(dir) {
  return waitFor(async () => (await findProcesses({ dir })).length === 0,
    `no process with the runtime directory ${dir} is left`);
}

/** @param {number} pid @returns {boolean} whether the process was there */
export function killProcess(pid) {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** @param {number} pid @returns {number[]} the process's children */
export function findChildren(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1")
    .split(" ").filter(Boolean).map(Number);
}

/**
 * @param {number} pid
 * @returns {string} the command line, a NUL behind each word; "" if the process
 *   has ended
 */
export function readName(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/**
 * Kills so many of the processes that serve a request, always the newest one,
 * each at a random moment of its life.
 *
 * @param {{dir: string}} server
 * @param {number} count
 */
export async function killPrograms(server, count) {
  const processes = await findProcesses(server);
  // The processes that fork one child per request. A child has its parent's
  // name.
  const parents = processes.filter(({ name, parent }) =>
    /^lighttpd\0|\0--scgi\0/.test(name) && !processes.some(
      (other) => other.pid === parent && other.name === name));
  assert.ok(parents.length > 0, "the server has processes that fork");
  let last = 0;
  for (let killed = 0; killed < count;) {
    await sleep(Math.random() * 5);
    const children = parents.flatMap(({ pid }) => findChildren(pid));
    const newest = Math.max(0, ...children);
    if (newest === last) continue;
    last = newest;
    // At once: on a busy machine a process would end during a wait.
    if (newest && killProcess(newest)) killed += 1;
  }
}
