// SPDX-License-Identifier: BSD-3-Clause
/** The home page of somebody who is in a chat, or cannot get into one. */

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { createChat, joinChat, meet, say, waitPath, waitReady } from "./lib/story.mjs";

const goHome = async (page) => {
  await page.click("h1 a");
  await waitPath(page, "/");
};

const goBack = (page) => page.evaluate(() => history.back());

async function panic(page) {
  await page.press("Escape");
  await page.press("Escape");
  await page.waitFor(() => location.href === "about:blank");
}

for (const engine of ENGINES) {
  describe(`home in ${engine}`, () => {
    let server;
    let browser;

    before(async () => {
      server = await startServer();
      browser = await openBrowser(engine);
    });
    afterEach(() => browser.closePages());
    after(async () => {
      await browser?.close();
      await server?.stop();
    });

    it("leaves nothing to go back to", async () => {
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

    it("leaves nothing to go back to after a visit of the home page", async () => {
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
  });
}
