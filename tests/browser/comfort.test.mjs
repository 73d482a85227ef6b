// SPDX-License-Identifier: BSD-3-Clause
/** What makes the page pleasant, and what it says when it cannot work. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { describe, it } from "node:test";

import { build } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { INSECURE_URL } from "./lib/line.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  closeChat, createChat, joinChat, meet, say, waitReady, waitState, waitSystem, waitText,
} from "./lib/story.mjs";

/** Makes a page believe that it is looked at, or not. */
const look = (page, hidden) => page.evaluate((value) => {
  Object.defineProperty(document, "hidden", { value, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, hidden);

const icon = (page) =>
  page.evaluate(() => document.querySelector("link[rel=icon]").getAttribute("href"));

for (const engine of ENGINES) {
  describe(`comfort in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    it("shows a badge on its icon while messages wait to be seen", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const calm = await icon(joiner);
      await look(joiner, true);
      await say(creator, "psst");
      await waitText(joiner, "psst");
      assert.match(await icon(joiner), /^\/images\/unread-/);
      await look(joiner, false);
      assert.equal(new URL(await icon(joiner), server.url).pathname, calm);
    });

    it("rings and notifies only when asked, and never says what was said", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await joiner.evaluate(() => {
        window.heard = [];
        window.Notification = class extends EventTarget {
          static requestPermission = async () => "granted";
          constructor(...words) {
            super();
            window.heard.push(JSON.stringify(words));
          }
        };
        const { AudioContext } = window;
        window.AudioContext = class extends AudioContext {
          constructor() {
            super();
            window.heard.push("ring");
          }
        };
      });
      const heard = () => joiner.evaluate(() => window.heard.splice(0));
      await look(joiner, true);
      await say(creator, "first secret");
      await waitText(joiner, "first secret");
      assert.deepEqual(await heard(), [], "off by default");

      await look(joiner, false);
      await joiner.click("#show-options");
      await joiner.click("#sound");
      await joiner.click("#notify");
      await joiner.click("#options button");
      assert.deepEqual(await heard(), ["ring"], "to try it");
      await say(creator, "while looking");
      await waitText(joiner, "while looking");
      assert.deepEqual(await heard(), []);

      await look(joiner, true);
      await say(creator, "second secret");
      await waitText(joiner, "second secret");
      const words = await heard();
      assert.equal(words.length, 2);
      assert.doesNotMatch(words[0], /secret/);
      assert.equal(words[1], "ring");
      await joiner.reload();
      await waitReady(joiner);
      assert.deepEqual(await joiner.evaluate(() =>
        ["sound", "notify"].map((id) => document.getElementById(id).checked)), [true, true]);
    });

    it("calls back for Talker's coming and going", async () => {
      const [creator, joiner] = [await browser.newPage(), await browser.newPage()];
      const code = await createChat(creator, server.url);
      const title = await creator.title();
      await look(creator, true);
      await joinChat(joiner, server.url, code);
      await waitReady(joiner);
      await waitReady(creator);
      assert.equal(await creator.title(), `(1) ${title}`);
      await closeChat(joiner);
      await waitState(creator, "closed");
      assert.equal(await creator.title(), `(2) ${title}`);
    });

    it("loses nothing of what is being written", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.type("#text", "half a sen");
      await creator.reload();
      await waitReady(creator);
      const field = () => creator.evaluate(() => {
        const { value, readOnly } = document.querySelector("#text");
        return [value, readOnly, Boolean(document.querySelector("#send"))];
      });
      assert.deepEqual(await field(), ["half a sen", false, true]);
      await closeChat(joiner);
      await waitState(creator, "closed");
      assert.deepEqual(await field(), ["half a sen", true, false]);
      assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
    });

    it("stays where one reads, and at the end while one is there", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const session = JSON.parse(sessionStorage.sfChat);
        for (let i = 0; i < 200; i += 1) {
          session.entries.push({ id: `line${i}`, from: "talker", at: i, text: `${i} `.repeat(30) });
        }
        sessionStorage.sfChat = JSON.stringify(session);
      });
      await creator.reload();
      await waitReady(creator);
      const left = async () => {
        // Nothing moves where nobody can look.
        await creator.front();
        return creator.evaluate(() => new Promise((resolve) => {
          // What has another size is dealt with in between.
          requestAnimationFrame(() => requestAnimationFrame(() => {
            const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#scroll");
            resolve(scrollHeight - scrollTop - clientHeight);
          }));
        }));
      };
      await left();
      for (const [width, height] of [[360, 740], [320, 400], [640, 800]]) {
        await creator.setViewport(width, height);
        assert.ok(await left() < 40, `at the end of ${width} x ${height}`);
      }
      await creator.evaluate(() => { document.querySelector("#scroll").scrollTop = 500; });
      await left();
      for (const [width, height] of [[640, 400], [360, 740]]) {
        await creator.setViewport(width, height);
        assert.ok(await left() > 1_000, `in the middle of ${width} x ${height}`);
      }
      await say(joiner, "down here");
      await waitText(creator, "down here");
      assert.ok(await left() > 1_000);
      await creator.click("#newer");
      assert.ok(await left() < 40);
    });

    it("has the page laid out once, however much there is to draw", async () => {
      const [creator] = await meet(browser, server.url);
      const countLooks = (lines) => creator.evaluate((length) => {
        const { prototype } = HTMLElement;
        const height = Object.getOwnPropertyDescriptor(prototype, "offsetHeight");
        let looks = 0;
        Object.defineProperty(prototype, "offsetHeight", {
          configurable: true,
          get() {
            looks += 1;
            return height.get.call(this);
          },
        });
        const view = window.sfChat.view.createView({ values: {}, onTryAgain() {} });
        view.show(Array.from({ length }, (_, i) =>
          ({ id: `${length}-${i}`, from: "you", at: i, text: "a", state: "stored" })));
        Object.defineProperty(prototype, "offsetHeight", height);
        return looks;
      }, lines);
      const looks = await countLooks(1);
      assert.ok(looks > 0);
      assert.equal(await countLooks(300), looks);
    });

    it("says how long the chat will last", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      for (const page of [creator, joiner]) {
        await page.waitFor(() => document.querySelector("#left").textContent === "24 hr left");
      }
      await joiner.evaluate(() => {
        const { fetch } = window;
        window.fetch = async (...asked) => {
          const { body, status } = await fetch(...asked);
          const headers = {
            Date: "Sat, 01 Jan 2000 23:45:00 GMT", Sunset: "Sun, 02 Jan 2000 00:15:00 GMT",
          };
          return new Response(body, { status, headers });
        };
      });
      // The first answer may be to a poll that was asked before.
      await say(creator, "one");
      await waitText(joiner, "one");
      await say(creator, "two");
      await joiner.waitFor(() => document.querySelector("#left").textContent === "30 min left");
    });

    for (const [language, direction, word] of [
      ["de-DE", "ltr", "neu erstellen"], ["es", "ltr", "crear nuevo"],
      ["ar", "rtl", "محادثة جديدة"],
    ]) {
      it(`speaks the language of a visitor from ${language}`, async () => {
        const foreign = await openBrowser(engine, { language });
        try {
          const page = await foreign.newPage();
          await page.goto(server.url);
          assert.deepEqual(await page.evaluate(() => [
            document.querySelector("#create").textContent,
            getComputedStyle(document.body).direction,
          ]), [word, direction]);
          await page.click("#create");
          await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
          assert.equal(
            await page.evaluate(() => document.documentElement.lang), language.slice(0, 2));
          assert.deepEqual(page.complaints, []);
        } finally {
          await foreign.close();
        }
      });
    }

    it("ends safely what it cannot save", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        // Fills the storage to the last letter.
        for (let length = 2 ** 24, i = 0; length >= 1; length /= 2) {
          try {
            for (;;) sessionStorage.setItem(`filler${i += 1}`, "x".repeat(length));
          } catch {
            // Full, for pieces as large as this.
          }
        }
      });
      // Longer than all that could be dropped to make room for it.
      await creator.evaluate(() => {
        document.querySelector("#text").value = "too much ".repeat(400);
        document.querySelector("#composer").requestSubmit();
      });
      await waitSystem(creator, /could not go on safely/);
      await waitState(creator, "closed");
      await waitSystem(joiner, /closed by Talker/);
    });

    it("goes on when a promise that is not its own is rejected", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const promise = Promise.reject(new Error("of an extension"));
        // Chromium fires no such event for a script of a test.
        window.dispatchEvent(new PromiseRejectionEvent("unhandledrejection", { promise }));
      });
      await say(creator, "still here");
      await waitText(joiner, "still here");
      await say(joiner, "me too");
      await waitText(creator, "me too");
      await waitState(creator, "ready");
    });

    it("says what to do without JavaScript", async () => {
      const page = await browser.newPage();
      await page.goto(server.url);
      // A page's own script cannot see what stands in <noscript> but as text.
      for (const place of ["/", "/chat"]) {
        const html = await page.evaluate((url) => fetch(url).then((r) => r.text()), place);
        assert.match(html, /<noscript>.*allow JavaScript.*<\/noscript>/s);
      }
    });

    it("says what to do where browsers do not let it encrypt", async () => {
      const isWarned = (page) =>
        page.evaluate(() => document.querySelector("#insecure").checkVisibility());
      const page = await browser.newPage();
      await page.goto(server.url);
      assert.equal(await isWarned(page), false);
      // The product's own server does not serve its pages without TLS.
      const insecure = http.createServer((_, response) => {
        response.setHeader("Content-Type", "text/html; charset=utf-8");
        response.end(readFileSync(path.join(build, "html/index.html")));
      }).listen(0, "127.0.0.1");
      await once(insecure, "listening");
      try {
        page.line.serveInsecure(insecure.address().port);
        await page.goto(INSECURE_URL);
        assert.equal(await page.evaluate(() => window.isSecureContext), false);
        assert.equal(await isWarned(page), true);
        assert.equal(await page.evaluate(() => document.querySelector("#create").disabled), true);
      } finally {
        insecure.close();
        insecure.closeAllConnections();
      }
    });

    it("asks nobody but its own server", async () => {
      const [creator] = await meet(browser, server.url);
      const asked = await creator.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin));
      assert.deepEqual([...new Set(asked)], [server.url]);
      assert.equal(await creator.evaluate(() => document.cookie), "");
      assert.equal(await creator.evaluate(() => localStorage.length), 0);
    });
  });
}
