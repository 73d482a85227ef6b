// SPDX-License-Identifier: BSD-3-Clause
/** Inviting, joining by a link, and leaving by panic. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, meet, panic, readInvite, say, waitSystem, waitText,
} from "./lib/story.mjs";

/** Records what the page copies: tests cannot read the clipboard. */
const catchCopies = (page) => page.evaluate(() => {
  window.copies = [];
  navigator.clipboard.writeText = async (text) => { window.copies.push(text); };
});

for (const engine of ENGINES) {
  describe(`invitation in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    it("the page shows the code in groups and copies the code and the link", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      const { code, secret } = await readInvite(page);
      assert.deepEqual(
        await page.evaluate(() =>
          [...document.querySelectorAll("#invite-code span")].map((e) => e.textContent)),
        code.match(/..../g));
      await catchCopies(page);
      await page.click("#copy-link");
      await page.waitFor(() => document.querySelector("#copied").textContent);
      await page.click("#copy-code");
      await page.waitFor(() => window.copies.length === 2);
      assert.deepEqual(await page.evaluate(() => window.copies),
        [`${server.url}/#j=${code}.${secret}`, code]);
    });

    it("the script that draws the QR code is loaded only when it is asked for", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      await readInvite(page);
      const loaded = () => page.evaluate(() =>
        performance.getEntriesByType("resource").filter(({ name }) => /qr-code/.test(name)).length);
      assert.equal(await loaded(), 0);
      await page.click("#show-qr");
      await page.waitFor(() => document.querySelector("#qr svg path"));
      assert.ok(await loaded() > 0);
      const [size, path] = await page.evaluate(() => [
        document.querySelector("#qr svg").viewBox.baseVal.width,
        document.querySelector("#qr path").getAttribute("d"),
      ]);
      // A QR code of version v has 17 + 4 v modules; the quiet zone adds 8.
      assert.equal((size - 8 - 17) % 4, 0);
      for (const corner of [[4, 4], [size - 5, 4], [4, size - 5]]) {
        assert.ok(path.includes(`M${corner.join(" ")}h1`), `a finder at ${corner}`);
      }
      assert.deepEqual(page.complaints, []);
    });

    it("a script for QR codes with another hash is refused", async () => {
      const page = await browser.newPage();
      await createChat(page, server.url);
      await readInvite(page);
      await page.evaluate(() => {
        document.documentElement.dataset.qrIntegrity = `sha384-${"A".repeat(64)}`;
      });
      await page.click("#show-qr");
      await page.waitFor(() => /could not be loaded/.test(document.querySelector("#copied").textContent));
      assert.equal(await page.evaluate(() => document.querySelector("#qr svg")), null);
    });

    for (const means of ["button", "Escape twice"]) {
      it(`panic with ${means} closes the chat and leaves nothing`, async () => {
        const [creator, joiner] = await meet(browser, server.url);
        await say(creator, "burn this");
        await waitText(joiner, "burn this");
        await panic(creator, means);
        assert.equal(await creator.evaluate(() => document.body.textContent), "");
        await waitSystem(joiner, /closed by Talker/);
        await creator.goto(`${server.url}/faq`);
        assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
      });
    }

    it("one Escape is no panic, even beside others that a dialog or an input method takes", async () => {
      const [creator] = await meet(browser, server.url);
      await creator.click("#close");
      await creator.press("Escape");
      await creator.waitFor(() => !document.querySelector("#sure").open);
      await creator.press("Escape");
      await creator.evaluate(() => {
        for (const how of [{ isComposing: true }, { keyCode: 229 }, { repeat: true }]) {
          const event = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, ...how });
          document.querySelector("#text").dispatchEvent(event);
        }
      });
      await say(creator, "still here");
      await waitText(creator, "still here");
    });

    it("only web addresses become links, and a link tells no referrer", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await say(creator, "see https://example.org/?a=1. javascript:alert(1)");
      await joiner.waitFor(() => document.querySelector(".msg-text a"));
      assert.deepEqual(
        await joiner.evaluate(() => [...document.querySelectorAll(".msg-text a")].map((a) =>
          [a.href, a.target, a.rel, a.textContent])),
        [["https://example.org/?a=1", "_blank", "noreferrer noopener", "https://example.org/?a=1"]]);
    });
  });
}
