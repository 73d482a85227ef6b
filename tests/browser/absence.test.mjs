// SPDX-License-Identifier: BSD-3-Clause
/**
 * The server does not give up a participant who is away for a while, and the page
 * says how long Talker has been away.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, joinChat, meet, say, waitReady, waitState, waitSystem, waitText,
} from "./lib/story.mjs";

/** Counts the polls of the page and, on request, changes their replies. */
function countPolls(page) {
  return page.evaluate(() => {
    const { fetch } = window;
    window.polls = 0;
    window.underWay = 0;
    window.fetch = async (url, asked) => {
      if (asked.method !== "GET") return fetch(url, asked);
      if (window.isAway) {
        asked.signal.throwIfAborted();
        return new Promise((_, reject) => {
          asked.signal.addEventListener("abort", () => reject(asked.signal.reason));
        });
      }
      window.underWay += 1;
      const response = await fetch(url, asked).finally(() => { window.underWay -= 1; });
      window.polls += 1;
      if (!window.seen) return response;
      const { results } = await response.json();
      return new Response(JSON.stringify({ results: { ...results, seen: window.seen } }),
        { status: response.status, headers: response.headers });
    };
    window.dispatchEvent(new Event("online"));
  });
}

for (const engine of ENGINES) {
  describe(`absence in ${engine}`, () => {
    let browser;
    let server;

    // The server gives up a participant who has polled without `away` after ten
    // seconds. A slow machine may need some of them from the join to the first poll.
    setStage(engine, (...both) => { [server, browser] = both; },
      { env: { SFCHAT_POLL_SLEEP: "1", SFCHAT_POLL_ITERATION: "5" } });

    it("a phone in a pocket is not given up", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await countPolls(creator);
      await countPolls(joiner);
      await joiner.evaluate(() => {
        window.isAway = true;
        window.dispatchEvent(new Event("online"));
      });
      await creator.evaluate(() => { window.polls = 0; });
      await creator.waitFor(() => window.polls > 3);
      await waitState(creator, "ready");
      await say(creator, "are you there?");
      await joiner.evaluate(() => {
        window.isAway = false;
        window.dispatchEvent(new Event("online"));
      });
      await waitText(joiner, "are you there?");
      await say(joiner, "back again");
      await waitText(creator, "back again");
    });

    it("a user who leaves the page and does not come back is given up", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await countPolls(joiner);
      await joiner.waitFor(() => window.polls > 0);
      // A slow server could register a poll that began just before the user leaves
      // after the page has said that the user leaves.
      await joiner.evaluate(() => { window.isAway = true; });
      await joiner.waitFor(() => window.underWay === 0);
      await joiner.evaluate(() => {
        window.isAway = false;
        setTimeout(() => { location.href = "about:blank"; });
      });
      await waitSystem(creator, /Talker has not been here for too long/);
      await waitState(creator, "closed");
      assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
    });

    it("a user who leaves the page and comes back goes on with the chat", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await countPolls(creator);
      await joiner.reload();
      await creator.evaluate(() => { window.polls = 0; });
      await creator.waitFor(() => window.polls > 3);
      await say(joiner, "still here");
      await waitText(creator, "still here");
    });

    it("the screen stays on while the creator waits for Talker", async () => {
      const creator = await browser.newPage();
      const code = await createChat(creator, server.url);
      await creator.evaluate(() => {
        // The browser has taken back the lock that the page had until now.
        if ("WakeLockSentinel" in window) {
          Object.defineProperty(WakeLockSentinel.prototype, "released", { value: true });
        }
        window.locks = [];
        const request = async (kind) => {
          const lock = {
            kind,
            released: false,
            async release() {
              lock.released = true;
            },
          };
          window.locks.push(lock);
          return lock;
        };
        Object.defineProperty(navigator, "wakeLock", { value: { request }, configurable: true });
        Object.defineProperty(document, "hidden", { value: false, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await creator.waitFor(() => window.locks[0]?.kind === "screen");
      const joiner = await browser.newPage();
      await joinChat(joiner, server.url, code);
      await waitReady(creator);
      await creator.waitFor(() => window.locks.every(({ released }) => released));
    });

    it("the page says how long Talker has not been there", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await countPolls(creator);
      await countPolls(joiner);
      await joiner.evaluate(() => {
        window.isAway = true;
        window.dispatchEvent(new Event("online"));
      });
      await creator.evaluate(() => {
        window.seen = 7;
        window.dispatchEvent(new Event("online"));
      });
      await waitState(creator, "absent");
      const text = await creator.evaluate(() => document.querySelector("#state").textContent);
      assert.match(text, /Talker was here 7 min/);
      await say(creator, "wait for me");
      await creator.waitFor(() =>
        document.querySelector("#state").textContent.endsWith("; not received yet: 1"));
      await creator.evaluate(() => {
        window.seen = 1;
        window.dispatchEvent(new Event("online"));
      });
      await waitState(creator, "ready");
    });

    it("the page says what came instead of a reply of the server", async () => {
      const [creator] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { fetch } = window;
        window.fetch = async (url, asked) => window.instead?.() ?? fetch(url, asked);
      });
      const problem = JSON.stringify({ results: { code: 503, msg: "Service Unavailable" } });
      for (const [code, body, text] of [
        [403, "<h1>Forbidden</h1>", "Something else answers instead of the server (HTTP 403)…"],
        [503, problem, "The server has a problem (HTTP 503)…"],
        [0, "", "Connection lost…"],
      ]) {
        await creator.evaluate((status, page) => {
          window.instead = () =>
            status > 0 ? new Response(page, { status }) : Promise.reject(new Error("lost"));
          window.dispatchEvent(new Event("online"));
        }, code, body);
        await creator.waitFor((wanted) =>
          document.querySelector("#state").textContent === wanted, text);
        await waitState(creator, "retrying");
      }
      await creator.evaluate(() => {
        window.instead = null;
        window.dispatchEvent(new Event("online"));
      });
      await waitState(creator, "ready");
    });
  });
}
