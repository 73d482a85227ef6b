// SPDX-License-Identifier: BSD-3-Clause
/**
 * What a text can do to the page that shows it: long texts, addresses,
 * right-to-left marks, piled-up accents.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { Peer } from "./lib/peer.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  closeChat, createChat, meet, readInvite, readLog, say, submit, waitMarks, waitReady, waitState,
  waitText,
} from "./lib/story.mjs";

const LONG = Array.from({ length: 280 }, (_, i) => `word ${i} ${i % 9 ? " " : "\n"}`).join("").trim();
const ADDRESS = `https://example.org/${"path/".repeat(300)}end`;

/** The states of the user's messages, as the page shows them. */
const readMarks = (page) => page.evaluate(() =>
  [...document.querySelectorAll(".mark")].map(({ className }) => className));

/** Opens the creator's page and a joiner who has none. */
async function meetPeer(browser, server) {
  const page = await browser.newPage();
  await createChat(page, server.url);
  const peer = await Peer.join(server, await readInvite(page));
  await peer.establish();
  await waitReady(page);
  return [page, peer];
}

for (const engine of ENGINES) {
  describe(`texts in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    it("a long text is one message with one tick on both pages, after a reload too", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      assert.ok(LONG.length > 2_000);
      await submit(creator, LONG);
      await waitText(joiner, LONG);
      await waitMarks(creator, "delivered", 1);
      await say(joiner, "read");
      await waitText(creator, "read");
      for (let i = 0; i < 2; i += 1) {
        assert.deepEqual(await readLog(creator), [["you", LONG], ["talker", "read"]]);
        assert.deepEqual(await readLog(joiner), [["talker", LONG], ["you", "read"]]);
        assert.deepEqual(await readMarks(creator), ["mark delivered"]);
        await Promise.all([creator.reload(), joiner.reload()]);
        await Promise.all([waitReady(creator), waitReady(joiner)]);
      }
    });

    it("an address in a long text is one link, whole", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const text = `${"x".repeat(480)} ${ADDRESS}. Look!`;
      await submit(creator, text);
      await waitText(joiner, text);
      for (const page of [creator, joiner]) {
        assert.deepEqual(await page.evaluate(() =>
          [...document.querySelectorAll(".msg-text a")].map(({ href }) => href)), [ADDRESS]);
      }
    });

    it("a long text that cannot be sent waits as one, and is sent once after a reload", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.setOffline(true);
      await submit(creator, LONG);
      await waitMarks(creator, "sending", 1);
      await creator.setOffline(false);
      await creator.reload();
      await waitText(joiner, LONG);
      await waitMarks(creator, "delivered", 1);
      assert.deepEqual(await readLog(creator), [["you", LONG]]);
      assert.deepEqual(await readLog(joiner), [["talker", LONG]]);
    });

    it("a text is shown when it is whole; one whose rest does not come, after a while", async () => {
      const [page, peer] = await meetPeer(browser, server);
      const rest = [];
      await peer.say(`one ${"x".repeat(600)} two`, (msg) => (rest.push(msg) === 1 ? [msg] : []));
      await peer.hear("delivered");
      assert.deepEqual(await readLog(page), []);
      await page.reload();
      await waitReady(page);
      await page.waitFor(() =>
        /^one x+ \[…\]$/.test(document.querySelector(".talker .msg-text")?.textContent));
      await peer.postRaw({ msg: rest[1], sealed: true });
      await waitText(page, `one ${"x".repeat(600)} two`);
      assert.equal((await readLog(page)).length, 1);
    });

    it("the closing of the chat shows what has come of a text", async () => {
      const [page, peer] = await meetPeer(browser, server);
      let count = 0;
      await peer.say("y".repeat(600), (msg) => ((count += 1) === 1 ? [msg] : []));
      await peer.hear("delivered");
      await closeChat(page);
      await waitState(page, "closed");
      assert.deepEqual(await readLog(page), [["talker", `${"y".repeat(506)} […]`]]);
      const last = await page.evaluate(() => document.querySelector("#log").lastElementChild.className);
      assert.match(last, /system/, "the farewell comes last");
    });

    it("a tick stands on the line of the last word, however wide the page is", async () => {
      const [creator] = await meet(browser, server.url);
      await submit(creator, "the quick brown fox jumps over the lazy dog");
      await waitMarks(creator, "delivered", 1);
      const lines = await creator.evaluate(() => {
        const text = document.querySelector(".message.you .msg-text");
        const last = document.createRange();
        last.setStart(text.firstChild, text.textContent.length - 1);
        last.setEnd(text.firstChild, text.textContent.length);
        const found = new Set();
        const apart = [];
        for (let width = 200; width < 460; width += 1) {
          document.querySelector("#log").style.width = `${width}px`;
          const word = last.getBoundingClientRect();
          const mark = document.querySelector(".mark").getBoundingClientRect();
          found.add(Math.round(word.top));
          if (mark.top > word.bottom) apart.push(width);
        }
        return { count: found.size, apart };
      });
      assert.ok(lines.count > 1, "the text has different numbers of lines");
      assert.deepEqual(lines.apart, []);
    });

    it("what nobody can see is not sent", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      for (const sign of ["\u200b", "\u2800", "\u3164", " \u00ad\n"]) await submit(creator, sign);
      await submit(creator, "seen");
      await waitText(joiner, "seen");
      assert.deepEqual(await readLog(joiner), [["talker", "seen"]]);
      assert.deepEqual(await readLog(creator), [["you", "seen"]]);
    });

    it("a text that turns the reading order around cannot turn an address or its tick", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      const texts = [
        "\u202ehttps://evil.example/moc.x",
        "\u2067\u202e https://evil.example/a b",
        "\u2069\u2069\u202eabc https://evil.example/a",
        "\u2067\u202eabc",
      ];
      for (const text of texts) await submit(creator, text);
      await joiner.waitFor((count) => document.querySelectorAll(".talker").length === count, texts.length);
      await waitMarks(creator, "delivered", texts.length);
      for (const page of [creator, joiner]) {
        // Where each character of an address stands, from left to right.
        const links = await page.evaluate(() =>
          [...document.querySelectorAll(".msg-text a")].map((link) => {
            const range = document.createRange();
            const edges = [...link.textContent].map((_, i) => {
              range.setStart(link.firstChild, i);
              range.setEnd(link.firstChild, i + 1);
              const { left, top } = range.getBoundingClientRect();
              return { left, top };
            });
            return {
              text: link.textContent,
              host: link.host,
              isOrdered: edges.every(({ left, top }, i) =>
                i === 0 || top > edges[i - 1].top || left > edges[i - 1].left),
            };
          }));
        assert.deepEqual(links.map(({ text }) => text), [
          "https://evil.example/moc.x", "https://evil.example/a", "https://evil.example/a"]);
        for (const { text, host, isOrdered } of links) {
          assert.ok(isOrdered, text);
          assert.equal(host, "evil.example");
        }
      }
      const places = await creator.evaluate(() =>
        [...document.querySelectorAll(".you")].map((message) => {
          const side = (name) => message.querySelector(name).getBoundingClientRect();
          return side(".msg-state").left >= side(".msg-text").right - 1
            && side(".msg-text").left >= side(".msg-name").right - 1;
        }));
      assert.deepEqual(places, texts.map(() => true), "name, text and tick stand in this order");
    });

    it("an address that reads like another is not a link, or names its host", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await submit(creator, "https://evil.example/\u202emoc.elgoog.www//:sptth");
      await submit(creator, "https://www.google.com@evil.example/ and https://аpple.com");
      const shown =
        "https://www.google.com@evil.example/ (evil.example) and https://аpple.com (xn--pple-43d.com)";
      await waitText(joiner, shown);
      assert.deepEqual(await joiner.evaluate(() =>
        [...document.querySelectorAll(".msg-text a")].map(({ host }) => host)),
      ["evil.example", "xn--pple-43d.com"]);
    });

    it("piled-up accents stay inside their message", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await submit(creator, "above\nabove");
      await submit(creator, `ZA${"\u0302\u0323".repeat(4)}LGO`);
      await submit(creator, "below\nbelow");
      await waitText(joiner, "below\nbelow");
      /**
       * A picture of the page without the place of the message. Not every font piles
       * up accents, so the text itself is moved out of its place.
       */
      const take = async (visibility, overflow) => {
        await joiner.front();
        await joiner.evaluate((isVisible, clipping) => {
          const message = document.querySelectorAll(".talker")[1];
          message.style.visibility = isVisible;
          message.style.overflow = clipping;
          Object.assign(message.querySelector(".msg-text").style, { position: "relative", top: "-2em" });
          const cover = document.querySelector("#cover") ?? document.createElement("div");
          cover.id = "cover";
          const { x, y, width, height } = message.getBoundingClientRect();
          Object.assign(cover.style, { position: "fixed", background: "black", zIndex: "9",
            left: `${Math.floor(x)}px`, top: `${Math.floor(y)}px`,
            width: `${Math.ceil(width + 1)}px`, height: `${Math.ceil(height + 1)}px` });
          document.body.append(cover);
          document.activeElement.blur();
        }, visibility, overflow);
        return Buffer.from(await joiner.screenshot()).toString("base64");
      };
      const without = await take("hidden", "");
      assert.ok(await take("visible", "") === without, "a mark is seen outside the message");
      assert.ok(await take("visible", "visible") !== without, "it would be seen without the clip");
    });
  });
}
