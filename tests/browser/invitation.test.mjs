// SPDX-License-Identifier: BSD-3-Clause
/** Inviting, joining by a link, and leaving by panic. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ENGINES } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  createChat, meet, panic, readInvite, say, waitSystem, waitText, waitVanished,
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
      await page.waitFor(() => document.querySelector("#copy-link").textContent === "Copied.");
      await page.click("#copy-code");
      await page.waitFor(() => window.copies.length === 2);
      assert.deepEqual(await page.evaluate(() => window.copies),
        [`${server.url}/#j=${code}.${secret}`, code]);
      assert.deepEqual(
        await page.evaluate(() => ["copy-link", "copy-code"].map(
          (id) => document.getElementById(id).textContent)),
        ["Copy the link", "Copied."]);
    });

    for (const [width, height] of [[360, 740], [390, 844], [412, 915], [1280, 720], [320, 480]]) {
      it(`each answer is in sight in a window of ${width} × ${height}`, async () => {
        const page = await browser.newPage();
        await page.setViewport(width, height);
        await createChat(page, server.url);
        await page.evaluate(() => {
          const inside = (inner, outer) =>
            inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
          window.isInSight = (id) => {
            const seen = [document.getElementById(id), document.querySelector("#scroll")]
              .map((element) => element.getBoundingClientRect());
            return inside(...seen) && seen[1].bottom <= innerHeight;
          };
        });
        assert.ok(await page.evaluate(() => window.isInSight("invite-title")));
        await catchCopies(page);
        await page.click("#copy-link");
        await page.waitFor(() => document.querySelector("#copy-link").textContent === "Copied.");
        assert.ok(await page.evaluate(() => window.isInSight("copy-link")));
        await page.click("#show-qr");
        await page.waitFor(() => document.activeElement.id === "qr");
        assert.ok(await page.evaluate(() => window.isInSight("qr")));
        assert.equal(
          await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
      });
    }

    it("a text that cannot be copied is shown in sight", async () => {
      const page = await browser.newPage();
      await page.setViewport(360, 740);
      await createChat(page, server.url);
      await page.evaluate(() => {
        navigator.clipboard.writeText = () => Promise.reject(new DOMException("no"));
      });
      await page.click("#copy-link");
      await page.waitFor(() => document.querySelector("#copied").textContent.includes("#j="));
      const [bottom, height] = await page.evaluate(() =>
        [document.querySelector("#copied").getBoundingClientRect().bottom, innerHeight]);
      assert.ok(bottom <= height);
    });

    it("the code is shown once, and not at all if the link is required", async () => {
      const page = await browser.newPage();
      const code = await createChat(page, server.url);
      const readCodes = () => page.evaluate((wanted) => {
        const shown = document.querySelector("main").innerText.replace(/\s/g, "");
        return shown.split(wanted).length - 1;
      }, code);
      assert.equal(await readCodes(), 1);
      await page.click("#link-only");
      for (const isReloaded of [false, true]) {
        if (isReloaded) {
          await page.reload();
          await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
        }
        assert.equal(await readCodes(), 0);
        assert.equal(
          await page.evaluate(() => document.querySelector("#copy-code").checkVisibility()), false);
      }
    });

    it("a short touch of the door explains it, a long one is panic", async () => {
      const [creator, joiner] = await meet(browser, server.url);
      await creator.evaluate(() => {
        const { setTimeout } = window;
        // Half a second is over at once, everything else never.
        window.setTimeout = (run, ms) => setTimeout(run, ms === 500 ? 0 : ms * 500);
        window.touch = (...types) => {
          for (const type of types) {
            document.querySelector("#panic").dispatchEvent(type === "click"
              ? new MouseEvent("click", { bubbles: true, detail: 1 })
              : new PointerEvent(type, { bubbles: true, pointerType: "touch" }));
          }
        };
        window.touch("pointerdown", "pointerup", "click");
      });
      assert.equal(await creator.evaluate(() =>
        getComputedStyle(document.querySelector("#panic-hint")).visibility), "visible");
      await creator.evaluate(() => window.touch("pointerdown", "pointercancel"));
      await say(creator, "still here");
      await waitText(joiner, "still here");
      await creator.evaluate(() => window.touch("pointerdown"));
      await waitVanished(creator);
      await waitSystem(joiner, /closed by Talker/);
    });

    it("the keyboard of an iPhone covers no field", async () => {
      const [creator] = await meet(browser, server.url);
      await creator.setViewport(390, 844);
      await creator.evaluate(() => {
        Object.defineProperty(visualViewport, "height", { value: 400 });
        visualViewport.dispatchEvent(new Event("resize"));
      });
      assert.ok(await creator.evaluate(() =>
        document.querySelector("#send").getBoundingClientRect().bottom <= 400));
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
