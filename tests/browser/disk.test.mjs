// SPDX-License-Identifier: BSD-3-Clause
/**
 * Nothing of a chat can be read on the disk: not during the chat, not after it, not
 * after the browser's end, its next start or its crash. WebKit's test browser
 * writes no session storage to the disk at all, so there is nothing to search.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";

import { waitFor } from "../lib/children.mjs";
import { startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { searchFolder } from "./lib/disk.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  closeChat, createChat, meet, panic, readInvite, readLog, readSaved, say, waitDraft, waitMarks,
  waitPath, waitReady, waitState, waitSystem, waitText,
} from "./lib/story.mjs";

// The code and S of a link, and the files in which a browser notes opened links.
const OF_LINK = /\.(chatToken|code|secret)$/;
const NOTES_LINKS = new RegExp("(^|/)(History|Favicons|Top Sites|Sessions/|" +
  "segmentation_platform/|(places|favicons)\\.sqlite|sessionstore)");

/** Makes a word that the search can find nowhere by accident. */
const newWord = () => `word${randomBytes(12).toString("hex")}`;

/** Gives every secret of a saved chat a name. */
function listSecrets(value, name = "") {
  if (typeof value === "string") {
    return value.length < 12 || /\.(tab|key_ops\.\d)$/.test(name) ? [] : [[name, value]];
  }
  // The texts of the server and of the page are no secrets.
  if (value === null || typeof value !== "object" || value.from === "system") return [];
  return Object.entries(value).flatMap(([key, part]) => listSecrets(part, `${name}.${key}`));
}

for (const engine of ENGINES.filter((name) => name !== "webkit")) {
  describe(`the disk of ${engine}`, () => {
    it("no text, key or token of a chat is ever on it", async (t) => {
      const server = await startServer();
      const profile = mkdtempSync(path.join(tmpdir(), "sfchat-disk-"));
      let browser = await openBrowser(engine, { profile });
      t.after(async () => {
        await browser.close();
        await server.stop();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      });
      /** @type {Record<string, string>} */
      const secrets = {};

      /** Notes all that the tab keeps of a chat, under the name of a moment. */
      async function note(page, moment) {
        Object.assign(secrets, Object.fromEntries(listSecrets(await readSaved(page), moment)));
        secrets[`${moment}.K`] = await page.evaluate(
          () => new URLSearchParams(window.name).get("sfChat"));
        assert.equal(Buffer.from(secrets[`${moment}.K`], "base64url").length, 32);
      }

      /** Puts a mark into the session storage in clear; it must be found. */
      async function mark(page) {
        const word = newWord();
        await page.evaluate((text) => { sessionStorage.mark = text; }, word);
        return word;
      }

      const waitFound = (word, what) => waitFor(
        () => searchFolder(profile, { word }).length > 0, `${what} is on the disk`);

      function assertNothing(moment) {
        const found = searchFolder(profile, secrets).filter(({ name, file }) =>
          !(OF_LINK.test(name) && NOTES_LINKS.test(file)));
        assert.deepEqual(found, [], moment);
      }

      /** Two tabs meet by the link, write, and leave a draft. */
      async function chat(name) {
        const creator = await browser.newPage();
        await createChat(creator, server.url);
        await note(creator, `${name}.invited`);
        const { code, secret } = await readInvite(creator);
        const joiner = await browser.newPage();
        await joiner.goto(`${server.url}/#j=${code}.${secret}`);
        await joiner.click("#accept");
        await waitReady(joiner);
        await waitReady(creator);
        await note(creator, `${name}.creator`);
        await note(joiner, `${name}.joiner`);
        const [said, answered, draft] = [newWord(), newWord(), newWord()];
        await say(creator, said);
        await waitText(joiner, said);
        await say(joiner, answered);
        await waitText(creator, answered);
        await creator.type("#text", draft);
        await waitDraft(creator, draft);
        await note(creator, `${name}.creator.later`);
        await note(joiner, `${name}.joiner.later`);
        Object.assign(secrets,
          { [`${name}.said`]: said, [`${name}.answered`]: answered, [`${name}.draft`]: draft });
        return { creator, joiner };
      }

      /** Waits until the newest entry of the tab is on the disk. */
      const waitWritten = (page) => waitFor(async () => {
        const { data } = await page.evaluate(() => JSON.parse(sessionStorage.sfChat));
        return searchFolder(profile, { data: data.slice(-64) }).length > 0;
      }, "the saved chat is on the disk");

      /**
       * Of the tabs that the browser brings back, the two of the last chat have lost it, and
       * say so. The chats of the others had ended, so these go to the home page.
       */
      async function lookAtRestored() {
        const saysSo = (page) => page.evaluate(() => location.pathname === "/chat" &&
          [...document.querySelectorAll(".system .msg-text")].some(({ textContent }) =>
            /key of this chat ended with its tab/.test(textContent)))
          // A tab may leave its page meanwhile.
          .catch(() => false);
        const restored = await waitFor(async () => {
          const found = [];
          for (const page of await browser.openPages()) {
            if (await saysSo(page)) found.push(page);
          }
          return found.length === 2 && found;
        }, "the two tabs of the last chat say that they have lost it");
        for (const page of restored) {
          assert.equal(await page.evaluate(() => sessionStorage.length), 0);
        }
      }

      const control = await browser.newPage();
      await control.goto(`${server.url}/faq`);
      await waitFound(await mark(control), "the first mark");

      const first = await chat("closed");
      await waitWritten(first.creator);
      assertNothing("during the chat");
      await closeChat(first.creator);
      await waitState(first.creator, "closed");
      await waitState(first.joiner, "closed");
      await waitFound(await mark(control), "the mark after the close");
      assertNothing("after the close");

      const second = await chat("panic");
      await waitWritten(second.joiner);
      await panic(second.joiner);
      await waitSystem(second.creator, /closed by Talker/);
      await waitFound(await mark(control), "the mark after panic");
      assertNothing("after panic");

      const third = await chat("left");
      await waitWritten(third.creator);
      const last = await mark(control);
      await waitFound(last, "the last mark");
      await browser.close();
      await waitFound(last, "the last mark after the browser's end");
      assertNothing("after the browser's end");

      browser = await openBrowser(engine, { profile });
      // Driven by a program, Firefox restores no tab.
      if (engine === "chromium") await lookAtRestored();
      const page = await browser.newPage();
      await page.goto(`${server.url}/faq`);
      await waitFound(await mark(page), "the mark after the next start");
      assertNothing("after the next start");

      const fourth = await chat("killed");
      await waitWritten(fourth.creator);
      await browser.kill();
      assertNothing("after the browser was killed");
    });
  });
}

