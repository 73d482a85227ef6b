// SPDX-License-Identifier: BSD-3-Clause
/**
 * One thin layer over the browsers, so that a story is told once for all of
 * them: a page can go somewhere, press, type, be asked and be waited for.
 * Whatever a page complains about on its console is kept, for a test to look.
 */

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const PATIENCE_MS = 30_000;
// npm's packages are kept with everything else that is built.
const BUILD = new URL("../../../build/node/", import.meta.url);

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The engines this machine can run. */
export const ENGINES = [
  ...(CHROMIUM.some((file) => existsSync(file)) ? ["chromium"] : []),
];

/**
 * @param {string} engine one of ENGINES
 * @param {{ language?: string }} [options] language: as in "de-DE"
 */
export async function openBrowser(engine, { language = "en-US" } = {}) {
  if (engine !== "chromium") throw new Error(`no driver for ${engine}`);
  const { default: puppeteer } = createRequire(BUILD)("puppeteer-core");
  const profile = await mkdtemp(path.join(tmpdir(), "sfchat-chromium-"));
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM.find((file) => existsSync(file)),
    headless: true,
    acceptInsecureCerts: true,
    userDataDir: profile,
    args: [...CHROMIUM_FLAGS, `--accept-lang=${language}`],
  });
  return {
    /** A page of its own: no storage shared with any other. */
    async newPage() {
      const context = await browser.createBrowserContext();
      return wrapPage(await context.newPage());
    },
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** @param {any} page of puppeteer */
function wrapPage(page) {
  /** @type {string[]} */
  const complaints = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(error.message));

  return {
    complaints,
    goto: (url) => page.goto(url),
    reload: () => page.reload(),
    url: () => page.url(),
    title: () => page.title(),
    close: () => page.close(),
    /** Another tab of the same person: they share what tabs share. */
    sibling: async () =>
      wrapPage(await page.browserContext().newPage()),
    /** Runs a function in the page; it sees its arguments and nothing else. */
    evaluate: (fn, ...args) => page.evaluate(fn, ...args),
    /** Until the function, run in the page, answers something true. */
    waitFor: (fn, ...args) =>
      page.waitForFunction(fn, { polling: 50 }, ...args),
    async click(selector) {
      const element = await page.waitForSelector(selector, { visible: true });
      await element.click();
    },
    /** Types as a person does, key by key; "\n" is Shift+Enter. */
    async type(selector, text) {
      await page.waitForSelector(`${selector}:not([disabled])`);
      await page.focus(selector);
      for (const [i, line] of text.split("\n").entries()) {
        if (i > 0) {
          await page.keyboard.down("Shift");
          await page.keyboard.press("Enter");
          await page.keyboard.up("Shift");
        }
        await page.keyboard.type(line);
      }
    },
    press: (key) => page.keyboard.press(key),
    setOffline: (offline) => page.setOfflineMode(offline),
  };
}
