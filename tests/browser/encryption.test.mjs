// SPDX-License-Identifier: BSD-3-Clause
/**
 * The page's side of the encryption: what the server gets to see, what the
 * user is told, and what happens when somebody interferes. The other side is
 * no page, so that it can misbehave.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { Peer } from "./lib/peer.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, hurry, joinChat, meet, readInvite, readLog, readSystem, say, waitReady,
  waitState, waitSystem, waitText,
} from "./lib/story.mjs";

/** Flips one bit in the middle. */
function damage(msg) {
  const at = Math.floor(msg.length / 2);
  return msg.slice(0, at) + (msg[at] === "A" ? "B" : "A") + msg.slice(at + 1);
}

const security = (page) =>
  page.evaluate(() => document.querySelector("#security").textContent);

/** All bytes that the server keeps at this moment. */
const readStore = (server) =>
  readdirSync(server.dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath ?? entry.path, entry.name)))
    .reduce((all, bytes) => Buffer.concat([all, bytes]), Buffer.alloc(0));

for (const engine of ENGINES) {
  describe(`encryption in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    /** A page that has created a chat, and the other one established with it. */
    async function establish({ link = true } = {}) {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { code, secret } = await readInvite(page);
      const peer = await Peer.join(server, { code, secret: link ? secret : null });
      await peer.establish();
      await waitReady(page);
      return { page, peer };
    }

    /** Until the page has ended the chat with this line. */
    async function refuses(page, peer, line) {
      await waitSystem(page, line);
      await waitState(page, "closed");
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
      await peer.waitClosed();
    }

    it("leaves no word of what was said in the captured server", async () => {
      const { page, peer } = await establish();
      await say(page, "a very secret sentence");
      // Not listening: what was sent stays in the store.
      await page.waitFor(() => document.querySelector(".mark.stored"));
      const store = readStore(server);
      const { chat } = await page.evaluate(() => ({
        chat: JSON.parse(sessionStorage.sfChat).chatToken,
      }));
      assert.ok(store.includes(Buffer.from(chat, "hex")), "the store was read");
      for (const word of ["secret", "sentence", Buffer.from("secret").toString("base64").slice(0, 8)]) {
        assert.ok(!store.includes(word), word);
      }
      assert.equal((await peer.hear("text")).text, "a very secret sentence");
    });

    it("is verified by the link", async () => {
      const { page, peer } = await establish();
      assert.match(await security(page), /verified by the link/);
      await peer.say("Hello");
      await waitText(page, "Hello");
      await peer.hear("delivered");
    });

    it("is not verified by the code until the numbers match", async () => {
      const { page, peer } = await establish({ link: false });
      assert.match(await security(page), /not verified/);
      await page.click("#security");
      const shown = await page.evaluate(() => document.querySelector("#safety").textContent);
      assert.equal(shown, peer.state.channel.safety);
      await page.click("#match");
      await page.waitFor(() => document.querySelector("#security").dataset.verified === "number");
      await page.reload();
      await waitReady(page);
      assert.match(await security(page), /verified by the safety number/);
    });

    it("ends the chat when the numbers differ", async () => {
      const { page, peer } = await establish({ link: false });
      await page.click("#security");
      await page.click("#differ");
      await refuses(page, peer, /numbers differ/);
    });

    it("marks what was stored and what was received", async () => {
      const { page, peer } = await establish();
      await say(page, "one");
      await say(page, "two");
      await page.waitFor(() => document.querySelectorAll(".mark.stored").length === 2);
      const { n } = await peer.hear("text");
      assert.equal((await peer.hear("text")).n, n + 1);
      await peer.thank([n, n + 1]);
      await page.waitFor(() => document.querySelectorAll(".mark.delivered").length === 2);
      assert.equal(
        await page.evaluate(() => document.querySelector(".mark").textContent), "✓✓");
    });

    it("tells Talker of writing, and is told", async () => {
      const { page, peer } = await establish();
      await page.type("#text", "I am thinking");
      await peer.hear("typing");
      await peer.hint();
      await page.waitFor(() => document.querySelector("#typing").textContent);
      await peer.say("there");
      await waitText(page, "there");
      assert.equal(
        await page.evaluate(() => document.querySelector("#typing").textContent), "");
    });

    it("tells nothing of writing while something of ours is under way", async () => {
      const { page, peer } = await establish();
      await page.evaluate(() => {
        const { fetch } = window;
        window.sent = 0;
        window.fetch = (url, asked) => {
          if (asked.method === "POST") window.sent += JSON.parse(asked.body).data.messages.length;
          return fetch(url, asked);
        };
      });
      /** The rest between two hints is over. */
      const rest = () => page.evaluate(() => {
        const { now } = performance;
        performance.now = () => now.call(performance) + 60_000;
      });
      const sent = () => page.evaluate(() => window.sent);
      await say(page, "one");
      await page.waitFor(() => document.querySelector(".mark.stored"));
      const before = await sent();
      await rest();
      await say(page, "two");
      await page.waitFor(() => document.querySelectorAll(".mark.stored").length === 2);
      assert.equal(await sent(), before + 1, "the message and nothing else");
      const ns = [(await peer.hear("text")).n, (await peer.hear("text")).n];
      await peer.thank(ns);
      await page.waitFor(() => document.querySelectorAll(".mark.delivered").length === 2);
      await page.type("#text", "t");
      await page.waitFor((wanted) => window.sent === wanted, before + 2);
    });

    it("survives a refresh at every step of the handshake", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const invite = await readInvite(page);
      await page.reload();
      assert.deepEqual(await readInvite(page), invite);
      const peer = await Peer.join(server, invite);
      while (peer.state.phase !== "established") {
        await peer.listen();
        await page.reload();
      }
      await waitReady(page);
      await say(page, "still here");
      assert.equal((await peer.hear("text")).text, "still here");

      const creator = await Peer.create(server);
      const joiner = await browser.newPage();
      await joinChat(joiner, server.url, `${creator.invite.code}.${creator.invite.secret}`);
      await waitState(joiner, "securing");
      await joiner.reload();
      await creator.start();
      while (creator.state.phase !== "established") {
        await creator.listen();
        await joiner.reload();
      }
      await waitReady(joiner);
      assert.match(await security(joiner), /verified by the link/);
    });

    it("refuses a talker who does not encrypt", async () => {
      const { page, peer } = await establish();
      await peer.postRaw({ msg: "plain words" });
      await refuses(page, peer, /not encrypted/);
      assert.deepEqual(await readLog(page), []);
    });

    it("refuses a talker who never encrypts, before a word is said", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const peer = await Peer.join(server, await readInvite(page));
      await peer.postRaw({ msg: "Hello, anybody there?" });
      await refuses(page, peer, /not encrypted/);
    });

    it("names a talker who stays silent, and lets nothing be written", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      await hurry(page);
      await Peer.join(server, await readInvite(page));
      await waitSystem(page, /encryption is not being set up/);
      assert.equal(await page.evaluate(() => document.querySelector("#text").disabled), true);
    });

    it("catches who knows the code but not the link", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { code } = await readInvite(page);
      const peer = await Peer.join(server, { code, secret: "A".repeat(21) + "Q" });
      await peer.pass("awaiting-commit");
      await peer.pass("awaiting-reveal");
      await peer.pass("awaiting-confirm");
      assert.equal(peer.state.fault, "intercepted");
    });

    it("catches who stands between the two of a link", async () => {
      const peer = await Peer.create(server);
      const page = await browser.newPage();
      await joinChat(page, server.url, `${peer.invite.code}.${"A".repeat(21)}Q`);
      await waitState(page, "securing");
      await peer.start();
      await peer.pass("awaiting-key");
      await refuses(page, peer, /Somebody is between you/);
    });

    it("lets nobody in with the bare code when the link is demanded", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { code } = await readInvite(page);
      await page.click("#link-only");
      await page.reload();
      await page.waitFor(() => document.querySelector("#invite:not([hidden]) #link-only").checked);
      const peer = await Peer.join(server, { code, secret: null });
      await peer.pass("awaiting-commit");
      await refuses(page, peer, /only the code/);
    });

    it("shows nothing of an altered message", async () => {
      const { page, peer } = await establish();
      await peer.say("pay 100", (msg) => [damage(msg)]);
      await refuses(page, peer, /altered on the way/);
      assert.deepEqual(await readLog(page), []);
    });

    it("ends by a fault even if the page was gone in between", async () => {
      const { page, peer } = await establish();
      await page.evaluate(() => {
        const session = JSON.parse(sessionStorage.sfChat);
        const { v, role, code, heard } = session.crypto;
        session.crypto = { v, role, code, heard, phase: "failed", fault: "tag" };
        sessionStorage.sfChat = JSON.stringify(session);
      });
      await page.reload();
      await refuses(page, peer, /altered on the way/);
    });

    it("takes a message once, however often it comes", async () => {
      const { page, peer } = await establish();
      await peer.say("only once", (msg) => [msg, msg, msg]);
      await peer.say("and on");
      await waitText(page, "and on");
      assert.deepEqual(await readLog(page),
        [["talker", "only once"], ["talker", "and on"]]);
    });

    it("tells of a message that does not come", async () => {
      const { page, peer } = await establish();
      let kept;
      await peer.say("withheld", (msg) => { kept = msg; return []; });
      await peer.say("next");
      await waitText(page, "next");
      await waitSystem(page, /message is missing/);
      await peer.postRaw({ msg: kept, sealed: true });
      await waitText(page, "withheld");
      await waitSystem(page, /arrived after all/);
    });

    it("names what it does not understand", async () => {
      for (const [msg, line] of [["A".repeat(40), /another version/], ["AX8", /does not know/]]) {
        const { page, peer } = await establish();
        await peer.postRaw({ msg, sealed: true });
        await refuses(page, peer, line);
      }
    });

    it("gives two pages the same number", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const numbers = [];
      for (const page of [creator, joiner]) {
        await page.click("#security");
        numbers.push(await page.evaluate(() => document.querySelector("#safety").textContent));
        assert.match(await security(page), /not verified/);
        assert.equal((await readSystem(page)).filter((text) => /end to end/.test(text)).length, 1);
      }
      assert.match(numbers[0], /^\d{4} \d{4} \d{4}$/);
      assert.equal(numbers[0], numbers[1]);
    });
  });
}
