// SPDX-License-Identifier: BSD-3-Clause
/** Conveniences of the page, and what the page says when it cannot work. */

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
  closeChat, createChat, joinChat, meet, readInvite, readLog, readSaved, say, submit, waitDraft,
  waitPath, waitReady, waitState, waitSystem, waitText, writeSaved,
} from "./lib/story.mjs";

/** Makes a page believe that it is hidden, or visible again. */
const setHidden = (page, hidden) => page.evaluate((value) => {
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

    it("the icon has a badge while unseen messages wait", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const calm = await icon(joiner);
      await setHidden(joiner, true);
      await say(creator, "psst");
      await waitText(joiner, "psst");
      assert.match(await icon(joiner), /^images\/unread-/);
      await setHidden(joiner, false);
      assert.equal(await icon(joiner), new URL(calm, server.url).href);
    });

    it("the page rings and notifies only if asked to, and never shows the text", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await joiner.evaluate(() => {
        window.heard = [];
        window.Notification = class extends EventTarget {
          static requestPermission = async () => "granted";
          constructor(...words) {
            super();
            window.heard.push(JSON.stringify(words));
          }
          close() {}
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
      await setHidden(joiner, true);
      await say(creator, "first secret");
      await waitText(joiner, "first secret");
      assert.deepEqual(await heard(), [], "off by default");

      await setHidden(joiner, false);
      await joiner.click("#show-options");
      await joiner.click("#sound");
      await joiner.click("#notify");
      await joiner.click("#options button");
      const trials = await heard();
      assert.equal(trials.length, 2);
      assert.equal(trials[0], "ring", "a ring to try it");
      assert.match(trials[1], /^\["SFChat",/, "a silent notification to try it");
      await say(creator, "while looking");
      await waitText(joiner, "while looking");
      assert.deepEqual(await heard(), []);

      await setHidden(joiner, true);
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

    it("the menu leads to the questions and to other languages, and the chat goes on", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await say(creator, "before");
      await waitText(joiner, "before");
      await joiner.click("#show-options");
      const [href, target] = await joiner.evaluate(() => {
        const link = document.querySelector("#options nav [href=faq]");
        return [link.href, link.target];
      });
      assert.deepEqual([href, target], [`${server.url}/faq`, "_blank"]);
      await joiner.click("#options .languages [lang=de]");
      await waitPath(joiner, "/de/chat");
      await waitReady(joiner);
      assert.equal(await joiner.evaluate(() => document.documentElement.lang), "de");
      assert.deepEqual(await readLog(joiner), [["talker", "before"]]);
      await say(joiner, "danach");
      await waitText(creator, "danach");
      await joiner.click("h1 a");
      await waitPath(joiner, "/de/");
      await joiner.click("#return");
      await waitPath(joiner, "/de/chat");
      await waitReady(joiner);
    });

    it("an invitation survives a change of the language", async () => {
      const [creator, joiner] = await Promise.all([browser.newPage(), browser.newPage()]);
      await creator.goto(`${server.url}/es/`);
      await creator.click("#create");
      await waitPath(creator, "/es/chat");
      await creator.waitFor(() => document.querySelector("#invite:not([hidden])"));
      const { code, secret } = await readInvite(creator);
      await joiner.goto(`${server.url}/#j=${code}.${secret}`);
      await joiner.click(".site [lang=ar]");
      await waitPath(joiner, "/ar/");
      await joiner.click("#accept");
      await waitPath(joiner, "/ar/chat");
      await waitReady(joiner);
      await waitReady(creator);
    });

    it("the log shows the date once midnight has passed", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await say(creator, "this evening");
      await waitText(joiner, "this evening");
      const days = () => joiner.evaluate(() =>
        [...document.querySelectorAll(".day")].map(({ textContent }) => textContent));
      assert.deepEqual(await days(), []);
      const tomorrow = await joiner.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 86_400_000;
        return new Intl.DateTimeFormat("en", { dateStyle: "full" }).format(Date.now());
      });
      for (const text of ["tomorrow", "still tomorrow"]) {
        await say(creator, text);
        await waitText(joiner, text);
      }
      assert.deepEqual(await days(), [tomorrow]);
    });

    it("a file that is dropped or pasted is refused with a word", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      for (const type of ["drop", "paste"]) {
        const isRefused = await page.evaluate((name) => {
          document.querySelector("#parts").textContent = "";
          const data = new DataTransfer();
          data.items.add(new File(["x"], "picture.png", { type: "image/png" }));
          const event = new Event(name, { bubbles: true, cancelable: true });
          Object.assign(event, { dataTransfer: data, clipboardData: data });
          return !document.querySelector("#text").dispatchEvent(event);
        }, type);
        assert.equal(isRefused, type === "drop", "the browser must not open the file");
        await page.waitFor(() =>
          document.querySelector("#parts").textContent.startsWith("Only text can be sent"));
      }
    });

    it("the title counts that Talker joins and that Talker closes the chat", async () => {
      const [creator, joiner] = [await browser.newPage(), await browser.newPage()];
      const code = await createChat(creator, server.url);
      const title = await creator.title();
      await setHidden(creator, true);
      await joinChat(joiner, server.url, code);
      await waitReady(joiner);
      await waitReady(creator);
      assert.equal(await creator.title(), `(1) ${title}`);
      await closeChat(joiner);
      await waitState(creator, "closed");
      assert.equal(await creator.title(), `(2) ${title}`);
    });

    it("an unsent text survives a reload and the end of the chat", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.type("#text", "half a sen");
      await waitDraft(creator, "half a sen");
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

    it("the log keeps its place while the user reads, and stays at the end otherwise", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const saved = await readSaved(creator);
      for (let i = 0; i < 200; i += 1) {
        saved.entries.push({ id: `line${i}`, from: "talker", at: i, text: `${i} `.repeat(30) });
      }
      await writeSaved(creator, saved);
      await waitReady(creator);
      const measureLeft = async () => {
        // A tab in the background runs no animation frames.
        await creator.front();
        return creator.evaluate(() => new Promise((resolve) => {
          // ResizeObserver callbacks run between two animation frames.
          requestAnimationFrame(() => requestAnimationFrame(() => {
            const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#scroll");
            resolve(scrollHeight - scrollTop - clientHeight);
          }));
        }));
      };
      await measureLeft();
      for (const [width, height] of [[360, 740], [320, 400], [640, 800]]) {
        await creator.setViewport(width, height);
        assert.ok(await measureLeft() < 40, `at the end of ${width} x ${height}`);
      }
      await creator.evaluate(() => { document.querySelector("#scroll").scrollTop = 500; });
      await measureLeft();
      for (const [width, height] of [[640, 400], [360, 740]]) {
        await creator.setViewport(width, height);
        assert.ok(await measureLeft() > 1_000, `in the middle of ${width} x ${height}`);
      }
      await say(joiner, "down here");
      await waitText(creator, "down here");
      assert.ok(await measureLeft() > 1_000);
      await creator.click("#newer");
      assert.ok(await measureLeft() < 40);
    });

    // Counts calls of our own script, which are the same in every engine.
    if (engine === "chromium") {
      it("drawing 300 lines computes the layout as often as drawing one", async () => {
        const [creator] = await meet(browser, server.url);
        const countLayouts = (lines) => creator.evaluate((length) => {
          const { prototype } = HTMLElement;
          const height = Object.getOwnPropertyDescriptor(prototype, "offsetHeight");
          let layouts = 0;
          Object.defineProperty(prototype, "offsetHeight", {
            configurable: true,
            get() {
              layouts += 1;
              return height.get.call(this);
            },
          });
          const view = window.sfChat.view.createView(() => {});
          view.show(Array.from({ length }, (_, i) =>
            ({ id: `${length}-${i}`, from: "you", at: i, text: "a", state: "stored" })));
          Object.defineProperty(prototype, "offsetHeight", height);
          return layouts;
        }, lines);
        const layouts = await countLayouts(1);
        assert.ok(layouts > 0);
        assert.equal(await countLayouts(300), layouts);
      });
    }

    it("the bar says how long the chat will last", async () => {
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
      // The poll that was held before `fetch` was replaced brings the first message.
      await say(creator, "one");
      await waitText(joiner, "one");
      await say(creator, "two");
      await joiner.waitFor(() => document.querySelector("#left").textContent === "30 min left");
    });

    for (const [language, direction, word] of [
      ["de-DE", "ltr", "Neu erstellen"], ["ar", "rtl", "محادثة جديدة"],
      // lighttpd chooses Spanish as it chooses German, whatever the engine.
      ...(engine === "chromium" ? [["es", "ltr", "Crear nuevo"]] : []),
    ]) {
      it(`the pages speak the language of a visitor who prefers ${language}`, async () => {
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

    it("a chat that cannot be saved is closed", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        // Fill the storage completely, with ever smaller pieces.
        for (let length = 2 ** 24, i = 0; length >= 1; length /= 2) {
          try {
            for (;;) sessionStorage.setItem(`filler${i += 1}`, "x".repeat(length));
          } catch {
            // No room for a piece of this length.
          }
        }
      });
      // This text is longer than everything that the page can drop for it.
      await submit(creator, "too much ".repeat(400));
      await waitSystem(creator, /could not go on safely/);
      await waitState(creator, "closed");
      await waitSystem(joiner, /closed by Talker/);
    });

    it("a rejected promise of another script does not end the chat", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const promise = Promise.reject(new Error("of an extension"));
        // Chromium does not fire this event for a test's script, so dispatch it.
        window.dispatchEvent(new PromiseRejectionEvent("unhandledrejection", { promise }));
      });
      await say(creator, "still here");
      await waitText(joiner, "still here");
      await say(joiner, "me too");
      await waitText(creator, "me too");
      await waitState(creator, "ready");
    });

    it("without JavaScript the pages say what to do", async () => {
      const page = await browser.newPage();
      await page.goto(server.url);
      // A script sees the content of <noscript> as text only, so read the source.
      for (const place of ["/", "/chat"]) {
        const html = await page.evaluate((url) => fetch(url).then((r) => r.text()), place);
        assert.match(html, /<noscript>.*allow JavaScript.*<\/noscript>/s);
      }
    });

    it("without TLS, where browsers offer no encryption, the home page says so", async () => {
      const isWarned = (page) =>
        page.evaluate(() => document.querySelector("#insecure").checkVisibility());
      const page = await browser.newPage();
      await page.goto(server.url);
      assert.equal(await isWarned(page), false);
      // lighttpd serves the pages through TLS only, so serve one from here.
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

    it("the page asks its own server only and leaves no cookie", async () => {
      const [creator] = await meet(browser, server.url);
      const asked = await creator.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => new URL(name).origin));
      assert.deepEqual([...new Set(asked)], [server.url]);
      assert.equal(await creator.evaluate(() => document.cookie), "");
      assert.equal(await creator.evaluate(() => localStorage.length), 0);
    });
  });
}
