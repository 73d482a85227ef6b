// SPDX-License-Identifier: BSD-3-Clause
// The four measurements. Each starts its own servers, returns what it found
// as a table and leaves nothing behind. Whatever is compared is measured in
// turns within one round, and a ratio is formed within its round: what else
// the machine does meanwhile then falls on both sides.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import * as system from './system.mjs';

const MESSAGES = '/api/v1/messages.json';
const LOOK = `${MESSAGES}?longPolling=false`;
// The bare pair goes by these names, see bench.mk.
const BARE_WAIT = '/api/v1/join.json';
const BARE_WAKE = '/api/v1/chat.json';

const CONNECTIONS = 16;
const RATE_CHATS = 500;
const RATE_SLICES = 4;
const RATE_METHODS = ['POST', 'GET', 'DELETE'];
const PAIR_CHATS = 100;
const PAIR_SAMPLES = 200;
const SETTLE_MS = 2000;
const IDLE_SECONDS = 12; // four looks of each
const POLL_SECONDS = 180; // 60 looks, 3 s apart: the defaults
const FEW_CHATS = 1000;
const MANY_CHATS = 1_000_000;
const WAITERS_OF_GOAL = 8000;

const folder = mkdtempSync(join(tmpdir(), 'sfchat-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

function median(numbers) {
  const s = sorted(numbers);
  const middle = s.length >> 1;
  return s.length % 2 ? s[middle] : (s[middle - 1] + s[middle]) / 2;
}

const percentile = (numbers, share) =>
  sorted(numbers)[Math.ceil(numbers.length * share) - 1];

/** Stores chats and returns a file that names some of them. */
async function fill(server, count, printed) {
  const lines = await system.run('fill', [count, printed], server.env);
  const file = join(folder, `chats-${server.port}`);
  writeFileSync(file, lines.join('\n'));
  return file;
}

/** A server whose store holds so many chats, some of them to be used. */
async function startFilled(count, used) {
  const server = await system.start();
  return { server, chats: await fill(server, count, used) };
}

/** The bare programs need somebody to be asked for, but look at nobody. */
async function startBare(chats) {
  return { server: await system.start({ bare: true }), chats };
}

// --- requests per second ------------------------------------------------------

function load(way, { server, chats }, args) {
  return system.run('load', [
    way, '-p', server.port, '-f', chats, ...args,
  ]);
}

/** Requests per second; the messages of one slice have tokens of their own. */
async function rate(side, method, slice) {
  const checked = side.counts && method === 'GET';
  const [line] = await load('rate', side, [
    '-m', method, '-n', RATE_CHATS, '-c', CONNECTIONS, '-s', slice, '-u', LOOK,
    ...(checked ? ['-k', RATE_SLICES] : []),
  ]);
  return Number(line);
}

/**
 * All sides by turns, a slice each: one request for every chat. What counts is
 * the time that all slices took together.
 */
async function rateOfMethod(sides, method, round) {
  const seconds = Object.fromEntries(sides.map(({ name }) => [name, 0]));
  for (let slice = 0; slice < RATE_SLICES; slice++)
    for (const side of slice % 2 ? [...sides].reverse() : sides)
      seconds[side.name] +=
        1 / (await rate(side, method, round * RATE_SLICES + slice));
  return Object.fromEntries(
    sides.map(({ name }) => [name, RATE_SLICES / seconds[name]]),
  );
}

/**
 * A round's messages are sent, received and removed again, so that every
 * request does its work and each round begins with the same chats.
 */
async function rateRound(sides, round) {
  const rates = {};
  for (const method of RATE_METHODS)
    rates[method] = await rateOfMethod(sides, method, round);
  for (const side of sides.filter(({ counts }) => counts))
    await load('rate', side, ['-n', RATE_CHATS, '-u', LOOK, '-k', 0]);
  return rates;
}

async function rates(sides, rounds) {
  const results = [];
  await rateRound(sides, 0); // warms up
  for (let round = 1; round <= rounds; round++)
    results.push(await rateRound(sides, round));
  return results;
}

function rateRows(results, [first, second], goal) {
  return RATE_METHODS.map((method) => {
    const of = (name) => results.map((rates) => rates[method][name]);
    const shares = of(second).map((rate, i) => rate / of(first)[i]);
    return [
      method,
      median(of(first)).toFixed(0),
      median(of(second)).toFixed(0),
      median(shares).toFixed(2),
      `${Math.min(...shares).toFixed(2)}–${Math.max(...shares).toFixed(2)}`,
      goal(median(shares)),
    ];
  });
}

const reached = (text, good) => `${text} ${good ? 'reached' : 'MISSED'}`;

export async function partA({ rounds }) {
  const ours = await startFilled(FEW_CHATS, RATE_CHATS);
  const bare = await startBare(ours.chats);
  const results = await rates(
    [
      { name: 'bare', ...bare },
      { name: 'ours', counts: true, ...ours },
    ],
    rounds,
  );
  await system.stopAll();
  return {
    title: `requests/s, ${CONNECTIONS} connections`,
    head: ['', 'bare CGI', 'SFChat', 'share', 'rounds', 'goal'],
    rows: rateRows(results, ['bare', 'ours'], (share) =>
      reached('≥ 0.85', share >= 0.85),
    ),
  };
}

export async function partD({ rounds }) {
  const few = await startFilled(FEW_CHATS, RATE_CHATS);
  const many = await startFilled(MANY_CHATS, RATE_CHATS);
  const results = await rates(
    [
      { name: 'many', counts: true, ...many },
      { name: 'few', counts: true, ...few },
    ],
    rounds,
  );
  await system.stopAll();
  return {
    title: 'requests/s, by the number of chats stored',
    head: ['', '1,000,000', '1,000', 'ratio', 'rounds', 'goal'],
    rows: rateRows(results, ['many', 'few'], (ratio) =>
      reached('≤ 1.2', ratio <= 1.2),
    ),
  };
}

// --- delivery -----------------------------------------------------------------

async function deliveries(side, seed, samples) {
  const lines = await load('pair', side, [
    '-n', samples, '-s', seed, '-u', side.wait, '-w', side.wake,
  ]);
  const times = lines.map(Number);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

export async function partB({ rounds }) {
  const ours = await startFilled(FEW_CHATS, PAIR_CHATS);
  const bare = await startBare(ours.chats);
  const sides = [
    { ...bare, name: 'bare', wait: BARE_WAIT, wake: BARE_WAKE },
    { ...ours, name: 'ours', wait: MESSAGES, wake: MESSAGES },
  ];
  const results = { bare: [], ours: [] };
  for (const side of sides) await deliveries(side, 0, 20); // warms up
  for (let round = 1; round <= rounds; round++)
    for (const side of round % 2 ? [...sides].reverse() : sides)
      results[side.name].push(await deliveries(side, round, PAIR_SAMPLES));
  await system.stopAll();
  return {
    title: 'delivery: POST sent → the poll answered, ms',
    head: ['', 'bare pair', 'SFChat', 'ratio', 'rounds', 'goal'],
    rows: ['p50', 'p99'].map((name) => deliveryRow(name, results)),
  };
}

function deliveryRow(name, results) {
  const [bare, ours] = [results.bare, results.ours].map((side) =>
    side.map((result) => result[name]),
  );
  const ratios = ours.map((time, i) => time / bare[i]);
  return [
    name,
    median(bare).toFixed(2),
    median(ours).toFixed(2),
    median(ratios).toFixed(2),
    `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
    name === 'p50' ? reached('≤ 1.5', median(ratios) <= 1.5) : '',
  ];
}

// --- waiting ------------------------------------------------------------------

/**
 * What it takes that so many wait. Memory is what the whole machine has less
 * of between "server up, nobody there" and "all asleep", minus what the load
 * generator and this program grew by. The kernel's part of the generator's
 * sockets stays in: it cannot be told apart.
 */
async function hold({ server, chats }, path, waiters) {
  const generator = system.runInSteps('load', [
    'hold', '-p', server.port, '-f', chats,
    '-n', waiters, '-u', path,
  ]);
  const own = [process.pid, generator.pid];
  await generator.reached('ready');
  await sleep(SETTLE_MS);
  const free = system.availableMemory() + system.ownMemory(own);
  generator.goOn();
  await generator.reached('connected');
  const connectedCpu = system.cpuSeconds(system.serverProcesses());
  generator.goOn();
  await generator.reached('polling');
  await system.until(`${waiters} polls waiting`, 60, () =>
    system.serverProcesses().children.length === waiters,
  );
  await sleep(SETTLE_MS);
  const asleep = system.serverProcesses();
  const used = free - system.availableMemory() - system.ownMemory(own);
  const startedCpu = system.cpuSeconds(asleep);
  const began = performance.now();
  await sleep(IDLE_SECONDS * 1000);
  const idleCpu = system.cpuSeconds(asleep) - startedCpu;
  const idleSeconds = (performance.now() - began) / 1000;
  await generator.finish();
  await system.until('no poll left', 30, () =>
    system.serverProcesses().children.length === 0,
  );
  return {
    kilobytes: used / waiters,
    idle: (100 * idleCpu) / idleSeconds,
    renew: (100 * (startedCpu - connectedCpu)) / POLL_SECONDS,
  };
}

export async function partC({ rounds, waiters }) {
  const chats = Math.ceil(waiters / 2);
  const results = { bare: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    const ours = await startFilled(chats, chats);
    results.ours.push(await hold(ours, MESSAGES, waiters));
    await system.stopAll();
    const bare = await startBare(ours.chats);
    results.bare.push(await hold(bare, BARE_WAIT, waiters));
    await system.stopAll();
  }
  const limit = (15 * waiters) / WAITERS_OF_GOAL;
  return {
    title: `${waiters} waiting participants over TLS`,
    head: ['', 'bare wait', 'SFChat', 'rounds', 'goal'],
    rows: [
      holdRow('KB each, everything', 'kilobytes', 0, results, 200),
      holdRow('% of a core, asleep', 'idle', 1, results, limit),
      holdRow('% of a core, asking again', 'renew', 1, results),
    ],
  };
}

function holdRow(label, name, digits, results, limit) {
  const of = (side) => results[side].map((result) => result[name]);
  const ours = of('ours');
  const text = `≤ ${limit?.toFixed(digits)}`;
  return [
    label,
    median(of('bare')).toFixed(digits),
    median(ours).toFixed(digits),
    ours.map((figure) => figure.toFixed(digits)).join(' '),
    limit ? reached(text, median(ours) <= limit) : '',
  ];
}
