// SPDX-License-Identifier: BSD-3-Clause
/** How one gets in, and how one gets out in a hurry. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, meet, readInvite, say, waitReady, waitSystem, waitText,
} from "./lib/story.mjs";

const field = (page) => page.evaluate(() => document.querySelector("#code").value);

/** Keeps what the page puts on the clipboard, which tests cannot look into. */
const catchCopies = (page) => page.evaluate(() => {
  window.copies = [];
  navigator.clipboard.writeText = async (text) => { window.copies.push(text); };
});

for (const engine of ENGINES) {
  describe(`invitation in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    it("shows the code in groups and copies code and link", async () => {
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

    it("draws the link as a QR code, loaded only then", async () => {
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
      // Version 5 or so: 4 modules a version, and a quiet zone of 4 around.
      assert.equal((size - 8 - 17) % 4, 0);
      for (const corner of [[4, 4], [size - 5, 4], [4, size - 5]]) {
        assert.ok(path.includes(`M${corner.join(" ")}h1`), `a finder at ${corner}`);
      }
      assert.deepEqual(page.complaints, []);
    });

    it("refuses a script for QR codes that is not the one it knows", async () => {
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

    it("takes a link, hides it and waits for a click", async () => {
      const creator = await browser.newPage();
      await createChat(creator, server.url);
      const { code, secret } = await readInvite(creator);
      const joiner = await browser.newPage();
      await joiner.goto(`${server.url}/#j=${code}.${secret}`);
      await joiner.waitFor(() => document.querySelector("#invited:not([hidden])"));
      assert.equal(await field(joiner), `j=${code}.${secret}`);
      assert.equal(await joiner.evaluate(() => document.activeElement.id), "enter");
      assert.equal(await joiner.url(), `${server.url}/`);
      assert.equal(
        await creator.evaluate(() => document.querySelector("#state").dataset.state), "draft");
      await joiner.click("#enter");
      await waitReady(joiner);
      await waitReady(creator);
      for (const page of [creator, joiner]) {
        assert.equal(
          await page.evaluate(() => document.querySelector("#security").dataset.verified), "link");
        assert.equal(await page.evaluate(() => document.querySelector("#invite").hidden), true);
      }
    });

    it("takes a link into a page that is open already", async () => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/`);
      await page.evaluate(() => { location.hash = "#j=0123456789abcdef01234567.AAECAwQFBgcICQoLDA0ODw"; });
      await page.waitFor(() => document.querySelector("#code").value.startsWith("j=0123"));
      assert.equal(await page.url(), `${server.url}/`);
    });

    for (const way of ["button", "Esc twice"]) {
      it(`leaves nothing after panic by ${way}`, async () => {
        const [creator, joiner] = await meet(browser, server.url);
        await say(creator, "burn this");
        await waitText(joiner, "burn this");
        if (way === "button") {
          await creator.click("#panic");
        } else {
          await creator.press("Escape");
          await creator.press("Escape");
        }
        await creator.waitFor(() => location.href === "about:blank");
        assert.equal(await creator.evaluate(() => document.body.textContent), "");
        await waitSystem(joiner, /closed by Talker/);
        await creator.goto(`${server.url}/faq`);
        assert.equal(await creator.evaluate(() => sessionStorage.length), 0);
      });
    }

    it("takes neither one Esc for panic, nor those for somebody else", async () => {
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

    it("opens web addresses and nothing else, telling nobody where from", async () => {
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
