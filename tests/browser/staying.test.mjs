// SPDX-License-Identifier: BSD-3-Clause
/** The page stays in its chat, whatever happens to server and line. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";

import { findPort, startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import {
  hurry, meet, readLog, say, waitReady, waitState, waitSystem, waitText,
} from "./lib/story.mjs";

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
        window.fetch = (...asked) => {
          const status = troubles.shift();
          return status ? Promise.resolve(new Response("<html>", { status })) : fetch(...asked);
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

    for (const [status, line] of [[401, /does not exist any more/], [403, /is closed/]]) {
      it(`stops for good on ${status}`, async () => {
        const [creator] = await meet(browser, server.url);
        await creator.evaluate((code) => {
          window.asked = 0;
          window.fetch = () => {
            window.asked += 1;
            return Promise.resolve(new Response("", { status: code }));
          };
          // At once: the field is gone as soon as anything was asked.
          document.querySelector("#text").value = "to nobody";
          document.querySelector("#composer").requestSubmit();
        }, status);
        await waitSystem(creator, line);
        await waitState(creator, "closed");
        assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
        assert.equal(await creator.evaluate(() => window.asked), 1);
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
