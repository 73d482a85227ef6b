// SPDX-License-Identifier: BSD-3-Clause
/**
 * Many chats in the tabs of one browser. The tabs share a few connections to the
 * server, and each of them must send and receive while all the others poll. In
 * these tests the server holds a long poll for longer than any wait of a test.
 */

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { Peer } from "./lib/peer.mjs";
import { createChat, readInvite, submit, waitReady, waitText } from "./lib/story.mjs";

// [engine, HTTP version, number of tabs]; WebKit speaks HTTP/1.1 through a proxy.
const STAGES = [
  ["chromium", 2, 20], ["chromium", 1, 12], ["firefox", 2, 12], ["firefox", 1, 12],
  ["webkit", 1, 12],
].filter(([engine]) => ENGINES.includes(engine));

/** Makes the long polls of the page too long for a test, and keeps their waits. */
const lengthenPolls = (page) =>
  page.evaluate(() => {
    const { fetch } = window;
    window.waits = [];
    AbortSignal.timeout = () => new AbortController().signal;
    window.fetch = (url, asked) => {
      const wait = /\?wait=(\d+)/.exec(url)?.[1];
      if (wait) window.waits.push(Number(wait));
      return fetch(url.replace("?wait=50", "?wait=170"), asked);
    };
    window.dispatchEvent(new Event("online"));
  });

/** Tells the page whether the user sees it; the engines do not agree on that. */
const setHidden = (page, hidden) =>
  page.evaluate((isHidden) => {
    Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

/**
 * Opens tabs of one person, each with a chat; the person sees the last one.
 * @returns {Promise<{ page: any, peer: Peer }[]>}
 */
async function openChats(browser, server, count) {
  const chats = [];
  while (chats.length < count) {
    const page = chats.length === 0 ? await browser.newPage() : await chats[0].page.sibling();
    for (const other of chats.slice(-1)) await setHidden(other.page, true);
    await createChat(page, server.url);
    const peer = await Peer.join(server, await readInvite(page));
    await peer.establish();
    await waitReady(page);
    await setHidden(page, false);
    await lengthenPolls(page);
    chats.push({ page, peer });
  }
  return chats;
}

/** In each chat both people send a text and receive the other's. */
async function talk(chats, round) {
  const said = Promise.all(chats.map(({ peer }, i) => peer.say(`peer ${i} ${round}`)));
  // One page after the other: WebKit's driver has one current tab.
  for (const [i, { page }] of chats.entries()) await submit(page, `page ${i} ${round}`);
  await said;
  const heard = await Promise.all(chats.map(({ peer }) => peer.hear("text")));
  assert.deepEqual(heard.map(({ text }) => text), chats.map((_, i) => `page ${i} ${round}`));
  for (const [i, { page }] of chats.entries()) await waitText(page, `peer ${i} ${round}`);
}

/** Waits until the last poll of the page was asked with one of these waits. */
const waitPoll = (page, ...waits) =>
  page.waitFor((...wanted) => wanted.includes(window.waits.at(-1)), ...waits);

for (const [engine, http, count] of STAGES) {
  describe(`many chats in ${engine} over HTTP/${http}`, () => {
    let browser;
    let server;

    before(async () => {
      server = await startServer();
      browser = await openBrowser(engine, { http });
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
    });
    afterEach(() => browser.closePages());

    it(`each of ${count} tabs sends and receives while the others poll`, async () => {
      const chats = await openChats(browser, server, count);
      const version = await chats[0].page.evaluate(() =>
        performance.getEntriesByType("navigation")[0].nextHopProtocol);
      if (version) assert.equal(version, http === 2 ? "h2" : "http/1.1");
      await talk(chats, "first");
      await talk(chats, "second");
    });
  });
}

for (const engine of ENGINES) {
  describe(`the tabs in ${engine} that hold a poll`, () => {
    let browser;
    let server;

    before(async () => {
      server = await startServer();
      browser = await openBrowser(engine);
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
    });
    afterEach(() => browser.closePages());

    it("four tabs hold long polls; with a fifth the hidden ones take turns", async () => {
      const chats = await openChats(browser, server, 4);
      for (const { page } of chats) await waitPoll(page, 50);
      const [fifth] = await openChats(
        { newPage: () => chats[0].page.sibling() }, server, 1);
      await setHidden(chats[3].page, true);
      await waitPoll(fifth.page, 50);
      for (const { page } of chats) await waitPoll(page, 0, 1);
      await fifth.page.close();
      for (const { page } of chats.slice(0, 3)) await waitPoll(page, 50);
    });

    it("the tab that the user turns to holds a long poll", async () => {
      const chats = await openChats(browser, server, 6);
      await waitPoll(chats[5].page, 50);
      for (const { page } of chats.slice(0, 2)) {
        for (const other of chats) if (other.page !== page) await setHidden(other.page, true);
        await setHidden(page, false);
        await waitPoll(page, 50);
      }
      await talk(chats, "now");
    });

    it("frozen tabs that keep their slots do not stop the others", async () => {
      const [frozen, ...chats] = await openChats(browser, server, 3);
      await frozen.page.evaluate(() => {
        for (const number of [1, 2, 3]) {
          navigator.locks.request(`sfChat poll ${number}`, { steal: true },
            () => new Promise(() => {}));
        }
      });
      // The others give up the polls that they hold in the slots.
      for (const { page } of chats) {
        await page.evaluate(() => window.dispatchEvent(new Event("online")));
      }
      await talk(chats, "first");
      await talk(chats, "second");
    });
  });
}
