// SPDX-License-Identifier: BSD-3-Clause
/**
 * A thin layer over the three browsers, so that one test runs in all of them.
 * A page navigates, presses keys, types, runs functions and waits for
 * conditions; it keeps the errors and warnings of its console.
 *
 *   BROWSER=chromium|firefox|webkit   run only this browser (or several,
 *                                     separated by commas)
 *   CI=true                           fail if a browser is missing
 */

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { openLine } from "./line.mjs";
import { PATIENCE_MS } from "./patience.mjs";
import * as puppeteer from "./puppeteer.mjs";
import * as webkit from "./webkit.mjs";

const INTERVAL_MS = 50;
// WebKitWebDriver never answers a command that it sends while the page is
// being kept in, or restored from, the back/forward cache. After this time
// `waitFor` asks again, and still accepts a late answer.
const SILENCE_MS = 5_000;

const FILES = {
  chromium: ["/usr/bin/chromium", "/usr/bin/chromium-browser"],
  firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
  webkit: ["x86_64", "aarch64"].map(
    (machine) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-4.1/MiniBrowser`,
  ),
};

const findFile = (engine) => FILES[engine].find((file) => existsSync(file));

/** The engines that BROWSER names. */
export const WANTED = process.env.BROWSER?.split(",") ?? Object.keys(FILES);

for (const engine of WANTED.filter((name) => !(name in FILES))) {
  throw new Error(`BROWSER: expected ${Object.keys(FILES)}, got ${engine}`);
}

/** The engines of WANTED that are installed on this machine. */
export const ENGINES = WANTED.filter((engine) => findFile(engine));

/**
 * @typedef {object} Preferences of the device
 * @property {boolean} [dark]
 * @property {boolean} [reducedMotion]
 * @property {boolean} [forcedColors] in Chromium and Firefox
 * @property {string} [language] for example "de-DE"
 * @property {1 | 2} [http] the highest version of HTTP that Chromium or Firefox
 *   speaks
 * @property {string} [profile] the folder of a profile that is kept; all people
 *   of the browser share its storage, and their lines cannot be cut
 *
 * @typedef {Awaited<ReturnType<typeof openLine>>} Line
 */

/**
 * Starts a browser. It serves several people: a person has a storage and a
 * network line of their own, and one or more tabs.
 * @param {string} engine one of ENGINES
 * @param {Preferences} [preferences]
 */
export async function openBrowser(engine, preferences = {}) {
  const settings = {
    dark: false, reducedMotion: false, forcedColors: false, language: "en-US", http: 2, ...preferences,
  };
  const file = findFile(engine);
  const browser = engine === "webkit"
    ? await webkit.launch(file, settings)
    : await puppeteer.launch(engine, file, settings);
  /** @type {(() => Promise<void>)[]} */
  let closers = [];

  async function closePages() {
    await Promise.all(closers.splice(0).map((close) => close()));
  }

  return {
    /** Opens a page of a new person. */
    async newPage() {
      const line = await openLine();
      const person = await browser.newPerson(line);
      closers.push(async () => {
        await person.close();
        line.close();
      });
      return wrapPage(await person.newTab(), person, line);
    },
    /** The pages that a browser with a profile has open. */
    openPages: async () => (await browser.pages()).map((tab) => wrapPage(tab)),
    /** Closes all pages of all people; the browser stays for the next test. */
    closePages,
    /** Ends a browser with a profile as a crash does. */
    async kill() {
      await browser.kill();
      await closePages();
    },
    async close() {
      await closePages();
      await browser.close();
    },
  };
}

/**
 * @param {any} tab of an engine
 * @param {any} person the owner of the tab
 * @param {Line} line of the person
 */
function wrapPage(tab, person, line) {
  /**
   * Waits until the function, run in the page, returns something true.
   * An exception in the page counts as false: the page may be navigating.
   */
  async function waitFor(fn, ...args) {
    // Some engines cannot return an element, so return a boolean.
    const isTrue = new Function("...args",
      `return Promise.resolve((${fn})(...args)).then(Boolean);`);
    const deadline = performance.now() + PATIENCE_MS;
    let cameTrue = false;
    let problem = "it stayed false";
    while (performance.now() < deadline) {
      const asked = tab.evaluate(isTrue, ...args).then(
        (answer) => { cameTrue ||= answer; },
        (error) => { problem = error.message; },
      );
      await Promise.race([asked, sleep(SILENCE_MS, undefined, { ref: false })]);
      if (cameTrue) return;
      await sleep(INTERVAL_MS);
    }
    const shown = await Promise.race([
      tab.evaluate(() => `${location.pathname}\n${document.body.innerText}`),
      sleep(SILENCE_MS, undefined, { ref: false }),
    ]).catch(({ message }) => message);
    throw new Error(
      `waited ${PATIENCE_MS / 1_000} s for ${fn} with [${args}]: ${problem}\n${shown}`);
  }

  const press = (keys) => tab.press(keys.split("+"));

  const page = {
    complaints: tab.complaints,
    line,
    /** Brings the tab to the front, as the tab that the person looks at. */
    front: tab.front,
    goto: tab.goto,
    reload: tab.reload,
    url: tab.url,
    title: tab.title,
    close: tab.close,
    /** Runs a function in the page; the function sees its arguments only. */
    evaluate: tab.evaluate,
    waitFor,
    /** Opens another tab of the same person. */
    sibling: async () => wrapPage(await person.newTab(), person, line),
    /** Duplicates the tab, as the browser's menu does: the new tab gets a copy
     * of the session storage. */
    async duplicate() {
      await tab.evaluate(() => {
        const link = document.createElement("a");
        Object.assign(link, { href: location.href, target: "_blank", rel: "opener" });
        link.id = "duplicate";
        link.textContent = "duplicate";
        link.style.cssText = "position: fixed; inset: 0 auto auto 0; z-index: 9";
        document.body.append(link);
      });
      const opened = await tab.follow(() => tab.click("#duplicate"));
      await tab.evaluate(() => document.querySelector("#duplicate").remove());
      const twin = wrapPage(opened, person, line);
      await twin.waitFor(
        () => location.href !== "about:blank" && document.readyState === "complete",
      );
      return twin;
    },
    async click(selector) {
      await waitFor((wanted) => {
        const element = document.querySelector(wanted);
        return element?.checkVisibility() && !element.disabled;
      }, selector);
      await tab.click(selector);
    },
    /** Types key by key, as a person does; "\n" is typed as Shift+Enter. */
    async type(selector, text) {
      await waitFor(
        (wanted) => document.querySelector(`${wanted}:not([disabled])`) !== null,
        selector,
      );
      for (const [i, part] of text.split("\n").entries()) {
        if (i > 0) await press("Shift+Enter");
        await tab.type(selector, part);
      }
    },
    /** Presses one key, or several together: "Tab", "Shift+Tab". */
    press,
    /** Cuts or mends the line of the person and tells this page about it, as
     * the device would. */
    async setOffline(offline) {
      if (offline) line.cut();
      else line.mend();
      await tab.evaluate((isOffline) => {
        Object.defineProperty(navigator, "onLine", {
          value: !isOffline,
          configurable: true,
        });
        window.dispatchEvent(new Event(isOffline ? "offline" : "online"));
      }, offline);
    },
    setViewport: tab.setViewport,
    /** Returns the visible part of the page as a PNG. */
    screenshot: tab.screenshot,
  };
  return page;
}
