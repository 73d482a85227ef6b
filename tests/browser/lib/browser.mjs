// SPDX-License-Identifier: BSD-3-Clause
/**
 * One thin layer over the browsers, so that a story is told once for all of
 * them: a page can go somewhere, press, type, be asked and be waited for.
 * Whatever a page complains about on its console is kept, for a test to look.
 *
 *   BROWSER=chromium|firefox|webkit   only this one (or several, by commas)
 *   CI=true                           one that is missing is a failure
 */

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { openLine } from "./line.mjs";
import * as puppeteer from "./puppeteer.mjs";
import * as webkit from "./webkit.mjs";

const PATIENCE_MS = 30_000;
const LOOK_AGAIN_MS = 50;
// WebKitWebDriver loses what it asks of a page that a browser's memory is just
// giving way to, or taking, and would wait for the answer for ever.
const ANSWER_MS = 5_000;

const FILES = {
  chromium: ["/usr/bin/chromium", "/usr/bin/chromium-browser"],
  firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
  webkit: ["x86_64", "aarch64"].map(
    (machine) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-4.1/MiniBrowser`,
  ),
};

const findFile = (engine) => FILES[engine].find((file) => existsSync(file));

/** The engines that were asked for. */
export const WANTED = process.env.BROWSER?.split(",") ?? Object.keys(FILES);

for (const engine of WANTED.filter((name) => !(name in FILES))) {
  throw new Error(`BROWSER: ${Object.keys(FILES)} were expected, not ${engine}`);
}

/** Those of them that this machine can run. */
export const ENGINES = WANTED.filter((engine) => findFile(engine));

/**
 * @typedef {object} Options what the device prefers
 * @property {boolean} [dark]
 * @property {boolean} [reducedMotion]
 * @property {string} [language] as in "de-DE"
 *
 * @typedef {Awaited<ReturnType<typeof openLine>>} Line
 */

/**
 * @param {string} engine one of ENGINES
 * @param {Options} [options]
 */
export async function openBrowser(engine, options = {}) {
  const wishes = { dark: false, reducedMotion: false, language: "en-US", ...options };
  const file = findFile(engine);
  const browser = engine === "webkit"
    ? await webkit.launch(file, wishes)
    : await puppeteer.launch(engine, file, wishes);
  /** @type {(() => Promise<void>)[]} */
  let people = [];

  async function closePages() {
    await Promise.all(people.splice(0).map((close) => close()));
  }

  return {
    /**
     * A page of another person, who shares nothing with the others: neither
     * storage nor line.
     */
    async newPage() {
      const line = await openLine();
      const person = await browser.newPerson(line);
      people.push(async () => {
        await person.close();
        line.close();
      });
      return wrapPage(await person.newTab(), person, line);
    },
    /** Everybody leaves: between two stories, no page is left that works. */
    closePages,
    async close() {
      await closePages();
      await browser.close();
    },
  };
}

/**
 * @param {any} tab of an engine
 * @param {any} person whose tab it is
 * @param {Line} line
 */
function wrapPage(tab, person, line) {
  /**
   * Until the function, run in the page, answers something true. What it
   * throws does not count: the page may just be on its way to another.
   */
  async function waitFor(fn, ...args) {
    // Elements, as an answer, get lost on the way from some engines.
    const isTrue = new Function("...args",
      `return Promise.resolve((${fn})(...args)).then(Boolean);`);
    const deadline = Date.now() + PATIENCE_MS;
    let problem = "it never came true";
    while (Date.now() < deadline) {
      try {
        const silence = sleep(ANSWER_MS, undefined, { ref: false })
          .then(() => { throw new Error("the browser does not answer"); });
        if (await Promise.race([tab.evaluate(isTrue, ...args), silence])) return;
      } catch (error) {
        problem = error.message;
      }
      await sleep(LOOK_AGAIN_MS);
    }
    throw new Error(`waited in vain for ${fn}, ${args}: ${problem}`);
  }

  const press = (keys) => tab.press(keys.split("+"));

  const page = {
    complaints: tab.complaints,
    line,
    /** Puts it before all others, as the one that somebody looks at. */
    front: tab.front,
    goto: tab.goto,
    reload: tab.reload,
    url: tab.url,
    title: tab.title,
    close: tab.close,
    /** Runs a function in the page; it sees its arguments and nothing else. */
    evaluate: tab.evaluate,
    waitFor,
    /** Another tab of the same person: they share what tabs share. */
    sibling: async () => wrapPage(await person.newTab(), person, line),
    /** The same tab once more, as the browser's menu makes it: with a copy of
     * the session storage. */
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
    /** Types as a person does, key by key; "\n" is Shift+Enter. */
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
    /** One key, or several held together: "Tab", "Shift+Tab". */
    press,
    /** The network goes, or comes back, and the device notices. */
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
    /** What is to be seen, as a PNG. */
    screenshot: tab.screenshot,
  };
  return page;
}
