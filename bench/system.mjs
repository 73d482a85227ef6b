// SPDX-License-Identifier: BSD-3-Clause
// Starts the servers that are compared and the load generator, and reads the
// kernel's figures about memory and CPU time. Must not know which figures are
// reported.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

import { startServer } from '../tests/lib/server.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const BUILD = join(ROOT, 'build', 'bench');
const FIRST_PORT = Number(process.env.BENCH_PORT ?? 18790);
// As docs/SCALING.md says: Redis wakes the polls, so looks can be rare.
const WITH_MONGODB = {
  SFCHAT_WAKE: 'redis', SFCHAT_POLL_SLEEP: '30', SFCHAT_POLL_ITERATION: '6',
};
const LOAD_TIMEOUT_MS = 240_000;
const PAGE_KB = 4;

const running = new Set();

/**
 * Starts a server at a port of its own: the product as built, by CGI or SCGI, or
 * the bare programs under the same lighttpd.conf. A MongoDB server runs already;
 * SFCHAT_STORE names it.
 *
 * @param {{bare?: boolean, serve?: string, store?: string}} kind
 */
export async function start({ bare = false, serve = 'cgi', store = 'lmdb' }) {
  const server = await startServer({
    port: FIRST_PORT + running.size,
    env: {
      SFCHAT_SERVE: serve,
      SFCHAT_STORE_KIND: store,
      ...(store === 'mongodb' ? {
        SFCHAT_STORE: process.env.SFCHAT_STORE, ...WITH_MONGODB,
      } : {}),
      ...(bare ? { SFCHAT_BUILD: join(BUILD, 'bare') } : {}),
    },
  });
  const stop = server.stop.bind(server);
  running.add(server);
  server.stop = async () => {
    running.delete(server);
    await stop();
  };
  return server;
}

/** Stops every server that still runs. */
export async function stopAll() {
  await Promise.all([...running].map((server) => server.stop()));
}

/**
 * Runs one of the programs of the benchmark to its end.
 *
 * @param {string} name
 * @param {(string | number)[]} args
 * @param {Record<string, string>} env
 * @returns {Promise<string[]>} the lines that the program printed
 */
export async function run(name, args, env = {}) {
  const child = spawn(join(BUILD, name), args.map(String), {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LOAD_TIMEOUT_MS,
  });
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  await ended(child, name);
  return output.split('\n').filter(Boolean);
}

function ended(child, name) {
  return new Promise((resolve, reject) => {
    const settle = (code, signal) =>
      code === 0
        ? resolve()
        : reject(new Error(`${name} failed: ${signal ?? code}`));
    if (child.exitCode !== null || child.signalCode !== null)
      settle(child.exitCode, child.signalCode);
    else child.once('close', settle);
  });
}

/**
 * Starts a program that prints each step that it has reached and then waits for
 * a line on its standard input.
 */
export function runInSteps(name, args) {
  const child = spawn(join(BUILD, name), args.map(String), {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: LOAD_TIMEOUT_MS,
  });
  const lines = createInterface({ input: child.stdout })[
    Symbol.asyncIterator
  ]();
  return {
    pid: child.pid,
    async reached(step) {
      const { value } = await lines.next();
      if (value !== step)
        throw new Error(`${name} did not reach the step "${step}"`);
    },
    goOn: () => child.stdin.write('\n'),
    async finish() {
      child.stdin.end();
      await ended(child, name);
    },
  };
}

function processes() {
  const found = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = readProc(`${pid}/stat`);
    const match = /\((.*)\) \S (\d+)/s.exec(stat);
    if (match)
      found.set(Number(pid), { name: match[1], parent: Number(match[2]) });
  }
  return found;
}

/** Reads a file of /proc, or returns "" if the process has ended. */
function readProc(path) {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}

const PROGRAMS = ['messages', 'chat', 'create', 'join', 'health'];

/**
 * Finds the processes of the one server that runs below this process. lasting:
 * lighttpd and the programs that fork; waiting: their children, which serve one
 * request each.
 */
export function serverProcesses() {
  const all = processes();
  const isOurs = (pid) => {
    for (; pid > 1; pid = all.get(pid)?.parent ?? 0)
      if (pid === process.pid) return true;
    return false;
  };
  const ours = [...all.keys()].filter(
    (pid) => ['lighttpd', ...PROGRAMS].includes(all.get(pid).name) && isOurs(pid),
  );
  const waiting = ours.filter((pid) => ours.includes(all.get(pid).parent));
  return { waiting, lasting: ours.filter((pid) => !waiting.includes(pid)) };
}

/**
 * Returns the CPU seconds that the processes have used, with their children that
 * have ended.
 */
export function cpuSeconds({ waiting, lasting }) {
  const alive = [...lasting, ...waiting]
    .map((pid) => Number(readProc(`${pid}/schedstat`).split(' ')[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds, 0);
  const ticksOfEnded = lasting
    .map((pid) => readProc(`${pid}/stat`).split(') ')[1].split(' '))
    .reduce((sum, fields) => sum + Number(fields[13]) + Number(fields[14]), 0);
  return alive / 1e9 + ticksOfEnded / 100;
}

/**
 * Returns the kilobytes that the machine could still give out. The kernel does
 * not count the free pages that each processor keeps for itself, which can be
 * 100 MB and more.
 */
export function availableMemory() {
  const [, available] = /MemAvailable:\s+(\d+)/.exec(readProc('meminfo'));
  const atHand = readProc('zoneinfo').matchAll(/cpu: \d+\s+count: +(\d+)/g);
  return [...atHand].reduce(
    (sum, [, pages]) => sum + PAGE_KB * Number(pages), Number(available));
}

/** Returns the kilobytes of the processes, with their share of shared pages. */
export function ownMemory(pids) {
  return pids
    .map((pid) => /^Pss:\s+(\d+)/m.exec(readProc(`${pid}/smaps_rollup`)))
    .reduce((sum, match) => sum + Number(match?.[1] ?? 0), 0);
}

/** Waits until the condition holds; throws if it does not in so many seconds. */
export async function until(description, seconds, condition) {
  const end = performance.now() + seconds * 1000;
  for (; !condition(); await sleep(250))
    if (performance.now() > end)
      throw new Error(`waited in vain: ${description}`);
}

/** Returns a line that describes this machine. */
export function machine() {
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const load = readProc('loadavg').split(' ')[0];
  return (
    `${cpu.model.trim()}, ${cpus().length} cores, ${gigabytes} GB, ` +
    `Linux ${release()}, load ${load} before`
  );
}
