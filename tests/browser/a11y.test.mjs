// SPDX-License-Identifier: BSD-3-Clause
/**
 * Accessibility: axe finds no fault on any page in any state, light or dark; a
 * narrow screen or large type needs no scrolling sideways; a keyboard is enough.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { setStage } from "./lib/stage.mjs";
import {
  closeChat, createChat, joinChat, meet, readInvite, readSaved, say, waitReady, waitState, waitText,
} from "./lib/story.mjs";

const AXE = readFileSync(
  new URL("../../build/node/node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const PAGES = ["/", "/faq", "/privacy", "/license", "/nowhere"];
const TABS_LIMIT = 40;
/** The width of the window in pixels and the size of the type in percent. */
const SIZES = [[320, 100], [640, 200], [360, 200]];
// The window of WebKit's test browser cannot be so narrow.
const NARROW = [280, 100];
const FIRST_SIZE = [800, 600];

/** Returns the faults that axe finds on a page, as `rule: elements`. */
async function findFaults(page) {
  await page.evaluate(new Function(`if (!window.axe) { ${AXE} }`));
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, {
      resultTypes: ["violations"],
    });
    return violations.map(({ id, nodes }) =>
      `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

/** Returns the elements that reach beyond the left or right edge. */
const findWide = (page) =>
  page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    return [...document.body.querySelectorAll("*")]
      .filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return right > clientWidth + 0.5 || left < -0.5;
      })
      .map((element) => element.outerHTML.slice(0, 120));
  });

/** @param {number} percent of the size that the page sets */
function scaleType(percent) {
  document.documentElement.style.fontSize = percent === 100 ? "" : `${percent}%`;
}

/** Presses Tab until the element has the focus, and checks that it shows the focus. */
async function tabTo(page, selector, key = "Tab") {
  await page.front();
  for (let i = 0; i < TABS_LIMIT; i += 1) {
    const focus = await page.evaluate((wanted) => {
      const { activeElement } = document;
      const frame = activeElement.closest(".attached") ?? activeElement;
      const { outlineStyle } = getComputedStyle(activeElement);
      const { boxShadow } = getComputedStyle(frame);
      return {
        isThere: activeElement.matches(wanted),
        isSeen: outlineStyle !== "none" || boxShadow !== "none",
      };
    }, selector);
    if (focus.isThere) {
      assert.ok(focus.isSeen, `${selector} does not show that it has the focus`);
      return;
    }
    await page.press(key);
  }
  assert.fail(`the Tab key does not lead to ${selector}`);
}

/**
 * Visits all pages in all states that people see, one after the other.
 * @param {any} browser
 * @param {string} url
 * @param {(page: any, name: string) => Promise<void>} look
 */
async function visitAll(browser, url, look) {
  const visitor = await browser.newPage();
  for (const path of PAGES) {
    await visitor.setViewport(...FIRST_SIZE);
    await visitor.goto(url + path);
    await look(visitor, path);
  }
  await visitor.setViewport(...FIRST_SIZE);
  await joinChat(visitor, url, "nonsense");
  await visitor.waitFor(() => document.querySelector("#problem:not(.busy)").textContent);
  await look(visitor, "home with a problem");

  const creator = await browser.newPage();
  const joiner = await browser.newPage();
  await createChat(creator, url);
  await creator.click("#show-qr");
  await creator.waitFor(() => document.querySelector("#qr svg"));
  await look(creator, "chat without Talker");
  const { code, secret } = await readInvite(creator);
  await joiner.goto(`${url}/#j=${code}.${secret}`);
  await look(joiner, "invitation");
  await joiner.click("#accept");
  await waitReady(creator);
  await waitReady(joiner);
  await say(creator, "Hello, how are you?");
  await say(creator, "m".repeat(140));
  await waitText(joiner, "Hello, how are you?");
  await say(joiner, `Look: https://example.org/${"path/".repeat(20)}`);
  await creator.waitFor(() => document.querySelectorAll(".message.talker").length);
  await look(creator, "chat");
  await look(await creator.duplicate(), "chat in a second tab");
  await joiner.setOffline(true);
  await say(joiner, "unsent");
  await joiner.waitFor(() => document.querySelector("#state").dataset.state === "retrying");
  await look(joiner, "chat without a line");
  for (const button of ["#show-options", "#security", "#close"]) {
    await creator.click(button);
    await look(creator, `chat with the dialog of ${button}`);
    await creator.press("Escape");
  }
  await closeChat(creator);
  await creator.waitFor(() => !document.querySelector("#again").hidden);
  await look(creator, "closed chat");
}

