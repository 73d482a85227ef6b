// SPDX-License-Identifier: BSD-3-Clause
/** The home page for a visitor who is in a chat, or cannot get into one. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { Peer } from "./lib/peer.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, joinChat, meet, panic, pressEscapeTwice, readSaved, say, shortenTimers, waitPath,
  waitProblem, waitReady, waitState, waitSystem, waitText, waitVanished,
} from "./lib/story.mjs";

const goHome = async (page) => {
  await page.click("h1 a");
  await waitPath(page, "/");
};

const goBack = (page) => page.evaluate(() => history.back());

const readToken = async (page) => (await readSaved(page)).chatToken;

for (const engine of ENGINES) {
  describe(`home in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    it("a creator cannot join with their own invitation", async () => {
      const page = await browser.newPage();
      const code = await createChat(page, server.url);
      await joinChat(page, server.url, code);
      await waitProblem(page, /already in this chat/);
      await page.click("#return");
      await waitState(page, "draft");
      assert.equal(await readToken(page), code);
    });

    it("joining succeeds although the first reply was lost", async () => {
      const [creator, joiner] = [await browser.newPage(), await browser.newPage()];
      const code = await createChat(creator, server.url);
      await joiner.goto(server.url);
      await shortenTimers(joiner);
      await joiner.evaluate(() => {
        const { fetch } = window;
        window.fetch = async (...asked) => {
          await fetch(...asked);
          window.fetch = fetch;
          throw new TypeError("lost");
        };
      });
      await joiner.type("#code", code);
      await joiner.press("Enter");
      await waitReady(joiner);
      await say(joiner, "Hi");
      await waitText(creator, "Hi");
    });

    it("the page asks before it leaves a chat for another, then closes the old one", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const old = await readToken(creator);
      await goHome(creator);
      await creator.click("#create");
      await creator.waitFor(() => document.querySelector("#leave").checkVisibility());
      assert.equal(await readToken(creator), old);

      await creator.type("#code", "0".repeat(24));
      await creator.press("Enter");
      await creator.click("#leave-now");
      await waitProblem(creator, /no chat with this code/);
      await creator.click("#return");
      await waitReady(creator);
      await say(creator, "still here");
      await waitText(joiner, "still here");

      await goHome(creator);
      const peer = await Peer.create(server);
      await creator.type("#code", peer.invite.code);
      await creator.press("Enter");
      await creator.click("#leave-now");
      await waitState(creator, "securing");
      assert.equal(await readToken(creator), peer.invite.code);
      await waitSystem(joiner, /closed by Talker/);
    });

    it("panic on the home page closes the chat, and does nothing without one", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await goHome(creator);
      await panic(creator);
      await waitSystem(joiner, /closed by Talker/);
      await creator.goto(server.url);
      assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
      await pressEscapeTwice(creator);
      await createChat(creator, server.url);
    });

    it("panic while a chat is being entered closes that chat and keeps nothing", async () => {
      const creator = await browser.newPage();
      const code = await createChat(creator, server.url);
      const joiner = await browser.newPage();
      await joiner.goto(server.url);
      await joiner.evaluate(() => {
        const { fetch } = window;
        window.fetch = async (...asked) => {
          window.fetch = fetch;
          const answer = await fetch(...asked);
          await new Promise((resolve) => { window.deliver = resolve; });
          return answer;
        };
      });
      await joiner.type("#code", code);
      await joiner.press("Enter");
      await joiner.waitFor(() => window.deliver);
      await joiner.evaluate(() => {
        for (let times = 0; times < 2; times += 1) {
          document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
        }
        window.deliver();
      });
      await waitVanished(joiner);
      await waitSystem(creator, /closed by Talker/);
      await joiner.goto(server.url);
      assert.equal(await joiner.evaluate(() => sessionStorage.length), 0);
    });

    it("the home page leads back into the chat from one tab only", async () => {
      const [creator] = await meet(browser, server.url);
      await goHome(creator);
      await creator.waitFor(() => document.querySelector("#return").checkVisibility());
      const twin = await creator.duplicate();
      await twin.waitFor(() => sessionStorage.length === 0);
      assert.equal(
        await twin.evaluate(() => document.querySelector("#return").checkVisibility()), false);
      await creator.goto(`${server.url}/faq`);
      await creator.goto(server.url);
      await creator.click("#return");
      await waitReady(creator);
    });

    it("after panic the back button does not lead into the chat", async () => {
      const creator = await browser.newPage();
      const code = await createChat(creator, server.url);
      const joiner = await browser.newPage();
      await joiner.goto(`${server.url}/faq`);
      await joinChat(joiner, server.url, code);
      await waitReady(joiner);
      await waitReady(creator);
      await panic(joiner);
      await goBack(joiner);
      await waitPath(joiner, "/faq");
    });

    it("after panic the back button leads to a home page that knows of no chat", async () => {
      const [creator] = await meet(browser, server.url);
      await say(creator, "burn this");
      await goHome(creator);
      await creator.click("#return");
      await waitReady(creator);
      await panic(creator);
      await goBack(creator);
      await waitPath(creator, "/");
      assert.deepEqual(await creator.evaluate(() => [
        sessionStorage.length,
        document.querySelector("#return").hidden,
        document.querySelector("#code").value,
      ]), [0, true, ""]);
    });

    it("a reply without tokens enters no chat, and a page that cannot save requests none", async () => {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.evaluate(() => {
        window.fetch = async () => new Response('{"results":{}}', { status: 201 });
      });
      await page.click("#create");
      await waitProblem(page, /server has a problem/);
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);

      await page.evaluate(() => {
        window.asked = 0;
        window.fetch = async () => { window.asked += 1; };
        Storage.prototype.setItem = () => { throw new DOMException("", "QuotaExceededError"); };
      });
      await page.click("#create");
      await waitProblem(page, /not let this page store/);
      assert.equal(await page.evaluate(() => window.asked), 0);
    });
  });
}
