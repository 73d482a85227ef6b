// SPDX-License-Identifier: BSD-3-Clause
/**
 * The encryption as the page runs it: what the server sees, what the page tells
 * its user, and how it reacts to interference. The other participant is a
 * `Peer`, not a page, so that it can misbehave.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { Peer } from "./lib/peer.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, joinChat, lengthenTimers, meet, readInvite, readLog, readSaved, readSystem,
  say, shortenTimers, waitMarks, waitReady, waitState, waitSystem, waitText, writeSaved,
} from "./lib/story.mjs";

/** Changes one character in the middle. */
function damage(msg) {
  const at = Math.floor(msg.length / 2);
  return msg.slice(0, at) + (msg[at] === "A" ? "B" : "A") + msg.slice(at + 1);
}

const readSecurity = (page) =>
  page.evaluate(() => document.querySelector("#security").textContent);

/** Reads all bytes that the server keeps at this moment. */
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

    /** Creates a chat on a page and establishes the channel between it and a peer. */
    async function establish({ link = true } = {}) {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { code, secret } = await readInvite(page);
      const peer = await Peer.join(server, { code, secret: link ? secret : null });
      await peer.establish();
      await waitReady(page);
      return { page, peer };
    }

    /** Waits until the page has ended the chat with this system line. */
    async function waitRefused(page, peer, line) {
      await waitSystem(page, line);
      await waitState(page, "closed");
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
      await peer.waitClosed();
    }

    it("the store of the server holds no word of a message", async () => {
      const { page, peer } = await establish();
      await say(page, "a very secret sentence");
      // The peer does not listen, so the message stays in the store.
      await waitMarks(page, "stored", 1);
      const store = readStore(server);
      const { chatToken: chat } = await readSaved(page);
      assert.ok(store.includes(Buffer.from(chat, "hex")), "the store holds the chat");
      const encoded = Buffer.from("secret").toString("base64").slice(0, 8);
      for (const word of ["secret", "sentence", encoded]) {
        assert.ok(!store.includes(word), word);
      }
      assert.equal((await peer.hear("text")).text, "a very secret sentence");
    });

    it("a chat that was joined with the link is verified", async () => {
      const { page, peer } = await establish();
      assert.match(await readSecurity(page), /verified by the link/);
      await peer.say("Hello");
      await waitText(page, "Hello");
      await peer.hear("delivered");
    });

    it("a chat that was joined with the code is verified when the numbers match", async () => {
      const { page, peer } = await establish({ link: false });
      assert.match(await readSecurity(page), /not verified/);
      await page.click("#security");
      const shown = await page.evaluate(() => document.querySelector("#safety").textContent);
      assert.equal(shown, peer.state.channel.safety);
      await page.click("#match");
      await page.waitFor(() => document.querySelector("#security").dataset.verified === "number");
      await page.reload();
      await waitReady(page);
      assert.match(await readSecurity(page), /verified by the safety number/);
      await page.click("#security");
      assert.equal(await page.evaluate(() =>
        document.querySelector("#match").checkVisibility()), false);
    });

    it("the chat ends when the numbers differ", async () => {
      const { page, peer } = await establish({ link: false });
      await page.click("#security");
      await page.click("#differ");
      await waitRefused(page, peer, /numbers differ/);
    });

    it("a message is marked when it is stored and when it is delivered", async () => {
      const { page, peer } = await establish();
      await say(page, "one");
      await say(page, "two");
      await waitMarks(page, "stored", 2);
      const { n } = await peer.hear("text");
      assert.equal((await peer.hear("text")).n, n + 1);
      await peer.confirmDelivery([n, n + 1]);
      await waitMarks(page, "delivered", 2);
      assert.equal(
        await page.evaluate(() => document.querySelector(".mark").textContent), "✓✓");
    });

    it("each side is told that the other is writing", async () => {
      const { page, peer } = await establish();
      await page.type("#text", "I am thinking");
      await peer.hear("typing");
      // Stop the timer that hides the hint, so that only the message can hide it.
      await lengthenTimers(page);
      await peer.hintTyping();
      await page.waitFor(() => document.querySelector("#typing").textContent);
      await peer.say("there");
      await waitText(page, "there");
      assert.equal(
        await page.evaluate(() => document.querySelector("#typing").textContent), "");
    });

    it("the page sends no typing hint while a message of its own is not delivered", async () => {
      const { page, peer } = await establish();
      await page.evaluate(() => {
        const { fetch } = window;
        window.sent = 0;
        window.fetch = (url, asked) => {
          if (asked.method === "POST") window.sent += JSON.parse(asked.body).data.messages.length;
          return fetch(url, asked);
        };
      });
      /** Moves the clock past the rest between two hints. */
      const skipRest = () => page.evaluate(() => {
        const { now } = performance;
        performance.now = () => now.call(performance) + 60_000;
      });
      const countSent = () => page.evaluate(() => window.sent);
      await say(page, "one");
      await waitMarks(page, "stored", 1);
      const before = await countSent();
      await skipRest();
      await say(page, "two");
      await waitMarks(page, "stored", 2);
      assert.equal(await countSent(), before + 1, "the page sends the message and nothing else");
      const ns = [(await peer.hear("text")).n, (await peer.hear("text")).n];
      await peer.confirmDelivery(ns);
      await waitMarks(page, "delivered", 2);
      await page.type("#text", "t");
      await page.waitFor((wanted) => window.sent === wanted, before + 2);
    });

    it("the handshake survives a refresh at every step", async () => {
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
      assert.match(await readSecurity(joiner), /verified by the link/);
    });

    it("a plaintext message ends the chat", async () => {
      const { page, peer } = await establish();
      await peer.postRaw({ msg: "plain words" });
      await waitRefused(page, peer, /not encrypted/);
      assert.deepEqual(await readLog(page), []);
    });

    it("a plaintext message instead of the handshake ends the chat", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const peer = await Peer.join(server, await readInvite(page));
      await peer.postRaw({ msg: "Hello, anybody there?" });
      await waitRefused(page, peer, /not encrypted/);
    });

    it("the page tells of a talker who starts no handshake, and stays locked", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      await shortenTimers(page);
      await Peer.join(server, await readInvite(page));
      await waitSystem(page, /encryption is not being set up/);
      assert.equal(await page.evaluate(() => document.querySelector("#text").disabled), true);
    });

    it("the page tells a joiner of a creator who is away", async () => {
      const peer = await Peer.create(server);
      const page = await browser.newPage();
      await joinChat(page, server.url, peer.invite.code);
      await waitSystem(page, /page does not answer/);
    });

    it("a joiner who knows the code but not the link's secret is detected", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { code } = await readInvite(page);
      const peer = await Peer.join(server, { code, secret: "A".repeat(21) + "Q" });
      await peer.pass("awaiting-commit");
      await peer.pass("awaiting-reveal");
      await peer.pass("awaiting-confirm");
      assert.equal(peer.state.fault, "intercepted");
    });

    it("a creator who does not know the link's secret is detected", async () => {
      const peer = await Peer.create(server);
      const page = await browser.newPage();
      await joinChat(page, server.url, `${peer.invite.code}.${"A".repeat(21)}Q`);
      await waitState(page, "securing");
      await peer.start();
      await peer.pass("awaiting-key");
      await waitRefused(page, peer, /Somebody is between you/);
    });

    it("a joiner with the bare code is refused when the link is demanded", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { code } = await readInvite(page);
      await page.click("#link-only");
      await page.reload();
      await page.waitFor(() => document.querySelector("#invite:not([hidden]) #link-only").checked);
      const peer = await Peer.join(server, { code, secret: null });
      await peer.pass("awaiting-commit");
      await waitRefused(page, peer, /only the code/);
    });

    it("an altered message ends the chat and is not shown", async () => {
      const { page, peer } = await establish();
      await peer.say("pay 100", (msg) => [damage(msg)]);
      await waitRefused(page, peer, /altered on the way/);
      assert.deepEqual(await readLog(page), []);
    });

    it("a fault is named even if a text of the user waits to be encrypted", async () => {
      const { page, peer } = await establish();
      await page.evaluate(() => {
        const { decrypt } = SubtleCrypto.prototype;
        SubtleCrypto.prototype.decrypt = async function (...args) {
          await new Promise((resolve) => { window.goOn = resolve; });
          return decrypt.apply(this, args);
        };
      });
      await peer.say("pay 100", (msg) => [damage(msg)]);
      await page.waitFor(() => window.goOn);
      await page.evaluate(() => {
        document.querySelector("#text").value = "never encrypted";
        document.querySelector("#composer").requestSubmit();
        window.goOn();
      });
      await waitRefused(page, peer, /altered on the way/);
      assert.deepEqual(await readLog(page), []);
    });

    it("a fault that was saved before a reload ends the chat after the reload", async () => {
      const { page, peer } = await establish();
      const saved = await readSaved(page);
      const { v, role, code, heard } = saved.crypto;
      saved.crypto = { v, role, code, heard, phase: "failed", fault: "tag" };
      await writeSaved(page, saved);
      await waitRefused(page, peer, /altered on the way/);
    });

    it("a repeated message is shown once", async () => {
      const { page, peer } = await establish();
      await peer.say("only once", (msg) => [msg, msg, msg]);
      await peer.say("and on");
      await waitText(page, "and on");
      assert.deepEqual(await readLog(page),
        [["talker", "only once"], ["talker", "and on"]]);
    });

    it("the page tells of a missing message, and when it arrives after all", async () => {
      const { page, peer } = await establish();
      await shortenTimers(page);
      let kept;
      await peer.say("withheld", (msg) => { kept = msg; return []; });
      await peer.say("next");
      await waitText(page, "next");
      await waitSystem(page, /message is missing/);
      await peer.postRaw({ msg: kept, sealed: true });
      await waitText(page, "withheld");
      await waitSystem(page, /arrived after all/);
    });

    it("an unknown version or type of envelope ends the chat", async () => {
      for (const [msg, line] of [["A".repeat(40), /another version/], ["AX8", /does not know/]]) {
        const { page, peer } = await establish();
        await peer.postRaw({ msg, sealed: true });
        await waitRefused(page, peer, line);
      }
    });

    it("two pages show the same safety number", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const numbers = [];
      for (const page of [creator, joiner]) {
        await page.click("#security");
        numbers.push(await page.evaluate(() => document.querySelector("#safety").textContent));
        assert.match(await readSecurity(page), /not verified/);
        assert.equal((await readSystem(page)).filter((text) => /end to end/.test(text)).length, 1);
      }
      assert.match(numbers[0], /^\d{4} \d{4} \d{4}$/);
      assert.equal(numbers[0], numbers[1]);
    });
  });
}