for (const engine of ENGINES) {
  describe(`accessibility in ${engine}`, () => {
    let server;
    let browser;
    setStage(engine, (...both) => { [server, browser] = both; });

    /** Opens another browser for one test. */
    async function openOther(t, preferences) {
      const other = await openBrowser(engine, preferences);
      t.after(() => other.close());
      return other;
    }

    it("axe finds no fault and narrow screens need no scrolling sideways", async () => {
      await visitAll(browser, server.url, async (page, name) => {
        assert.deepEqual(await findFaults(page), [], name);
        for (const [width, percent] of engine === "webkit" ? SIZES : [NARROW, ...SIZES]) {
          await page.setViewport(width, 640);
          await page.evaluate(scaleType, percent);
          assert.deepEqual(await findWide(page), [],
            `${name}, ${width} px, type of ${percent} %`);
        }
        await page.evaluate(scaleType, 100);
      });
    });

    // Colours, directions and sizes come from the style sheet alone, and are the
    // same in every engine.
    if (engine === "chromium") {
      it("axe finds no fault in the dark", async (t) => {
        const dark = await openOther(t, { dark: true });
        await visitAll(dark, server.url, async (page, name) => {
          assert.deepEqual(await findFaults(page), [], name);
        });
      });

      it("from right to left, axe finds no fault and a narrow screen does not scroll", async (t) => {
        const arabic = await openOther(t, { language: "ar" });
        await visitAll(arabic, server.url, async (page, name) => {
          await page.setViewport(320, 640);
          assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), "rtl");
          assert.deepEqual(await findFaults(page), [], name);
          assert.deepEqual(await findWide(page), [], name);
        });
      });

      it("nothing moves on a device that prefers reduced motion", async (t) => {
        const countMoving = (page) => page.evaluate(() =>
          [...document.querySelectorAll("*")].filter((element) => {
            const { animationName, transitionDuration } = getComputedStyle(element);
            return animationName !== "none" || transitionDuration !== "0s";
          }).length);
        for (const reducedMotion of [false, true]) {
          const other = await openOther(t, { reducedMotion });
          const page = await other.newPage();
          await page.goto(server.url);
          const counts = [await countMoving(page)];
          await createChat(page, server.url);
          counts.push(await countMoving(page));
          assert.deepEqual(counts.map((count) => count > 0), Array(2).fill(!reducedMotion));
        }
      });

      it("all controls are within reach in a small window", async () => {
        const [creator, joiner] = await meet(browser, server.url);
        const isInSight = (page, selector) => page.evaluate((wanted) => {
          const { top, bottom } = document.querySelector(wanted).getBoundingClientRect();
          return top >= 0 && bottom <= innerHeight;
        }, selector);
        await creator.setViewport(320, 568);
        await creator.click("#security");
        for (const button of ["match", "later", "differ"]) {
          assert.ok(await isInSight(creator, `#verify [value=${button}]`), button);
        }
        await creator.press("Escape");
        // The size of a window of 1280 × 1024 at a zoom of 400 %.
        await creator.setViewport(320, 256);
        for (const part of [".bar", "#scroll", "#composer"]) {
          assert.ok(await isInSight(creator, part), part);
        }
        await creator.setViewport(360, 740);
        const measureBar = () =>
          creator.evaluate(() => document.querySelector(".bar").offsetHeight);
        const height = await measureBar();
        await creator.setOffline(true);
        await waitState(creator, "retrying");
        assert.equal(await measureBar(), height, "a lost line changes no height");
        await creator.setOffline(false);
        await creator.setViewport(320, 256);
        await closeChat(joiner);
        await creator.waitFor(() => !document.querySelector("#again").hidden);
        assert.ok(await isInSight(creator, "#again"));
      });
    }

    // WebKit does not know forced colours.
    if (engine !== "webkit") {
      it("the state and the buttons show in forced colours", async (t) => {
        const other = await openOther(t, { forcedColors: true });
        const [creator, joiner] = await meet(other, server.url);
        const see = () => creator.evaluate(() => {
          const { borderTopStyle, borderTopWidth } =
            getComputedStyle(document.querySelector("#state"), "::before");
          return [matchMedia("(forced-colors: active)").matches, borderTopStyle,
            parseFloat(borderTopWidth) > 0];
        });
        assert.deepEqual(await see(), [true, "solid", true]);
        await creator.setOffline(true);
        await waitState(creator, "retrying");
        assert.deepEqual(await see(), [true, "dotted", true]);
        await creator.setOffline(false);
        const flat = await joiner.evaluate(() => [...document.querySelectorAll("button, .primary")]
          .filter((button) => getComputedStyle(button).borderBottomStyle === "none")
          .map(({ outerHTML }) => outerHTML));
        assert.deepEqual(flat, []);
      });
    }

    it("a keyboard is enough to create, join, use and close a chat", async () => {
      const [creator, joiner] = [await browser.newPage(), await browser.newPage()];
      await creator.goto(server.url);
      await tabTo(creator, "#create");
      await creator.press("Enter");
      await creator.waitFor(() => document.querySelector("#invite:not([hidden])"));
      const { chatToken: code } = await readSaved(creator);
      await joiner.goto(server.url);
      await tabTo(joiner, "#code");
      await joiner.type("#code", code);
      await tabTo(joiner, "#join button");
      await joiner.press("Enter");
      await waitReady(joiner);
      await waitReady(creator);
      await tabTo(creator, "#text");
      await creator.type("#text", "by keys alone");
      await creator.press("Enter");
      await waitText(joiner, "by keys alone");
      await tabTo(creator, "#scroll", "Shift+Tab");
      await tabTo(creator, "#close", "Shift+Tab");
      await creator.press("Enter");
      await creator.waitFor(() => document.querySelector("#sure").open);
      await creator.press("Escape");
      await creator.waitFor(() => !document.querySelector("#sure").open);
      await tabTo(creator, "#close");
      await creator.press("Enter");
      await tabTo(creator, "#sure [value=close]");
      await creator.press("Enter");
      await joiner.waitFor(() => !document.querySelector("#again").hidden);
      await tabTo(joiner, "#again");
      await joiner.press("Enter");
      await joiner.waitFor(() => location.pathname === "/");
    });
  });
}
