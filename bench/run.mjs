#!/usr/bin/env node
// SPDX-License-Identifier: BSD-3-Clause
// Measures the figures of docs/PERFORMANCE.md and prints them as tables.
//
//   PART=a,b,c,d      the parts to run; all by default
//   ROUNDS=5          the number of rounds; their medians are printed
//   WAITERS=2000      the number of waiting participants in part c
//   BENCH_PORT=18790  the first of the four ports that the servers use

import { partA, partB, partC, partD } from './parts.mjs';
import { machine, stopAll } from './system.mjs';

const PARTS = { a: partA, b: partB, c: partC, d: partD };
const WAITERS_MAX = 9000; // lighttpd has 20,000 descriptors, two for each

function positive(name, standard, max) {
  const value = Number(process.env[name] || standard);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new Error(`${name}: a number from 1 to ${max} was expected`);
  return value;
}

function chosenParts() {
  const names = (process.env.PART || Object.keys(PARTS).join()).split(',');
  for (const name of names)
    if (!Object.hasOwn(PARTS, name))
      throw new Error('PART: some of a,b,c,d were expected');
  return names;
}

function print(name, { title, head, rows }) {
  const lines = [head, ...rows];
  const widths = head.map((_, i) =>
    Math.max(...lines.map((line) => line[i].length)),
  );
  console.log(`\n(${name}) ${title}`);
  for (const line of lines) {
    const cells = line.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]),
    );
    console.log(`    ${cells.join('  ')}`.trimEnd());
  }
}

async function main() {
  const options = {
    rounds: positive('ROUNDS', 5, 100),
    waiters: positive('WAITERS', 2000, WAITERS_MAX),
  };
  const names = chosenParts();
  const date = new Date().toISOString().slice(0, 10);
  console.log(`SFChat, ${date}: ${machine()}; medians of ${options.rounds} rounds`);
  for (const name of names) print(name, await PARTS[name](options));
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => stopAll().finally(() => process.exit(130)));

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await stopAll();
}
