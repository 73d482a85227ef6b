// SPDX-License-Identifier: BSD-3-Clause
// The four measurements. Each starts its own servers, returns its figures as rows
// of a table, and stops the servers. The sides that are compared take turns
// within each round, and each ratio is that of one round: other load on the
// machine then affects all sides alike.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import * as system from './system.mjs';

const MESSAGES = '/api/v1/messages.json';
const LOOK = `${MESSAGES}?longPolling=false`;
// The names of the bare pair, see bench.mk.
const BARE_WAIT = '/api/v1/join.json';
const BARE_WAKE = '/api/v1/chat.json';

const CONNECTIONS = 16;
const RATE_CHATS = 500;
const RATE_SLICES = 4;
const RATE_METHODS = ['POST', 'GET', 'DELETE'];
const PAIR_CHATS = 100;
const PAIR_SAMPLES = 200;
const SETTLE_MS = 4000; // a poll gives memory back at its second look, after 3 s
const IDLE_SECONDS = 9; // three looks of each poll
const POLL_SECONDS = 180; // 60 looks, 3 s apart: the defaults
const HOLD_ROUNDS = 3;
const FEW_CHATS = 1000;
const MANY_CHATS = 1_000_000;
const WAITERS_OF_GOAL = 8000;

const folder = mkdtempSync(join(tmpdir(), 'sfchat-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// --- the servers that are compared ---------------------------------------------

const BARE = { name: 'bare CGI', bare: true, wait: BARE_WAIT, wake: BARE_WAKE };
const CGI = { name: 'SFChat', serve: 'cgi', wait: MESSAGES, wake: MESSAGES };
const SCGI = { ...CGI, name: 'SFChat --scgi', serve: 'scgi' };
// Few chats: the server that the tests use for MongoDB reads all chats to change
// one.
const MONGODB = {
  ...SCGI, name: 'the same, MongoDB', store: 'mongodb', chatsMax: 50,
  waitersMax: 200,
};
const KINDS = [BARE, CGI, SCGI, MONGODB];

/** Starts a server and fills its store; the load generator uses some chats. */
async function start(kind, wanted, wantedUsed) {
  const server = await system.start(kind);
  const stored = Math.min(wanted, kind.chatsMax ?? wanted);
  const used = Math.min(wantedUsed, stored);
  const side = { ...kind, server, used, chats: join(folder, `${server.port}`) };
  // The bare programs need tokens in their requests, but do not read them.
  // `fill` wakes no poll, and does not know the Redis of scripts/run.
  const lines = await system.run(`fill-${kind.store ?? 'lmdb'}`,
    [stored, used], { ...server.env, SFCHAT_WAKE: '' });
  writeFileSync(side.chats, lines.join('\n'));
  return side;
}

async function startAll(kinds, stored, used) {
  const sides = [];
  for (const kind of kinds) sides.push(await start(kind, stored, used));
  return sides;
}

/** Reverses the order at every other turn, so that no side is always first. */
const inTurn = (sides, turn) => (turn % 2 ? [...sides].reverse() : sides);

function load(way, { server, chats }, args) {
  return system.run('load', [way, '-p', server.port, '-f', chats, ...args]);
}

// --- figures to rows -------------------------------------------------------------

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

function median(numbers) {
  const s = sorted(numbers);
  const middle = s.length >> 1;
  return s.length % 2 ? s[middle] : (s[middle - 1] + s[middle]) / 2;
}

const percentile = (numbers, share) =>
  sorted(numbers)[Math.ceil(numbers.length * share) - 1];

const range = (numbers, digits) =>
  `${Math.min(...numbers).toFixed(digits)}–${Math.max(...numbers).toFixed(digits)}`;

const atLeast = (goal) => (figure) =>
  `≥ ${goal} ${figure >= goal ? 'reached' : 'MISSED'}`;
const atMost = (goal) => (figure) =>
  `≤ ${goal} ${figure <= goal ? 'reached' : 'MISSED'}`;
const noGoal = () => '';

/** Makes the row of one side's figures and of their ratios to another side's. */
function ratioRow(label, figures, against, { digits = 0, goal = noGoal }) {
  const ratios = figures.map((figure, round) => figure / against[round]);
  const ratio = median(ratios);
  return [
    label, median(figures).toFixed(digits), ratio.toFixed(2),
    range(ratios, 2), goal(ratio),
  ];
}

// --- requests per second ---------------------------------------------------------

/** Measures requests per second; each slice has message tokens of its own. */
async function rate(side, method, slice) {
  const checked = !side.bare && method === 'GET';
  const [line] = await load('rate', side, [
    '-m', method, '-n', side.used, '-c', CONNECTIONS, '-s', slice, '-u', LOOK,
    ...(checked ? ['-k', RATE_SLICES] : []),
  ]);
  return Number(line);
}

/**
 * Measures all sides in turns, a slice at a time: one request for every chat.
 * Returns requests per second over the time of all slices together.
 */
async function rateOfMethod(sides, method, round) {
  const seconds = new Map(sides.map((side) => [side, 0]));
  for (let slice = 0; slice < RATE_SLICES; slice++)
    for (const side of inTurn(sides, slice)) {
      const perSecond = await rate(side, method, round * RATE_SLICES + slice);
      seconds.set(side, seconds.get(side) + 1 / perSecond);
    }
  return sides.map((side) => RATE_SLICES / seconds.get(side));
}

/**
 * Sends the messages of a round, receives and removes them, so that every
 * request has work to do and each round begins with the same chats.
 */
async function rateRound(sides, round) {
  const rates = {};
  for (const method of RATE_METHODS)
    rates[method] = await rateOfMethod(sides, method, round);
  for (const side of sides.filter(({ bare }) => !bare))
    await load('rate', side, ['-n', side.used, '-u', LOOK, '-k', 0]);
  return rates;
}

/** Returns the figures by method, then by side, then by round. */
async function measureRates(sides, rounds) {
  const results = [];
  await rateRound(sides, 0); // warms up
  for (let round = 1; round <= rounds; round++)
    results.push(await rateRound(sides, round));
  return RATE_METHODS.map((method) =>
    sides.map((_, side) => results.map((rates) => rates[method][side])),
  );
}

const RATE_HEAD = ['', 'median', 'ratio', 'rounds', 'goal'];

export async function partA({ rounds }) {
  const sides = await startAll(KINDS, FEW_CHATS, RATE_CHATS);
  const rates = await measureRates(sides, rounds);
  const goals = [noGoal, atLeast(0.85), atLeast(2), atLeast(1)];
  await system.stopAll();
  return {
    title: `requests/s over ${CONNECTIONS} connections, ratio to the bare CGI`,
    head: RATE_HEAD,
    rows: rates.flatMap((ofMethod, m) =>
      ofMethod.map((figures, side) =>
        ratioRow(`${RATE_METHODS[m]} ${sides[side].name}`, figures, ofMethod[0],
          { goal: goals[side] })),
    ),
  };
}

export async function partD({ rounds }) {
  const sides = [
    await start(CGI, MANY_CHATS, RATE_CHATS),
    await start(CGI, FEW_CHATS, RATE_CHATS),
  ];
  const rates = await measureRates(sides, rounds);
  await system.stopAll();
  return {
    title: 'requests/s with so many chats stored, ratio to 1,000,000',
    head: RATE_HEAD,
    rows: rates.flatMap(([many, few], m) => [
      ratioRow(`${RATE_METHODS[m]} 1,000,000`, many, many, {}),
      ratioRow(`${RATE_METHODS[m]} 1,000`, few, many, { goal: atMost(1.2) }),
    ]),
  };
}

// --- delivery --------------------------------------------------------------------

async function measureDelivery(side, seed, samples) {
  const lines = await load('pair', side, [
    '-n', samples, '-s', seed, '-u', side.wait, '-w', side.wake,
  ]);
  const times = lines.map(Number);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

export async function partB({ rounds }) {
  const sides = await startAll(KINDS, FEW_CHATS, PAIR_CHATS);
  const results = new Map(sides.map((side) => [side, []]));
  for (const side of sides) await measureDelivery(side, 0, 20); // warms up
  for (let round = 1; round <= rounds; round++)
    for (const side of inTurn(sides, round))
      results.get(side).push(await measureDelivery(side, round, PAIR_SAMPLES));
  await system.stopAll();
  const figures = (side, name) => results.get(side).map((r) => r[name]);
  return {
    title: 'delivery, POST sent to poll answered, in ms, ratio to the bare pair',
    head: RATE_HEAD,
    rows: ['p50', 'p99'].flatMap((name) =>
      sides.map((side) =>
        ratioRow(`${name} ${side.name}`, figures(side, name),
          figures(sides[0], name), {
            digits: 2,
            goal: name === 'p50' && !side.bare ? atMost(1.5) : noGoal,
          })),
    ),
  };
}

// --- waiting ---------------------------------------------------------------------

/**
 * Measures memory and CPU time while many polls wait. The memory is how much
 * less the whole machine has when all polls sleep than when the server had no
 * client, minus the growth of the load generator and of this program. It includes
 * the kernel's memory for the generator's sockets, which cannot be told apart.
 */
async function hold(side) {
  const { waiters } = side;
  const generator = system.runInSteps('load', [
    'hold', '-p', side.server.port, '-f', side.chats,
    '-n', waiters, '-u', side.wait,
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
  await system.until(`${waiters} polls waiting`, 120, () =>
    system.serverProcesses().waiting.length === waiters);
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
    system.serverProcesses().waiting.length === 0);
  return {
    memory: used / waiters,
    asleep: (100 * idleCpu) / idleSeconds,
    again: (100 * (startedCpu - connectedCpu)) / POLL_SECONDS,
  };
}

async function startToWait(kind, wanted) {
  const waiters = Math.min(wanted, kind.waitersMax ?? wanted);
  const chats = Math.ceil(waiters / 2);
  return { ...await start({ ...kind, chatsMax: chats }, chats, chats), waiters };
}

export async function partC({ rounds, waiters }) {
  const results = new Map(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < Math.min(rounds, HOLD_ROUNDS); round++)
    for (const kind of KINDS) {
      const side = await startToWait(kind, waiters);
      results.get(kind).push(await hold(side));
      await system.stopAll();
    }
  const row = (name, label, kind, digits, goal) => {
    const figures = results.get(kind).map((result) => result[name]);
    return [
      `${label} ${kind.name}`, median(figures).toFixed(digits),
      range(figures, digits), goal(median(figures)),
    ];
  };
  const asleep = atMost(((15 * waiters) / WAITERS_OF_GOAL).toFixed(1));
  return {
    title: `each of ${waiters} waiting over TLS (MongoDB: ` +
      `${Math.min(waiters, MONGODB.waitersMax)}): KB, everything counted; ` +
      'CPU of all in % of a core, asleep and for asking again',
    head: ['', 'median', 'rounds', 'goal'],
    rows: [
      row('memory', 'memory', BARE, 0, noGoal),
      row('memory', 'memory', CGI, 0, atMost(200)),
      row('memory', 'memory', SCGI, 0, atMost(150)),
      row('memory', 'memory', MONGODB, 0, atMost(150)),
      ...KINDS.map((kind) =>
        row('asleep', 'asleep', kind, 1, kind.bare ? noGoal : asleep)),
      ...KINDS.map((kind) => row('again', 'again', kind, 1, noGoal)),
    ],
  };
}
