// SPDX-License-Identifier: BSD-3-Clause
/** Each engine is installed, and the layer over it does what it promises. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { waitFor } from "../lib/children.mjs";
import { ENGINES, WANTED, openBrowser } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";

for (const engine of WANTED) {
  it(`${engine} is installed`, (t) => {
    if (ENGINES.includes(engine)) return;
    const problem = `${engine} is missing: no test runs in it`;
    assert.notEqual(process.env.CI, "true", problem);
    console.error(`\n*** ${problem} ***\n`);
    t.skip(problem);
  });
}

const PREFERENCES = [
  { dark: false, reducedMotion: false, language: "en-US" },
  { dark: true, reducedMotion: true, language: "de-DE" },
];

for (const engine of ENGINES) {
  describe(`the layer over ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    /** Opens a page at the home page, in the shared browser or in another one. */
    async function openHome(opened = browser) {
      const page = await opened.newPage();
      await page.goto(server.url);
      return page;
    }

    for (const preferences of PREFERENCES) {
      it(`a page sees the preferences ${JSON.stringify(preferences)}`, async (t) => {
        const other = await openBrowser(engine, preferences);
        t.after(() => other.close());
        const page = await openHome(other);
        assert.deepEqual(await page.evaluate(() => ({
          dark: matchMedia("(prefers-color-scheme: dark)").matches,
          reducedMotion: matchMedia("(prefers-reduced-motion: reduce)").matches,
          language: navigator.language,
        })), preferences);
      });
    }

    it("two people share no storage, two tabs of one person share it", async () => {
      const page = await openHome();
      const sibling = await page.sibling();
      const stranger = await browser.newPage();
      await page.evaluate(() => {
        localStorage.mark = "kept";
        sessionStorage.mark = "kept";
      });
      const marks = async (other) => {
        await other.goto(server.url);
        return other.evaluate(
          () => [localStorage.mark, sessionStorage.mark].map((mark) => mark ?? null),
        );
      };
      assert.deepEqual(await marks(sibling), ["kept", null]);
      assert.deepEqual(await marks(stranger), [null, null]);
      const twin = await page.duplicate();
      assert.deepEqual(await marks(twin), ["kept", "kept"]);
    });

    it("errors and warnings of a page are recorded", async () => {
      const page = await openHome();
      await page.evaluate(() => {
        console.error("one");
        console.warn("two");
        setTimeout(() => { throw new Error("three"); });
      });
      for (const word of ["one", "two", "three"]) {
        await waitFor(async () => {
          // WebKit's complaints come with the reply to a command.
          await page.evaluate(() => {});
          return page.complaints.join().includes(word);
        }, `${word} is recorded`);
      }
    });

    it("keys of all kinds arrive as they were typed", async () => {
      const page = await openHome();
      const text = "aZ 1;!\"ß → ü é 你好 😀";
      await page.evaluate(() => {
        document.body.replaceChildren(document.createElement("textarea"));
      });
      await page.type("textarea", text);
      await page.press("Shift+Enter");
      await page.type("textarea", "x");
      await page.press("ArrowLeft");
      await page.type("textarea", "y");
      await page.press("Enter");
      assert.equal(
        await page.evaluate(() => document.querySelector("textarea").value),
        `${text}\ny\nx`,
      );
    });

    it("cutting and mending the line of one person affects nobody else", async () => {
      const page = await openHome();
      const other = await browser.newPage();
      await other.goto(server.url);
      const reach = (visitor) => visitor.evaluate(() =>
        fetch("/robots.txt", { cache: "no-store" }).then(({ ok }) => ok, () => false));
      await page.setOffline(true);
      assert.equal(await page.evaluate(() => navigator.onLine), false);
      assert.deepEqual([await reach(page), await reach(other)], [false, true]);
      await page.setOffline(false);
      assert.deepEqual([await reach(page), await reach(other)], [true, true]);
    });

    it("the page and its picture have the size that was set", async () => {
      const page = await openHome();
      for (const [width, height] of [[320, 640], [1280, 800]]) {
        await page.setViewport(width, height);
        await page.waitFor(
          (w, h) => innerWidth === w && innerHeight === h, width, height,
        );
        const png = await page.screenshot();
        assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [width, height]);
      }
    });

    it("a request to another host is recorded and refused", async () => {
      const page = await openHome();
      assert.deepEqual(page.line.strangers, []);
      await page.goto("https://stranger.invalid/").catch(() => {});
      assert.ok(page.line.strangers.includes("stranger.invalid"));
    });
  });
}
