// SPDX-License-Identifier: BSD-3-Clause
/**
 * Chromium and Firefox through puppeteer, which speaks CDP with Chromium and
 * WebDriver BiDi with Firefox. One browser process serves all people, each in
 * a browser context of their own.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

import { PATIENCE_MS, bound } from "./patience.mjs";

// npm's packages are installed in the build folder, not beside this file.
const BUILD = new URL("../../../build/node/", import.meta.url);

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // The first feature sends requests of its own; the last two open a hidden
  // page of the address bar in every window.
  "--disable-features=AutofillServerCommunication,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
];

/** @typedef {import("./browser.mjs").Preferences} Preferences */

/** @param {Preferences} preferences */
function setUpChromium({ dark, reducedMotion, language, http, profile }) {
  return {
    args: [
      ...CHROMIUM_FLAGS,
      `--accept-lang=${language}`,
      `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`,
      ...(reducedMotion ? ["--force-prefers-reduced-motion"] : []),
      ...(http === 1 ? ["--disable-http2"] : []),
      ...(profile ? ["--restore-last-session"] : []),
    ],
  };
}

// A browser with a profile of its own behaves as at home: it saves its session soon
// and restores it at the next start.
const SESSION_PREFERENCES = {
  "browser.sessionstore.interval": 1_000,
  "browser.sessionstore.interval.idle": 1_000,
  "browser.sessionstore.resume_from_crash": true,
  "browser.startup.page": 3,
};

/** @param {Preferences} preferences */
function setUpFirefox({ dark, reducedMotion, forcedColors, language, http, profile }) {
  return {
    browser: "firefox",
    extraPrefsFirefox: {
      ...(profile ? SESSION_PREFERENCES : {}),
      "network.proxy.allow_hijacking_localhost": true,
      "network.http.http2.enabled": http !== 1,
      "intl.accept_languages": language,
      "ui.systemUsesDarkTheme": dark ? 1 : 0,
      "layout.css.prefers-color-scheme.content-override": dark ? 0 : 1,
      "ui.prefersReducedMotion": reducedMotion ? 1 : 0,
      "browser.display.document_color_use": forcedColors ? 2 : 0,
    },
  };
}

/** No flag of Chromium forces the colours. @param {any} page of puppeteer */
async function forceColors(page) {
  const session = await page.createCDPSession();
  await session.send("Emulation.setEmulatedMedia",
    { features: [{ name: "forced-colors", value: "active" }] });
}

/**
 * @param {"chromium" | "firefox"} engine
 * @param {string} executablePath
 * @param {Preferences} preferences
 */
export async function launch(engine, executablePath, preferences) {
  const { default: puppeteer } = createRequire(BUILD)("puppeteer-core");
  const profile = preferences.profile ?? await mkdtemp(path.join(tmpdir(), `sfchat-${engine}-`));
  const setUp = engine === "firefox" ? setUpFirefox : setUpChromium;
  const browser = await puppeteer.launch({
    ...setUp(preferences),
    executablePath,
    headless: true,
    acceptInsecureCerts: true,
    timeout: PATIENCE_MS,
    protocolTimeout: PATIENCE_MS,
    userDataDir: profile,
  });
  return {
    /** @param {import("./browser.mjs").Line} line */
    async newPerson(line) {
      if (preferences.profile) {
        const page = await browser.newPage();
        return { newTab: async () => wrapTab(page), close() {} };
      }
      const context = await browser.createBrowserContext({
        proxyServer: line.address,
        proxyBypassList: ["<-loopback>"],
      });
      return {
        async newTab() {
          const page = await context.newPage();
          if (engine === "chromium" && preferences.forcedColors) await forceColors(page);
          return wrapTab(page);
        },
        close: () => context.close(),
      };
    },
    /** The pages that are open, among them those that the browser has restored. */
    pages: async () => (await browser.pages()).map(wrapTab),
    /** Ends the browser as a crash does. */
    async kill() {
      const process = browser.process();
      const ended = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGKILL");
      await ended;
    },
    async close() {
      await browser.close();
      if (preferences.profile) return;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** @param {any} page of puppeteer */
function wrapTab(page) {
  /** @type {string[]} */
  const complaints = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(error.message));

  // Chromium never reports where an element of a background tab is, and
  // Firefox does not draw the focus there.
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
    /** Returns the tab that `open` makes this tab open. */
    async follow(open) {
      const popup = new Promise((resolve) => page.once("popup", resolve));
      await open();
      return wrapTab(await bound(popup, "a new tab opens"));
    },
    setViewport: (width, height) => page.setViewport({ width, height }),
    screenshot: async () => Buffer.from(await page.screenshot()),
  };
}
