// SPDX-License-Identifier: BSD-3-Clause
/** What two people do on the pages of SFChat, in their own words. */

/** Creates a chat and returns its code as the page shows it. */
export async function createChat(page, url) {
  await page.goto(url);
  await page.click("#create");
  await page.waitFor(() => document.querySelector(".system .msg-text"));
  const text = await page.evaluate(
    () => document.querySelector(".system .msg-text").textContent,
  );
  return text.match(/\b[0-9a-f]{24}\b/)[0];
}

export async function joinChat(page, url, code) {
  await page.goto(url);
  await page.type("#code", code);
  await page.press("Enter");
}

export const waitReady = (page) =>
  page.waitFor(() => document.querySelector("#text:not([disabled])"));

/** Two pages that can talk to each other. */
export async function meet(browser, url) {
  const [creator, joiner] = await Promise.all([browser.newPage(), browser.newPage()]);
  await joinChat(joiner, url, await createChat(creator, url));
  await waitReady(creator);
  await waitReady(joiner);
  return [creator, joiner];
}

export async function say(page, text) {
  await page.type("#text", text);
  await page.press("Enter");
}

/** Until the page shows a message with exactly this text. */
export const waitText = (page, text) =>
  page.waitFor((wanted) => {
    const texts = document.querySelectorAll(".message .msg-text");
    return [...texts].some((element) => element.textContent === wanted);
  }, text);

/** The conversation as a reader sees it: `[who, text]`, oldest first. */
export const readLog = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".message:not(.system)")].map((message) => [
      message.classList.contains("you") ? "you" : "talker",
      message.querySelector(".msg-text").textContent,
    ]),
  );

export const readSystem = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".system .msg-text")].map(
      (text) => text.textContent,
    ),
  );

export async function closeChat(page) {
  await page.click("#close");
  await page.click("#sure button[value=close]");
}

/** Until the page is at this path. */
export const waitPath = (page, path) =>
  page.waitFor((wanted) => location.pathname === wanted, path);

/** Until the page says something that matches. */
export const waitSystem = (page, pattern) =>
  page.waitFor((source) => {
    const texts = document.querySelectorAll(".system .msg-text");
    return [...texts].some(({ textContent }) => new RegExp(source).test(textContent));
  }, pattern.source);

/** Until the bar shows this state. */
export const waitState = (page, state) =>
  page.waitFor((wanted) => document.querySelector("#state").dataset.state === wanted, state);

/** Makes pauses of this page short, where they are not what is tested. */
export const hurry = (page) =>
  page.evaluate(() => {
    const { setTimeout } = window;
    window.setTimeout = (run, ms, ...rest) => setTimeout(run, ms / 500, ...rest);
  });

/** The invitation, as the page keeps it. */
export async function readInvite(page) {
  await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
  return page.evaluate(() => {
    const { chatToken, crypto } = JSON.parse(sessionStorage.sfChat);
    return { code: chatToken, secret: crypto.offer.secret };
  });
}
