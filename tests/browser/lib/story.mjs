// SPDX-License-Identifier: BSD-3-Clause
/** The steps that two people take on the pages of SFChat. */

import { waitFor } from "../../lib/children.mjs";

/** Creates a chat and returns the code that the page shows. */
export async function createChat(page, url) {
  await page.goto(url);
  await page.click("#create");
  await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
  return page.evaluate(() => document.querySelector("#invite-code").textContent);
}

/** Enters the code on the home page; waits for nothing. */
export async function joinChat(page, url, code) {
  await page.goto(url);
  await page.type("#code", code);
  await page.press("Enter");
}

/** Waits until the page lets the person write. */
export const waitReady = (page) =>
  page.waitFor(() => document.querySelector("#text:not([disabled])"));

/** Opens two pages, the creator's and the joiner's, that can write to each other. */
export async function meet(browser, url) {
  const [creator, joiner] = await Promise.all([browser.newPage(), browser.newPage()]);
  await joinChat(joiner, url, await createChat(creator, url));
  await waitReady(creator);
  await waitReady(joiner);
  return [creator, joiner];
}

/** Types a text into the composer and sends it with Enter. */
export async function say(page, text) {
  await page.type("#text", text);
  await page.press("Enter");
}

/** Fills the composer at once and submits it: faster than typing. */
export const submit = (page, text) =>
  page.evaluate((words) => {
    document.querySelector("#text").value = words;
    document.querySelector("#composer").requestSubmit();
  }, text);

/** Waits until the page shows a message with exactly this text. */
export const waitText = (page, text) =>
  page.waitFor((wanted) => {
    const texts = document.querySelectorAll(".message .msg-text");
    return [...texts].some((element) => element.textContent === wanted);
  }, text);

/** Reads the conversation as the page shows it: `[author, text]`, oldest first. */
export const readLog = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".message:not(.system)")].map((message) => [
      message.classList.contains("you") ? "you" : "talker",
      message.querySelector(".msg-text").textContent,
    ]),
  );

/** Reads the system lines that the page shows, oldest first. */
export const readSystem = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".system .msg-text")].map(
      (text) => text.textContent,
    ),
  );

/** Closes the chat with the button and confirms it; waits for nothing. */
export async function closeChat(page) {
  await page.click("#close");
  await page.click("#sure button[value=close]");
}

/** Waits until the page is at this path. */
export const waitPath = (page, path) =>
  page.waitFor((wanted) => location.pathname === wanted, path);

/** Waits until the home page shows a problem that matches. */
export const waitProblem = (page, pattern) =>
  page.waitFor((source) =>
    new RegExp(source).test(document.querySelector("#problem:not(.busy)").textContent),
  pattern.source);

/** Waits until a system line of the page matches. */
export const waitSystem = (page, pattern) =>
  page.waitFor((source) => {
    const texts = document.querySelectorAll(".system .msg-text");
    return [...texts].some(({ textContent }) => new RegExp(source).test(textContent));
  }, pattern.source);

/** Waits until the bar shows this state. */
export const waitState = (page, state) =>
  page.waitFor((wanted) => document.querySelector("#state").dataset.state === wanted, state);

/** Waits until so many messages have this mark: "sending", "stored", … */
export const waitMarks = (page, mark, count) =>
  page.waitFor(
    (name, wanted) => document.querySelectorAll(`.mark.${name}`).length === wanted,
    mark, count,
  );

/** Multiplies the delay of every timer that the page starts from now on. */
const scaleTimers = (page, factor) =>
  page.evaluate((times) => {
    const { setTimeout } = window;
    window.setTimeout = (run, ms, ...rest) => setTimeout(run, ms * times, ...rest);
  }, factor);

/** Makes the page's pauses short, in a test that does not measure them. */
export const shortenTimers = (page) => scaleTimers(page, 1 / 500);

/** Makes the page's timers so long that none expires on a slow machine. */
export const lengthenTimers = (page) => scaleTimers(page, 500);

/**
 * Presses Escape twice. Both presses get the same time stamp: the page accepts
 * the second one only within a second, which a slow machine may exceed.
 */
export async function pressEscapeTwice(page) {
  await page.evaluate(() => {
    const now = performance.now();
    Object.defineProperty(Event.prototype, "timeStamp", {
      get: () => now, configurable: true,
    });
  });
  await page.press("Escape");
  await page.press("Escape");
}

/** Waits until the page has left for the empty page. */
export const waitVanished = (page) =>
  page.waitFor(() => location.href === "about:blank");

/**
 * Leaves the chat by panic, with the button or with Escape twice. The page
 * waits at most a second for the server before it vanishes; here it waits as
 * long as the request takes, so that a slow machine cannot lose the request.
 */
export async function panic(page, means = "Escape twice") {
  await lengthenTimers(page);
  if (means === "button") await page.click("#panic");
  else await pressEscapeTwice(page);
  await waitVanished(page);
}

/** Reads the chat that the tab of the page has saved, with the key of the tab. */
export const readSaved = (page) => page.evaluate(async () => {
  const toBytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const { tab, iv, data } = JSON.parse(sessionStorage.sfChat);
  const key = await crypto.subtle.importKey(
    "raw", toBytes(new URLSearchParams(window.name).get("sfChat")), "AES-GCM", false, ["decrypt"]);
  const additionalData = new TextEncoder().encode(`sfc-save-1${tab}`);
  const plaintext = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: toBytes(iv), additionalData }, key, toBytes(data));
  return JSON.parse(new TextDecoder().decode(plaintext));
});

/**
 * Changes what the tab of the page keeps of its chat, on a page that saves nothing
 * meanwhile, and goes back to the chat.
 */
export async function changeKept(page, change, ...args) {
  const { origin } = new URL(await page.url());
  await page.goto(`${origin}/faq`);
  await page.evaluate(change, ...args);
  await page.goto(`${origin}/chat`);
}

/** Puts a chat in the place of the one that the tab of the page has saved. */
export const writeSaved = (page, saved) => changeKept(page, async (text) => {
  const toText = (bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const name = new URLSearchParams(window.name).get("sfChat").replaceAll("-", "+").replaceAll("_", "/");
  const key = await crypto.subtle.importKey(
    "raw", Uint8Array.from(atob(name), (c) => c.charCodeAt(0)), "AES-GCM", false, ["encrypt"]);
  const { tab } = JSON.parse(text);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(`sfc-save-1${tab}`);
  const data = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData }, key, new TextEncoder().encode(text));
  sessionStorage.sfChat = JSON.stringify(
    { tab, iv: toText(iv), data: toText(new Uint8Array(data)) });
}, JSON.stringify(saved));

/** Waits until the tab of the page has saved this text as the draft. */
export async function waitDraft(page, draft) {
  await waitFor(async () => (await readSaved(page)).draft === draft, `the draft ${draft}`);
}

/** Reads the invitation that the page keeps. */
export async function readInvite(page) {
  await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
  const { chatToken, crypto } = await readSaved(page);
  return { code: chatToken, secret: crypto.offer.secret };
}