for (const engine of ENGINES) {
  describe(`the key of a saved chat in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    const readKept = (page) => page.evaluate(() => [window.name, sessionStorage.length]);
    const goBack = (page) => page.evaluate(() => { setTimeout(() => history.back()); });

    it("a chat survives reloads, the other pages of the site and Back", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await say(creator, "before");
      await waitText(joiner, "before");
      const [key] = await readKept(creator);
      for (let times = 0; times < 3; times += 1) {
        await creator.reload();
        await waitReady(creator);
      }
      await creator.goto(`${server.url}/faq`);
      await creator.goto(`${server.url}/privacy`);
      for (const place of ["/faq", "/chat"]) {
        await goBack(creator);
        await waitPath(creator, place);
      }
      await waitReady(creator);
      await creator.click("h1 a");
      await waitPath(creator, "/");
      await creator.click("#return");
      await waitReady(creator);
      await say(creator, "after");
      await waitText(joiner, "after");
      assert.deepEqual(await readLog(creator), [["you", "before"], ["you", "after"]]);
      assert.deepEqual(await readKept(creator), [key, 1]);
    });

    it("a chat whose key is gone is wiped, and both pages say so", async () => {
      for (const place of ["/chat", "/"]) {
        const page = await browser.newPage();
        await createChat(page, server.url);
        await page.goto(`${server.url}/faq`);
        await page.evaluate(() => { window.name = ""; });
        await page.goto(`${server.url}${place}`);
        await page.waitFor(() => /key of this chat ended with its tab/.test(
          document.querySelector("main").textContent));
        assert.deepEqual(await readKept(page), ["", 0]);
        assert.equal(await page.evaluate(
          () => document.querySelector("#return")?.checkVisibility() ?? false), false);
        assert.deepEqual(page.complaints, []);
      }
    });

    it("close and panic delete the key", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await closeChat(creator);
      await waitState(creator, "closed");
      await waitState(joiner, "closed");
      for (const page of [creator, joiner]) assert.deepEqual(await readKept(page), ["", 0]);
      await createChat(creator, server.url);
      await panic(creator);
      assert.equal(await creator.evaluate(() => window.name), "");
    });

    it("nothing is shown, sent or acknowledged before it is saved", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { encrypt } = SubtleCrypto.prototype;
        const { fetch } = window;
        const released = new Promise((resolve) => { window.release = resolve; });
        window.changes = [];
        SubtleCrypto.prototype.encrypt = async function (how, key, data) {
          // A message has 512 bytes, a saved chat has more.
          if (data.byteLength > 512) {
            window.isSaving = true;
            await released;
          }
          return encrypt.call(this, how, key, data);
        };
        window.fetch = (url, asked) => {
          if (asked.method !== "GET") window.changes.push(asked.method);
          return fetch(url, asked);
        };
      });
      await say(joiner, "from the joiner");
      await creator.waitFor(() => window.isSaving);
      await say(creator, "from the creator");
      const look = async () => [
        await readLog(creator), await creator.evaluate(() => window.changes)];
      assert.deepEqual(await look(), [[], []]);
      await creator.evaluate(() => window.release());
      await waitText(joiner, "from the creator");
      await waitMarks(joiner, "delivered", 1);
      await waitText(creator, "from the joiner");
      assert.deepEqual((await readLog(creator)).sort(),
        [["talker", "from the joiner"], ["you", "from the creator"]]);
    });
  });
}
