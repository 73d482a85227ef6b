// SPDX-License-Identifier: BSD-3-Clause
/**
 * Chromium and Firefox by way of puppeteer, which speaks CDP with the one
 * and WebDriver BiDi with the other. One process serves all people, each in
 * a context of their own.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

// npm's packages are kept with everything else that is built.
const BUILD = new URL("../../../build/node/", import.meta.url);

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // The last two: suggestions of the address bar, a page of their own per window.
  "--disable-features=AutofillServerCommunication,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
];

/** @typedef {import("./browser.mjs").Options} Options */

/** @param {Options} options */
function setUpChromium({ dark, reducedMotion, language }) {
  return {
    args: [
      ...CHROMIUM_FLAGS,
      `--accept-lang=${language}`,
      `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`,
      ...(reducedMotion ? ["--force-prefers-reduced-motion"] : []),
    ],
  };
}

/** @param {Options} options */
function setUpFirefox({ dark, reducedMotion, language }) {
  return {
    browser: "firefox",
    extraPrefsFirefox: {
      "network.proxy.allow_hijacking_localhost": true,
      "intl.accept_languages": language,
      "ui.systemUsesDarkTheme": dark ? 1 : 0,
      "layout.css.prefers-color-scheme.content-override": dark ? 0 : 1,
      "ui.prefersReducedMotion": reducedMotion ? 1 : 0,
    },
  };
}

/**
 * @param {"chromium" | "firefox"} engine
 * @param {string} executablePath
 * @param {Options} options
 */
export async function launch(engine, executablePath, options) {
  const { default: puppeteer } = createRequire(BUILD)("puppeteer-core");
  const profile = await mkdtemp(path.join(tmpdir(), `sfchat-${engine}-`));
  const setUp = engine === "firefox" ? setUpFirefox : setUpChromium;
  const browser = await puppeteer.launch({
    ...setUp(options),
    executablePath,
    headless: true,
    acceptInsecureCerts: true,
    protocolTimeout: 60_000,
    userDataDir: profile,
  });
  return {
    /** @param {import("./browser.mjs").Line} line */
    async newPerson(line) {
      const context = await browser.createBrowserContext({
        proxyServer: line.address,
        proxyBypassList: ["<-loopback>"],
      });
      return {
        newTab: async () => wrapTab(await context.newPage()),
        close: () => context.close(),
      };
    },
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** @param {any} page of puppeteer */
function wrapTab(page) {
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(error.message));

  // Hands are laid on what is in front: elsewhere Chromium never tells where
  // an element is, and Firefox does not show which one has the focus.
  const front = () => page.bringToFront();

  return {
    complaints,
    front,
    goto: (url) => page.goto(url),
    reload: () => page.reload(),
    url: async () => page.url(),
    title: () => page.title(),
    close: () => page.close(),
    evaluate: (fn, ...args) => page.evaluate(fn, ...args),
    async click(selector) {
      await front();
      await (await page.$(selector)).click();
    },
    async type(selector, text) {
      await front();
      await page.focus(selector);
      await page.keyboard.type(text);
    },
    async press(keys) {
      await front();
      for (const key of keys.slice(0, -1)) await page.keyboard.down(key);
      await page.keyboard.press(keys.at(-1));
      for (const key of keys.slice(0, -1)) await page.keyboard.up(key);
    },
    /** The tab that `open` makes this one open. */
    async follow(open) {
      const popup = new Promise((resolve) => page.once("popup", resolve));
      await open();
      return wrapTab(await popup);
    },
    setViewport: (width, height) => page.setViewport({ width, height }),
    screenshot: async () => Buffer.from(await page.screenshot()),
  };
}
