// SPDX-License-Identifier: BSD-3-Clause
/**
 * Two people with phones: the creator sends the invitation in another app, and
 * both put their phones away between two messages. The pages never say a word
 * that is not so.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  closeChat, createChat, joinChat, readLog, readSystem, say, waitMarks, waitPath, waitReady,
  waitState, waitText,
} from "./lib/story.mjs";

// More polls than the ten seconds after which the server gives up a participant who
// asked for no patience: each poll lasts five seconds at most.
const LONG_POLLS = 3;

/** Records the states that the page shows to its user, and counts its polls. */
const watch = (page) => page.evaluate(() => {
  const { fetch } = window;
  const state = document.querySelector("#state");
  window.states = [state.textContent];
  new MutationObserver(() => window.isFrozen || window.states.push(state.textContent))
    .observe(state, { childList: true, characterData: true, subtree: true });
  window.polls = 0;
  window.fetch = async (url, asked) => {
    if (window.isFrozen) {
      asked.signal.throwIfAborted();
      return new Promise((_, reject) => {
        asked.signal.addEventListener("abort", () => reject(asked.signal.reason));
      });
    }
    const response = await fetch(url, asked);
    if (asked.method === "GET") window.polls += 1;
    return response;
  };
});

/** The phone shows another app or goes dark: no request of the page is answered. */
const freeze = (page) => page.evaluate(() => {
  window.isFrozen = true;
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  // Ends the poll that the server holds.
  window.dispatchEvent(new Event("online"));
});

/** The user looks at the page again. */
const thaw = (page) => page.evaluate(() => {
  window.isFrozen = false;
  Object.defineProperty(document, "hidden", { value: false, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
});

/** Waits until so much time has passed that the server could give somebody up. */
async function letTimePass(page) {
  await page.evaluate(() => { window.polls = 0; });
  await page.waitFor((count) => window.polls > count, LONG_POLLS);
}

for (const engine of ENGINES) {
  describe(`phones in ${engine}`, () => {
    let browser;
    let server;

    setStage(engine, (...both) => { [server, browser] = both; },
      { env: { SFCHAT_POLL_SLEEP: "1", SFCHAT_POLL_ITERATION: "5" } });

    it("two people invite, wait, talk, put their phones away, talk and close", async () => {
      const [creator, joiner] = await Promise.all([browser.newPage(), browser.newPage()]);
      for (const page of [creator, joiner]) await page.setViewport(390, 844);

      const code = await createChat(creator, server.url);
      await watch(creator);
      await freeze(creator);
      await joinChat(joiner, server.url, code);
      await waitPath(joiner, "/chat");
      await waitState(joiner, "securing");
      await watch(joiner);
      await letTimePass(joiner);
      await thaw(creator);
      await waitReady(creator);
      await waitReady(joiner);

      await say(creator, "Hello");
      await waitText(joiner, "Hello");
      await freeze(joiner);
      await say(creator, "Are you there?");
      await letTimePass(creator);
      await waitMarks(creator, "stored", 1);
      await thaw(joiner);
      await waitText(joiner, "Are you there?");
      await say(joiner, "Back again");
      await waitText(creator, "Back again");
      await waitMarks(creator, "delivered", 2);

      await closeChat(creator);
      for (const page of [creator, joiner]) await waitState(page, "closed");
      const heard = [["you", "Hello"], ["you", "Are you there?"], ["talker", "Back again"]];
      assert.deepEqual(await readLog(creator), heard);

      const [creatorSaw, joinerSaw] = await Promise.all([creator, joiner].map(
        (page) => page.evaluate(() => window.states)));
      const ordinary = /^(Waiting for Talker|Setting up encryption…|Connected to Talker|Closing…|Closed)$/;
      for (const state of [...creatorSaw, ...joinerSaw]) assert.match(state, ordinary);
      const creatorTold = await readSystem(creator);
      const joinerTold = await readSystem(joiner);
      assert.match(creatorTold.at(-1), /Current chat was successfully closed/);
      assert.match(joinerTold.at(-1), /closed by Talker/);
      for (const line of [...creatorTold.slice(0, -1), ...joinerTold.slice(0, -1)]) {
        assert.doesNotMatch(line, /closed|failed|lost|missing|not be reached|absent|no longer/);
      }
    });
  });
}
