// SPDX-License-Identifier: BSD-3-Clause
/**
 * Two people write as fast as they can while their lines break at random,
 * their pages are reloaded and the server is started anew: nothing is lost,
 * nothing comes twice, the order stays. SEED repeats a storm.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { findPort, spawnRun } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { meet, readLog, waitReady } from "./lib/story.mjs";

const MESSAGES = 250;
const PAUSE_MS = 60;
const CALM_MS = [100, 1_000];
const CUT_MS = [100, 2_000];
// Longer than the longest pause of a page that has lost its line.
const CALMING_MS = 60_000;
const LOOK_AGAIN_MS = 500;
const STORM_MS = 240_000;

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** Numbers from 0 to 1 that the seed decides (Lehmer's generator). */
function createChance(seed) {
  let state = seed % 2_147_483_646 + 1;
  return () => {
    state = state * 48_271 % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A server that can be started anew on the same port, with the same store. */
async function startLasting() {
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

/** Through the page's own form, but faster than keys. */
const submit = (page, text) =>
  page.evaluate((words) => {
    document.querySelector("#text").value = words;
    document.querySelector("#composer").requestSubmit();
  }, text);

async function talk(page, texts) {
  for (const text of texts) {
    await submit(page, text);
    await sleep(PAUSE_MS);
  }
}

/** Breaks a line again and again, for a moment or longer, until it is over. */
async function disturb(line, chance, storm) {
  const between = ([low, high]) => sleep(low + chance() * (high - low));
  while (!storm.isOver) {
    await between(CALM_MS);
    storm.breaks += 1;
    line.cut();
    if (chance() < 0.6) await between(CUT_MS);
    line.mend();
  }
}

/** Does what is to be done while the lines of all pages break. */
async function inStorm(pages, chances, act) {
  const storm = { isOver: false, breaks: 0 };
  const disturbing = pages.map(({ line }, i) => disturb(line, chances[i], storm));
  await act();
  storm.isOver = true;
  await Promise.all(disturbing);
  assert.ok(storm.breaks > 5, `${storm.breaks} breaks make no storm`);
}

const texts = (name) =>
  Array.from({ length: MESSAGES }, (_, i) => `${name} ${i + 1}`);

/** What of the log this one has written. */
const from = (log, who) =>
  log.filter(([name]) => name === who).map(([, text]) => text);

/** Until this many messages are drawn, or it takes too long. */
async function waitAll(page, count) {
  const deadline = Date.now() + CALMING_MS;
  while (Date.now() < deadline) {
    if ((await readLog(page)).length >= count) return;
    await sleep(LOOK_AGAIN_MS);
  }
}

for (const engine of ENGINES) {
  describe(`a storm in ${engine}`, () => {
    it(`loses nothing, doubles nothing, keeps the order (SEED=${SEED})`, {
      timeout: STORM_MS,
    }, async (t) => {
      const server = await startLasting();
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
        await waitAll(page, 2 * MESSAGES);
        const log = await readLog(page);
        assert.deepEqual(from(log, "talker"), texts(other));
        assert.deepEqual(from(log, "you"), texts(mine));
      }
    });
  });
}
