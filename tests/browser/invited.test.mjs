// SPDX-License-Identifier: BSD-3-Clause
/** The home page for somebody who was invited. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { Peer } from "./lib/peer.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, joinChat, panic, readInvite, waitPath, waitProblem, waitReady,
} from "./lib/story.mjs";

const waitInvited = (page) =>
  page.waitFor(() => document.querySelector("#accept").checkVisibility());

const waitOrdinary = (page) =>
  page.waitFor(() => document.querySelector("#create:not([disabled])")?.checkVisibility());

/** Reads all that this tab keeps, as one text. */
const readKept = (page) => page.evaluate(() => JSON.stringify(
  [window.name, history.state, { ...sessionStorage }, { ...localStorage }, document.cookie]));

/** The requests of the page reach the server, but no reply comes back. */
const swallowReplies = (page) => page.evaluate(() => {
  const { fetch } = window;
  window.fetch = async (...asked) => {
    await fetch(...asked);
    window.isAsked = true;
    return new Promise(() => {});
  };
});

for (const engine of ENGINES) {
  describe(`being invited in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    /** Creates a chat and opens its link in the page of another person. */
    async function inviteByLink() {
      const creator = await browser.newPage();
      await createChat(creator, server.url);
      const { code, secret } = await readInvite(creator);
      const joiner = await browser.newPage();
      await joiner.goto(`${server.url}/#j=${code}.${secret}`);
      await waitInvited(joiner);
      return { creator, joiner, code, secret };
    }

    it("a link shows the invitation alone, and waits for a click", async () => {
      const { creator, joiner, code, secret } = await inviteByLink();
      assert.deepEqual(
        await joiner.evaluate(() => [...document.querySelectorAll("main :is(button, input, h2)")]
          .filter((e) => e.checkVisibility()).map((e) => e.textContent)),
        ["You have been invited to a private chat", "Join the chat", "Go to the home page instead"]);
      assert.equal(await joiner.evaluate(() => document.activeElement.id), "accept");
      assert.equal(await joiner.url(), `${server.url}/`);
      assert.equal(
        await creator.evaluate(() => document.querySelector("#state").dataset.state), "draft");
      await joiner.click("#accept");
      for (const page of [joiner, creator]) {
        await waitReady(page);
        assert.equal(
          await page.evaluate(() => document.querySelector("#security").dataset.verified), "link");
        assert.equal(await page.evaluate(() => document.querySelector("#invite").hidden), true);
      }
      assert.ok(!(await readKept(joiner)).includes(secret));
      await joiner.click("h1 a");
      await waitOrdinary(joiner);
      assert.ok(!await joiner.evaluate((c) => document.querySelector("#code").value === c, code));
    });

    it("an invitation survives a reload and other pages, outside of every storage", async () => {
      const { joiner, secret } = await inviteByLink();
      await joiner.goto(`${server.url}/faq`);
      await joiner.goto(server.url);
      await waitInvited(joiner);
      await joiner.reload();
      await waitInvited(joiner);
      assert.ok(!(await joiner.evaluate(() => JSON.stringify(
        [history.state, { ...sessionStorage }, { ...localStorage }, document.cookie])))
        .includes(secret));
      await joiner.click("#accept");
      await waitReady(joiner);
    });

    it("a reload while a join hangs burns no link", async () => {
      const { joiner } = await inviteByLink();
      await swallowReplies(joiner);
      await joiner.click("#accept");
      await joiner.waitFor(() => window.isAsked);
      await joiner.reload();
      await waitInvited(joiner);
      await joiner.click("#accept");
      await waitReady(joiner);
    });

    it("a reload while a join hangs burns no code", async () => {
      const creator = await browser.newPage();
      const code = await createChat(creator, server.url);
      const joiner = await browser.newPage();
      await joiner.goto(server.url);
      await swallowReplies(joiner);
      await joiner.type("#code", code);
      await joiner.press("Enter");
      await joiner.waitFor(() => window.isAsked);
      await joiner.reload();
      await joiner.waitFor((wanted) => document.querySelector("#code").value === wanted, code);
      await joiner.click("#enter");
      await waitReady(joiner);
    });

    it("an invitation that can let nobody in is not offered again", async () => {
      const { code, secret } = await inviteByLink();
      await Peer.join(server, { code, secret });
      const late = await browser.newPage();
      await late.goto(`${server.url}/#j=${code}.${secret}`);
      await late.click("#accept");
      await waitProblem(late, /already been used/);
      await waitOrdinary(late);
      await late.reload();
      await waitOrdinary(late);
      assert.ok(!(await readKept(late)).includes(secret));
    });

    it("a link that a mailer has rewritten is recovered", async () => {
      const { code, secret } = await inviteByLink();
      for (const path of [`%23j=${code}.${secret}`, `#j%3D${code}%2E${secret}`,
        `%2523j%3D${code}%2E${secret}`]) {
        const page = await browser.newPage();
        await page.goto(`${server.url}/${path}`);
        await waitInvited(page);
        assert.equal(await page.url(), `${server.url}/`);
      }
      const page = await browser.newPage();
      await joinChat(page, server.url, `<${server.url}/%23j%3D${code}%2E${secret}>.`);
      await waitReady(page);
      assert.equal(
        await page.evaluate(() => document.querySelector("#security").dataset.verified), "link");
    });

    it("a link that has lost a part is refused, opened or typed", async () => {
      const code = "0123456789abcdef01234567";
      for (const hash of [`#j=${code}`, `#j=${code}.`, `#j=${code}.AAECAwQFBgcICQoLDA0OD`]) {
        const page = await browser.newPage();
        await page.goto(`${server.url}/${hash}`);
        await waitProblem(page, /link is damaged/);
        await waitOrdinary(page);
        assert.equal(await page.evaluate(() => document.querySelector("#code").value), "");
        assert.equal(await page.url(), `${server.url}/`);
        assert.ok(!(await readKept(page)).includes(code));
        await page.type("#code", `${server.url}/${hash}`);
        await page.press("Enter");
        await waitProblem(page, /link is damaged/);
      }
    });

    it("a link is accepted by a page that is already open, and can be declined", async () => {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.evaluate(() => { location.hash = "#j=0123456789abcdef01234567.AAECAwQFBgcICQoLDA0ODw"; });
      await waitInvited(page);
      assert.equal(await page.url(), `${server.url}/`);
      await page.click("#decline");
      await waitOrdinary(page);
      await page.reload();
      await waitOrdinary(page);
    });

    it("panic forgets an invitation that was not used", async () => {
      const { joiner, secret } = await inviteByLink();
      await panic(joiner);
      assert.ok(!await joiner.evaluate((s) => window.name.includes(s), secret));
      await joiner.goto(server.url);
      await waitOrdinary(joiner);
    });

    it("a 404 to a new chat is not blamed on a code", async () => {
      const page = await browser.newPage();
      await page.goto(server.url);
      for (const body of ["<h1>Not found</h1>", '{"results":{"code":404,"msg":"Not Found"}}']) {
        await page.evaluate((text) => {
          window.fetch = async () => new Response(text, { status: 404 });
        }, body);
        await page.click("#create");
        await waitProblem(page, /server has a problem/);
      }
    });

    it("a chat of this tab goes on although a link was opened in it", async () => {
      const { code, secret } = await inviteByLink();
      const page = await browser.newPage();
      const own = await createChat(page, server.url);
      await page.goto(`${server.url}/faq`);
      await page.goto(`${server.url}/#j=${code}.${secret}`);
      await waitInvited(page);
      await page.reload();
      await waitInvited(page);
      await page.click("#return");
      await waitPath(page, "/chat");
      assert.equal((await readInvite(page)).code, own);
    });
  });
}
