// SPDX-License-Identifier: BSD-3-Clause
/** Each engine is there, and the layer over it does what it says. */

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { startServer } from "../lib/server.mjs";
import { ENGINES, WANTED, openBrowser } from "./lib/browser.mjs";

for (const engine of WANTED) {
  it(`has ${engine} to run in`, (t) => {
    if (ENGINES.includes(engine)) return;
    const problem = `${engine} is missing: no story is tried in it`;
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
    let page;

    before(async () => {
      server = await startServer();
    });
    after(() => server?.stop());
    afterEach(() => browser?.close());

    async function open(options) {
      browser = await openBrowser(engine, options);
      page = await browser.newPage();
      await page.goto(server.url);
    }

    for (const wishes of PREFERENCES) {
      it(`tells what the device prefers: ${JSON.stringify(wishes)}`, async () => {
        await open(wishes);
        assert.deepEqual(await page.evaluate(() => ({
          dark: matchMedia("(prefers-color-scheme: dark)").matches,
          reducedMotion: matchMedia("(prefers-reduced-motion: reduce)").matches,
          language: navigator.language,
        })), wishes);
      });
    }

    it("keeps people apart and a person's tabs together", async () => {
      await open();
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

    it("hears what a page complains about", async () => {
      await open();
      await page.evaluate(() => {
        console.error("one");
        console.warn("two");
        setTimeout(() => { throw new Error("three"); });
      });
      await page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 50); }));
      const heard = page.complaints.join();
      for (const word of ["one", "two", "three"]) {
        assert.ok(heard.includes(word), `${word} in ${heard}`);
      }
    });

    it("types what people type", async () => {
      await open();
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

    it("cuts a line and mends it, for one person alone", async () => {
      await open();
      const other = await browser.newPage();
      await other.goto(server.url);
      const reach = (who) => who.evaluate(() =>
        fetch("/robots.txt", { cache: "no-store" }).then(({ ok }) => ok, () => false));
      await page.setOffline(true);
      assert.equal(await page.evaluate(() => navigator.onLine), false);
      assert.deepEqual([await reach(page), await reach(other)], [false, true]);
      await page.setOffline(false);
      assert.deepEqual([await reach(page), await reach(other)], [true, true]);
    });

    it("has the window and the picture that were asked for", async () => {
      await open();
      for (const [width, height] of [[320, 640], [1280, 800]]) {
        await page.setViewport(width, height);
        await page.waitFor(
          (w, h) => innerWidth === w && innerHeight === h, width, height,
        );
        const png = await page.screenshot();
        assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [width, height]);
      }
    });

    it("knows whom a page wants to reach, and leads to the server alone", async () => {
      await open();
      assert.deepEqual(page.line.strangers, []);
      await page.goto("https://stranger.invalid/").catch(() => {});
      assert.ok(page.line.strangers.includes("stranger.invalid"));
    });
  });
}
