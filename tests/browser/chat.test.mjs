// SPDX-License-Identifier: BSD-3-Clause
/** Two people talk through the real server. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Person } from "../lib/chat.mjs";
import { ENGINES } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  changeKept, closeChat, createChat, joinChat, meet, panic, readLog, readSaved, readSystem, say,
  submit, waitDraft, waitMarks, waitPath, waitReady, waitState, waitSystem, waitText, waitVanished,
  writeSaved,
} from "./lib/story.mjs";

/** Waits until the home page shows why joining failed. */
const waitProblem = (page) =>
  page.waitFor(() => document.querySelector("#problem:not(.busy)")?.textContent);

const problem = (page) =>
  page.evaluate(() => document.querySelector("#problem").textContent);

for (const engine of ENGINES) {
  describe(`chat in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    it("two people create, join, talk in and close a chat", async () => {
      const creator = await browser.newPage();
      const joiner = await browser.newPage();
      const code = await createChat(creator, server.url);
      assert.equal(
        await creator.evaluate(() => document.querySelector("#text").disabled),
        true,
        "the composer is locked until somebody joins",
      );
      await joinChat(joiner, server.url, code);
      await waitReady(creator);
      await waitReady(joiner);

      await say(creator, "Hello");
      await waitText(joiner, "Hello");
      await say(joiner, "Hi");
      await say(joiner, "How are you?");
      await waitText(creator, "How are you?");
      const heard = [["you", "Hello"], ["talker", "Hi"], ["talker", "How are you?"]];
      assert.deepEqual(await readLog(creator), heard);
      assert.deepEqual(await readSystem(creator), [
        "Talker was successfully joined to chat",
        "Everything you write is now encrypted from end to end. It is not yet " +
          "verified who is at the other end: please compare the safety number.",
      ]);

      await closeChat(creator);
      await waitText(creator,
        "Thank you for using SFChat.\nCurrent chat was successfully closed.");
      await waitText(joiner,
        "Thank you for using SFChat.\nChat was successfully closed by Talker.");
      for (const page of [creator, joiner]) {
        await page.waitFor(() => !document.querySelector("#again").hidden);
        assert.equal(await page.evaluate(() => sessionStorage.length), 0);
        assert.deepEqual(await page.evaluate(() => [
          document.activeElement.id,
          ...["composer", "close", "show-options"].map((id) => document.getElementById(id)),
        ]), ["again", null, null, null]);
        await page.reload();
        await waitPath(page, "/");
        assert.deepEqual(page.complaints, []);
        assert.deepEqual(page.line.strangers, [], "the page asks its own server only");
      }
    });

    it("a message has a time, a name and a text", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await say(creator, "one");
      await say(creator, "two");
      await waitText(joiner, "two");
      const drawn = await joiner.evaluate(() =>
        [...document.querySelectorAll(".message.talker")].map((message) => ({
          id: message.id,
          children: [...message.children].map(({ className }) => className),
          date: message.querySelector(".msg-date").textContent,
          name: message.querySelector(".msg-name").textContent,
        })),
      );
      assert.deepEqual(drawn.map(({ name }) => name), ["Talker", "…"]);
      for (const { id, children, date } of drawn) {
        assert.match(id, /^msg-[0-9a-f]{24}$/);
        assert.match(date, /^\[[0-2]\d:[0-5]\d:[0-5]\d\]$/);
        assert.deepEqual(children, ["msg-date", "msg-name", "msg-text"]);
      }
      const system = await joiner.evaluate(() =>
        [...document.querySelector(".message.system").children].map(
          ({ className }) => className,
        ),
      );
      assert.deepEqual(system, ["border", "msg-text", "border"]);

      await say(joiner, "three");
      await joiner.waitFor(() => document.querySelector(".you .msg-state"));
      const look = await joiner.evaluate(() => {
        const style = (selector, part) =>
          getComputedStyle(document.querySelector(selector), part);
        const colour = (selector) => style(selector).color.match(/\d+/g).map(Number);
        return {
          log: document.querySelector("#log").getAttribute("role"),
          names: ["#scroll", "#log"].map((selector) =>
            document.querySelector(selector).getAttribute("aria-label")),
          state: document.querySelector(".msg-state").getAttribute("aria-live"),
          asterisks: style(".system .border", "::before").content,
          align: style(".system .msg-text").textAlign,
          you: colour(".you .msg-name"),
          talker: colour(".talker .msg-name"),
          time: colour(".msg-date"),
        };
      });
      assert.equal(look.log, "log");
      assert.notEqual(look.names[0], look.names[1]);
      assert.equal(look.state, "off", "a screen reader stays silent when the state changes");
      assert.match(look.asterisks, /^"\*( \*)+"$/);
      assert.equal(look.align, "center");
      const [you, talker] = [look.you, look.talker].map(([r, g, b]) => ({ r, g, b }));
      assert.ok(you.g > 1.3 * you.r && you.g > 1.3 * you.b, `${look.you} is green`);
      assert.ok(talker.r > 1.3 * talker.g && talker.g > 1.3 * talker.b, `${look.talker} is orange`);
      assert.ok(Math.max(...look.time) - Math.min(...look.time) < 30, `${look.time} is grey`);
    });

    it("a text from the server is marked as such, unlike the page's own lines", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { fetch } = window;
        const words = [
          { event: "note.verified", msg: `Well\n\n* * *\n\u202Edone ${"x".repeat(999)}` },
          { event: "closed_by_talker", msg: "It is over" },
        ];
        window.fetch = async (url, asked) => {
          const response = await fetch(url, asked);
          if (asked.method !== "GET") return response;
          const { results } = await response.json();
          results.messages.push(...words.splice(0).map((word, i) =>
            ({ ...word, _id: String(i).repeat(24), system: true })));
          return new Response(JSON.stringify({ results }));
        };
      });
      // The message ends the held poll. The next reply carries the texts.
      await say(joiner, "wake the poll");
      await waitText(creator, "The server says: It is over");
      const said = (await readSystem(creator)).at(-2);
      assert.equal(said, `The server says: Well * * * done ${"x".repeat(124)}`);
      const lines = await creator.evaluate(() =>
        [...document.querySelectorAll(".system")].map((line) => [
          line.classList.contains("own"),
          getComputedStyle(line.querySelector(".msg-text")).backgroundColor,
        ]));
      assert.deepEqual(lines.map(([isOwn]) => isOwn), [false, true, false, false]);
      const looks = (wanted) => lines.filter(([isOwn]) => isOwn === wanted).map(([, look]) => look);
      assert.ok(!looks(false).includes(looks(true)[0]), "the page's own lines have another colour");
      assert.equal(await creator.evaluate(() => document.querySelector("#state").dataset.state),
        "ready");
    });

    it("the page adds one global, which holds its modules", async () => {
      const page = await browser.newPage();
      const globals = () => page.evaluate(() => Object.getOwnPropertyNames(window));
      await page.goto(`${server.url}/robots.txt`);
      const before = new Set(await globals());
      await createChat(page, server.url);
      assert.deepEqual((await globals()).filter((name) => !before.has(name)), ["sfChat"]);
      assert.deepEqual(await page.evaluate(() => Object.keys(window.sfChat).sort()), [
        "abandon", "api", "chat", "claim", "closing", "encryption", "ending", "i18n", "incoming",
        "links", "outbox", "outgoing", "panic", "phase", "poll", "savedChat", "view",
      ]);
    });

    it("markup in a message is shown as text, and a blank message is not sent", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const markup = '<img src=x onerror="document.title=1"><b>&amp;</b>';
      await say(creator, markup);
      await waitText(joiner, markup);
      assert.equal(
        await joiner.evaluate(() => document.querySelectorAll("#log img, #log b").length),
        0,
      );
      await say(joiner, "two\nlines");
      await waitText(creator, "two\nlines");
      await say(joiner, "   ");
      await say(joiner, "after blanks");
      await waitText(creator, "after blanks");
      assert.deepEqual((await readLog(creator)).slice(1),
        [["talker", "two\nlines"], ["talker", "after blanks"]]);
    });

    it("the conversation survives a refresh on either side", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await say(creator, "before");
      await waitText(joiner, "before");
      await joiner.reload();
      await waitReady(joiner);
      await say(creator, "meanwhile");
      await waitText(joiner, "meanwhile");
      await creator.reload();
      await waitReady(creator);
      await say(joiner, "after");
      await waitText(creator, "after");
      assert.deepEqual(await readLog(creator),
        [["you", "before"], ["you", "meanwhile"], ["talker", "after"]]);
      assert.deepEqual(await readLog(joiner),
        [["talker", "before"], ["talker", "meanwhile"], ["you", "after"]]);
      assert.equal((await readSystem(creator)).length, 2);
    });

    it("messages written without a connection are sent later, once and in order", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.setOffline(true);
      await say(creator, "first");
      await say(creator, "second");
      await creator.waitFor(() => document.querySelector(".mark.sending"));
      await waitState(creator, "retrying");
      await creator.setOffline(false);
      await waitText(joiner, "second");
      await waitMarks(creator, "delivered", 2);
      await waitState(creator, "ready");
      assert.deepEqual(await readLog(joiner),
        [["talker", "first"], ["talker", "second"]]);
    });

    it("the title counts the messages that arrive while the page is hidden", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const title = await joiner.title();
      const look = (hidden) => joiner.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
      await look(true);
      await say(creator, "psst");
      await say(creator, "are you there?");
      await waitText(joiner, "are you there?");
      assert.equal(await joiner.title(), `(2) ${title}`);
      await look(false);
      assert.equal(await joiner.title(), title);
    });

    it("a chat that nobody has joined can be closed", async () => {
      const page = await browser.newPage();
      const code = await createChat(page, server.url);
      await closeChat(page);
      await waitText(page,
        "Thank you for using SFChat.\nCurrent chat was successfully closed.");
      const late = await browser.newPage();
      await joinChat(late, server.url, code);
      await waitProblem(late);
      assert.match(await problem(late), /no chat with this code/);
    });

    it("a code with blanks and capitals is accepted; a bad one is explained", async () => {
      const creator = await browser.newPage();
      const code = await createChat(creator, server.url);
      const joiner = await browser.newPage();
      const typed = code.toUpperCase().match(/.{4}/g).join(" ");
      await joinChat(joiner, server.url, ` ${typed} `);
      await waitReady(joiner);

      const late = await browser.newPage();
      await joinChat(late, server.url, code);
      await waitProblem(late);
      assert.match(await problem(late), /intercepted/);
      await joinChat(late, server.url, "nonsense");
      await waitProblem(late);
      assert.match(await problem(late), /24 characters/);
    });

    it("the page ends the chat when the server does not know it any more", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { chatToken, userToken } = await readSaved(page);
      await page.goto(`${server.url}/faq`);
      const person = new Person(server, chatToken, userToken);
      await person.close();
      await person.drain();
      await page.goto(`${server.url}/chat`);
      await waitState(page, "closed");
      assert.match((await readSystem(page)).at(-1), /no longer exists/);
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    });

    it("a page that is left while its chat is being closed keeps nothing", async () => {
      const [creator] = await meet(browser, server.url);
      await creator.evaluate(() => { window.fetch = () => new Promise(() => {}); });
      await closeChat(creator);
      await waitState(creator, "closing");
      await creator.click("h1 a");
      await waitPath(creator, "/");
      assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
    });

    it("what was written last goes before the chat is closed", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { fetch } = window;
        const closed = new Promise((resolve) => {
          document.querySelector("#sure").addEventListener("close", () => setTimeout(resolve, 300));
        });
        window.fetch = async (url, asked) => {
          if (asked.method === "POST") await closed;
          return fetch(url, asked);
        };
      });
      await submit(creator, "my last words");
      await closeChat(creator);
      await waitState(creator, "closed");
      await waitState(joiner, "closed");
      assert.deepEqual(await readLog(joiner), [["talker", "my last words"]]);
      assert.match((await readSystem(creator)).at(-1), /successfully closed/);
    });

    it("a page that is left while it sends its last words closes the chat", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { fetch } = window;
        window.fetch = (url, asked) =>
          (asked.method === "POST" ? new Promise(() => {}) : fetch(url, asked));
      });
      await submit(creator, "never sent");
      await closeChat(creator);
      await waitState(creator, "closing");
      await creator.goto(`${server.url}/faq`);
      await waitSystem(joiner, /closed by Talker/);
      assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
    });

    it("a reload puts messages that were not encrypted yet back into the composer", async () => {
      const [creator] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { encrypt } = SubtleCrypto.prototype;
        SubtleCrypto.prototype.encrypt = function (how, key, data) {
          const isMessage = data.byteLength === 512;
          return isMessage ? new Promise(() => {}) : encrypt.call(this, how, key, data);
        };
      });
      await say(creator, "first");
      await say(creator, "second");
      await creator.type("#text", "third");
      await waitDraft(creator, "third");
      await creator.reload();
      await waitReady(creator);
      assert.equal(
        await creator.evaluate(() => document.querySelector("#text").value),
        "first\nsecond\nthird");
    });

    it("a duplicated tab shows nothing of the chat, which goes on in the first tab", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const twin = await creator.duplicate();
      await waitState(twin, "elsewhere");
      await say(joiner, "who is there?");
      await waitText(creator, "who is there?");
      await creator.close();
      await twin.reload();
      await waitPath(twin, "/");
      assert.equal(await twin.evaluate(() => sessionStorage.length), 0);
    });

    it("panic in a duplicated tab does not close the chat", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const twin = await creator.duplicate();
      await waitState(twin, "elsewhere");
      await panic(twin, "button");
      await say(joiner, "still there?");
      await waitText(creator, "still there?");
      await creator.reload();
      await waitReady(creator);
      await say(creator, "yes");
      await waitText(joiner, "yes");
    });

    it("a damaged session is wiped and its chat cannot be joined any more", async () => {
      const page = await browser.newPage();
      const breakWith = async (damage) => {
        const code = await createChat(page, server.url);
        await damage();
        await waitSystem(page, /could not go on safely/);
        assert.equal(await page.evaluate(() => sessionStorage.length), 0);
        return code;
      };
      await breakWith(() => changeKept(page, () => { sessionStorage.sfChat = "{"; }));
      await page.click("#panic");
      await waitVanished(page);

      const code = await breakWith(async () => {
        const { entries: _, ...saved } = await readSaved(page);
        await writeSaved(page, saved);
      });
      await page.click("#again");
      await page.type("#code", code);
      await page.press("Enter");
      await waitProblem(page);
      assert.match(await problem(page), /no chat with this code/);
    });

    it("the chat page leads to the home page when there is no chat", async () => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/chat`);
      await waitPath(page, "/");
    });
  });
}
