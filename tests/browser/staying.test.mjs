// SPDX-License-Identifier: BSD-3-Clause
/** The page stays in its chat whatever happens to the server and the line. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";

import { findPort, startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import {
  closeChat, lengthenTimers, meet, readLog, readSystem, say, shortenTimers, submit, waitMarks,
  waitReady, waitState, waitSystem, waitText,
} from "./lib/story.mjs";

/** Replaces the page's current poll by one that no server answers. */
async function deafen(page) {
  await page.evaluate(() => {
    const { fetch } = window;
    window.fetch = (url, asked) => {
      if (asked.method !== "GET" || window.isDeaf) return fetch(url, asked);
      asked.signal.throwIfAborted();
      window.isDeaf = true;
      return new Promise((_, reject) => {
        asked.signal.addEventListener("abort", () => reject(asked.signal.reason));
      });
    };
    window.dispatchEvent(new Event("online"));
  });
  await page.waitFor(() => window.isDeaf);
}

for (const engine of ENGINES) {
  describe(`staying connected in ${engine}`, () => {
    let browser;
    let store;
    let port;
    let server;

    const start = async () => {
      server = await startServer({ port, env: { SFCHAT_STORE: `lmdb:${store}` } });
    };

    before(async () => {
      store = mkdtempSync("/dev/shm/sfchat-store-");
      port = await findPort();
      await start();
      browser = await openBrowser(engine);
    });
    afterEach(() => browser.closePages());
    after(async () => {
      await browser?.close();
      await server?.stop();
      rmSync(store, { recursive: true, force: true });
    });

    it("the page goes on by itself after a restart of the server", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await say(creator, "before");
      await waitText(joiner, "before");
      await server.stop();
      await waitState(creator, "retrying");
      await say(creator, "meanwhile");
      await start();
      await waitText(joiner, "meanwhile");
      await say(joiner, "after");
      await waitText(creator, "after");
      await waitMarks(creator, "delivered", 2);
      assert.deepEqual(await readLog(creator),
        [["you", "before"], ["you", "meanwhile"], ["talker", "after"]]);
    });

    it("errors and malformed replies of the server lose and repeat no message", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await shortenTimers(creator);
      await creator.evaluate(() => {
        const { fetch } = window;
        const troubles = [502, 503, 500, 502, 503];
        const odd = [
          "", "7", "{}", '{"results":{}}', '{"results":{"status":"ready","messages":null}}',
        ];
        window.fetch = async (url, asked) => {
          const status = troubles.shift();
          if (status) return new Response("<html>", { status });
          const body = asked.method === "GET" ? odd.shift() : undefined;
          return body === undefined ? fetch(url, asked) : new Response(body);
        };
      });
      await say(creator, "one");
      await say(creator, "two");
      await waitText(joiner, "two");
      await say(joiner, "three");
      await waitText(creator, "three");
      assert.deepEqual(await readLog(joiner),
        [["talker", "one"], ["talker", "two"], ["you", "three"]]);
    });

    it("the page tells that a message could not be sent, and sends it on request", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await shortenTimers(creator);
      await creator.evaluate(() => {
        const { fetch } = window;
        window.fetch = (url, asked) => (asked.method === "POST" && !window.isRepaired
          ? Promise.resolve(new Response("", { status: 503 })) : fetch(url, asked));
      });
      await say(creator, "kept");
      await waitSystem(creator, /could not be sent/);
      await creator.evaluate(() => { window.isRepaired = true; });
      await creator.click(".again");
      await waitText(joiner, "kept");
      await waitMarks(creator, "delivered", 1);
    });

    it("a page that becomes visible again asks the server at once", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      // Lengthen the pauses, so that the end of a pause cannot make the page ask.
      await lengthenTimers(creator);
      await creator.setOffline(true);
      await waitState(creator, "retrying");
      await say(joiner, "wake up");
      creator.line.mend();
      await creator.evaluate(() => {
        Object.defineProperty(document, "hidden", { value: false, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await waitText(creator, "wake up");
      await waitState(creator, "ready");
    });

    it("a held poll can be aborted after a garbage collection", async () => {
      const [creator] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { fetch } = window;
        window.asked = [];
        window.fetch = (url, asked) => {
          if (asked.method === "GET") window.asked.push(url);
          return fetch(url, asked);
        };
        window.dispatchEvent(new Event("online"));
      });
      await creator.waitFor(() => window.asked.at(-1)?.includes("wait=50"));
      await creator.evaluate(async () => {
        for (let i = 0; i < 60; i += 1) Array.from({ length: 100_000 }, (_, j) => ({ j }));
        // Browsers collect garbage when they are idle.
        await new Promise((resolve) => setTimeout(resolve, 500));
      });
      const before = await creator.evaluate(() => {
        window.dispatchEvent(new Event("online"));
        return window.asked.length;
      });
      await creator.waitFor((count) => window.asked.length > count, before);
    });

    it("a message that cannot be sent makes the page notice a dead line", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await deafen(creator);
      creator.line.cut();
      await say(creator, "into the dark");
      await waitState(creator, "retrying");
      creator.line.mend();
      await waitText(joiner, "into the dark");
      await waitState(creator, "ready");
    });

    it("the page gives up after a limit, says so, and goes on when asked to", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await shortenTimers(creator);
      // Coming to the front makes the page ask, so bring it there before the cut.
      await creator.front();
      creator.line.cut();
      await waitState(creator, "offline");
      await waitSystem(creator, /could not be reached for several minutes/);
      creator.line.mend();
      await creator.click("#retry");
      await waitState(creator, "ready");
      assert.equal(await creator.evaluate(() => document.querySelector("#retry").hidden), true);
      await say(joiner, "still there?");
      await waitText(creator, "still there?");
    });

    it("a page whose message is refused by a closed chat still shows the last words", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await deafen(creator);
      await say(joiner, "last words");
      await waitMarks(joiner, "stored", 1);
      await closeChat(joiner);
      await waitState(joiner, "closed");
      await submit(creator, "too late");
      await waitState(creator, "closed");
      assert.deepEqual(await readLog(creator), [["you", "too late"], ["talker", "last words"]]);
      const [farewell, refused] = (await readSystem(creator)).slice(-2);
      assert.match(farewell, /closed by Talker/);
      assert.match(refused, /last message was not delivered/);
      await waitMarks(creator, "failed", 1);
      assert.equal(await creator.evaluate(() => document.querySelector(".again")), null,
        "there is nothing to try again");
    });

    for (const [status, line] of [[401, /no longer exists/], [403, /is closed/]]) {
      it(`the page ends the chat on ${status} and asks nothing twice`, async () => {
        const [creator] = await meet(browser, server.url);
        await creator.evaluate((code) => {
          window.asked = [];
          window.fetch = async (_, { method }) => {
            window.asked.push(method);
            const results = { code, msg: "" };
            return new Response(JSON.stringify({ results }), { status: code });
          };
          // Submit in the same task: after the first reply the composer is gone.
          document.querySelector("#text").value = "to nobody";
          document.querySelector("#composer").requestSubmit();
        }, status);
        await waitSystem(creator, line);
        await waitState(creator, "closed");
        assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
        // A poll that had not stopped would ask at once on this event.
        const asked = await creator.evaluate(async () => {
          window.dispatchEvent(new Event("online"));
          await new Promise((resolve) => { setTimeout(resolve); });
          return window.asked;
        });
        assert.equal(new Set(asked).size, asked.length, String(asked));
      });
    }

    for (const status of [200, 401, 403, 404, 502]) {
      it(`a page of a proxy or a firewall, ${status}, does not end the chat`, async () => {
        const [creator, joiner] = await meet(browser, server.url);
        await creator.evaluate((code) => {
          window.realFetch = window.fetch;
          window.asked = 0;
          window.fetch = async () => {
            window.asked += 1;
            return new Response("<h1>Blocked</h1>", { status: code });
          };
          window.dispatchEvent(new Event("online"));
        }, status);
        await creator.waitFor(() => window.asked > 1);
        await waitState(creator, "retrying");
        await creator.evaluate(() => {
          window.fetch = window.realFetch;
          window.dispatchEvent(new Event("online"));
        });
        await waitState(creator, "ready");
        await say(creator, "still here");
        await waitText(joiner, "still here");
      });
    }

    it("a refresh at any moment loses no message that is being received", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const wanted = [];
      for (let i = 0; i < 12; i += 1) {
        await say(creator, `message ${i}`);
        wanted.push(["talker", `message ${i}`]);
        if (i % 3 === 0) await joiner.reload();
      }
      await waitReady(joiner);
      await waitText(joiner, "message 11");
      assert.deepEqual(await readLog(joiner), wanted);
    });
  });
}
