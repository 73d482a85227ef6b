// SPDX-License-Identifier: BSD-3-Clause
/** The page stays in its chat, whatever happens to server and line. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";

import { findPort, startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import {
  closeChat, hurry, meet, readLog, readSystem, say, waitReady, waitState, waitSystem, waitText,
} from "./lib/story.mjs";

/** The poll of this page is held by nobody: it hears nothing, not even an end. */
async function deafen(page) {
  await page.evaluate(() => {
    const { fetch } = window;
    window.fetch = (url, asked) => {
      if (asked.method !== "GET" || window.isDeaf) return fetch(url, asked);
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

    it("goes on by itself when the server was restarted", async () => {
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
      await creator.waitFor(() => document.querySelectorAll(".mark.delivered").length === 2);
      assert.deepEqual(await readLog(creator),
        [["you", "before"], ["you", "meanwhile"], ["talker", "after"]]);
    });

    it("bears a troubled server in between", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await hurry(creator);
      await creator.evaluate(() => {
        const { fetch } = window;
        const troubles = [502, 503, 500, 502, 503];
        const odd = ["", "7", "{}", '{"results":{}}', '{"results":{"status":"ready","messages":null}}'];
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

    it("tells what could not be sent and tries again when told to", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await hurry(creator);
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
      await creator.waitFor(() => document.querySelector(".mark.delivered"));
    });

    it("wakes up when it is looked at again", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.setOffline(true);
      await waitState(creator, "retrying");
      await say(joiner, "wake up");
      await creator.setOffline(false);
      await creator.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await waitText(creator, "wake up");
      await waitState(creator, "ready");
    });

    it("asks anew when told to, though garbage was collected meanwhile", async () => {
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
      await creator.waitFor(() => window.asked.at(-1)?.includes("longPolling=true"));
      await creator.evaluate(async () => {
        for (let i = 0; i < 60; i += 1) Array.from({ length: 100_000 }, (_, j) => ({ j }));
        // It is collected while nothing else is to be done.
        await new Promise((resolve) => setTimeout(resolve, 500));
      });
      const before = await creator.evaluate(() => {
        window.dispatchEvent(new Event("online"));
        return window.asked.length;
      });
      await creator.waitFor((count) => window.asked.length > count, before);
    });

    it("notices by sending that the line is dead", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await deafen(creator);
      creator.line.cut();
      await say(creator, "into the dark");
      await waitState(creator, "retrying");
      creator.line.mend();
      await waitText(joiner, "into the dark");
      await waitState(creator, "ready");
    });

    it("gives up after a limit, says so and goes on when told to", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await hurry(creator);
      // Being looked at again makes it try, too.
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

    it("hears Talker out when it learns by sending that the chat is closed", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await deafen(creator);
      await say(joiner, "last words");
      await joiner.waitFor(() => document.querySelector(".mark.stored"));
      await closeChat(joiner);
      await waitState(joiner, "closed");
      await creator.evaluate(() => {
        document.querySelector("#text").value = "too late";
        document.querySelector("#composer").requestSubmit();
      });
      await waitState(creator, "closed");
      assert.deepEqual(await readLog(creator), [["you", "too late"], ["talker", "last words"]]);
      const [farewell, refused] = (await readSystem(creator)).slice(-2);
      assert.match(farewell, /closed by Talker/);
      assert.match(refused, /last message was not delivered/);
      await creator.waitFor(() => document.querySelector(".mark.failed"));
      assert.equal(await creator.evaluate(() => document.querySelector(".again")), null,
        "there is nothing to try again");
    });

    for (const [status, line] of [[401, /no longer exists/], [403, /is closed/]]) {
      it(`stops for good on ${status}`, async () => {
        const [creator] = await meet(browser, server.url);
        await creator.evaluate((code) => {
          window.asked = [];
          window.fetch = async (_, { method }) => {
            window.asked.push(method);
            return new Response("", { status: code });
          };
          // At once: the field is gone as soon as anything was asked.
          document.querySelector("#text").value = "to nobody";
          document.querySelector("#composer").requestSubmit();
        }, status);
        await waitSystem(creator, line);
        await waitState(creator, "closed");
        assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
        const asked = await creator.evaluate(() => window.asked);
        assert.equal(new Set(asked).size, asked.length, `nothing is asked twice: ${asked}`);
      });
    }

    it("keeps what is being received through a refresh at any moment", async () => {
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
