// SPDX-License-Identifier: BSD-3-Clause
/**
 * Two people write as fast as they can while their lines break at random, their
 * pages are reloaded and the server is restarted. No message is lost or
 * repeated, and the order stays. SEED=n repeats the breaks of a run.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { findPort, spawnRun } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { meet, readLog, submit, waitReady } from "./lib/story.mjs";

const MESSAGES = 250;
const PAUSE_MS = 60;
const CALM_MS = [100, 1_000];
const CUT_MS = [100, 2_000];
const LEAST_BREAKS = 6;

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** Returns a generator of numbers from 0 to 1 that depend on the seed (Lehmer). */
function createChance(seed) {
  let state = seed % 2_147_483_646 + 1;
  return () => {
    state = state * 48_271 % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Starts a server that can be restarted on the same port with the same store. */
async function startRestartable() {
  const dir = await mkdtemp("/dev/shm/sfchat-storm-");
  const port = await findPort();
  const env = { SFCHAT_PORT: String(port), SFCHAT_RUNTIME_DIR: dir };
  let run;

  async function start() {
    run = await spawnRun(env);
    assert.ok(run.ready, run.output());
  }

  async function stop() {
    run.child.kill("SIGTERM");
    await once(run.child, "close");
  }

  await start();
  return {
    url: `https://localhost:${port}`,
    async restart() {
      await stop();
      await start();
    },
    async stop() {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function talk(page, texts) {
  for (const text of texts) {
    await submit(page, text);
    await sleep(PAUSE_MS);
  }
}

/** Breaks a line again and again until the storm is over. */
async function disturb(line, chance, storm) {
  const sleepBetween = ([low, high]) => sleep(low + chance() * (high - low));
  while (!storm.isOver || storm.breaks < LEAST_BREAKS) {
    await sleepBetween(CALM_MS);
    storm.breaks += 1;
    line.cut();
    if (chance() < 0.6) await sleepBetween(CUT_MS);
    line.mend();
  }
}

/** Runs `act` while the lines of all pages break. */
async function inStorm(pages, chances, act) {
  const storm = { isOver: false, breaks: 0 };
  const disturbing = pages.map(({ line }, i) => disturb(line, chances[i], storm));
  await act();
  storm.isOver = true;
  await Promise.all(disturbing);
}

const texts = (name) =>
  Array.from({ length: MESSAGES }, (_, i) => `${name} ${i + 1}`);

/** Returns the texts in the log that this author has written. */
const textsBy = (log, author) =>
  log.filter(([name]) => name === author).map(([, text]) => text);

/**
 * Waits until the page shows all messages. If some never come, the comparison
 * that follows shows which.
 */
const waitAll = (page) =>
  page.waitFor((count) => {
    const messages = document.querySelectorAll(".message:not(.system)");
    return messages.length >= count;
  }, 2 * MESSAGES).catch(() => {});

for (const engine of ENGINES) {
  describe(`two people in a storm in ${engine}`, () => {
    it(`no message is lost, repeated or out of order (SEED=${SEED})`, async (t) => {
      const server = await startRestartable();
      t.after(() => server.stop());
      const browser = await openBrowser(engine);
      t.after(() => browser.close());
      const pages = await meet(browser, server.url);
      const [creator, joiner] = pages;
      const chances = [createChance(SEED), createChance(SEED + 1)];
      const [early, late] = [[0, MESSAGES / 2], [MESSAGES / 2]];

      await inStorm(pages, chances, () => Promise.all([
        talk(creator, texts("creator").slice(...early)),
        talk(joiner, texts("joiner").slice(...early)),
      ]));
      await Promise.all(pages.map((page) => page.reload()));
      await Promise.all(pages.map(waitReady));
      await inStorm(pages, chances, () => Promise.all([
        server.restart(),
        talk(creator, texts("creator").slice(...late)),
        talk(joiner, texts("joiner").slice(...late)),
      ]));

      for (const [page, mine, other] of [
        [creator, "creator", "joiner"], [joiner, "joiner", "creator"],
      ]) {
        await waitAll(page);
        const log = await readLog(page);
        assert.deepEqual(textsBy(log, "talker"), texts(other));
        assert.deepEqual(textsBy(log, "you"), texts(mine));
      }
    });
  });
}
