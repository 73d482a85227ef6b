// SPDX-License-Identifier: BSD-3-Clause
/**
 * Takes pictures for a person to look at; nothing compares them. `node
 * screenshots.mjs DIR` shows each page and a chat from its invitation to its end, in
 * windows from a narrow phone to a desktop, light and dark.
 */

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import {
  closeChat, createChat, readInvite, say, waitReady, waitState, waitText,
} from "./lib/story.mjs";

const PAGES = { home: "/", faq: "/faq", privacy: "/privacy", license: "/license", missing: "/nowhere" };
// The window of WebKit's test browser cannot be narrower than 320 pixels.
const NARROW = [280, 653];
const SIZES = [[320, 480], [360, 740], [740, 360], [768, 1024], [1280, 800]];

/** The author and the text of each message in the chat. */
const TALK = [
  ["creator", "Hello! Did you find the place?"],
  ["joiner", "Yes, I am just around the corner."],
  ["joiner", "Is the blue door yours?"],
  ["creator", "The next one. Ring twice, the bell is slow."],
  ["creator", "And mind the cat, she is new here and very curious about everybody who comes in."],
  ["joiner", "😀 I will. See you in a minute!"],
];

const [dir] = process.argv.slice(2);

async function shoot(page, name) {
  for (const [width, height] of name.includes("webkit") ? SIZES : [NARROW, ...SIZES]) {
    await page.setViewport(width, height);
    await writeFile(path.join(dir, `${name}-${width}.png`), await page.screenshot());
  }
}

async function shootChat(browser, url, suffix) {
  const creator = await browser.newPage();
  const joiner = await browser.newPage();
  await createChat(creator, url);
  await shoot(creator, `invitation-${suffix}`);
  await creator.click("#show-qr");
  await creator.waitFor(() => document.querySelector("#qr svg"));
  await shoot(creator, `qr-${suffix}`);
  const { code, secret } = await readInvite(creator);
  await joiner.goto(`${url}/#j=${code}.${secret}`);
  await shoot(joiner, `invited-${suffix}`);
  await joiner.click("#accept");
  await waitReady(creator);
  await waitReady(joiner);
  for (const [author, text] of TALK) {
    const [sender, receiver] = author === "creator" ? [creator, joiner] : [joiner, creator];
    await say(sender, text);
    await waitText(receiver, text);
  }
  await shoot(creator, `chat-${suffix}`);
  for (const [name, button, back] of [
    ["menu", "#show-options", "#options .primary"],
    ["safety", "#security", "#verify [value=later]"],
    ["closing", "#close", "#sure [value=stay]"],
  ]) {
    await creator.click(button);
    await shoot(creator, `${name}-${suffix}`);
    await creator.click(back);
  }
  await closeChat(creator);
  await waitState(creator, "closed");
  await shoot(creator, `closed-${suffix}`);
}

async function shootAll(engine, url, dark) {
  const browser = await openBrowser(engine, { dark });
  const suffix = `${engine}-${dark ? "dark" : "light"}`;
  try {
    for (const [name, address] of Object.entries(PAGES)) {
      const page = await browser.newPage();
      await page.goto(url + address);
      await page.waitFor(() => !document.querySelector("#create")?.disabled);
      await shoot(page, `${name}-${suffix}`);
    }
    await shootChat(browser, url, suffix);
  } finally {
    await browser.close();
  }
}

const server = await startServer();
try {
  await mkdir(dir, { recursive: true });
  for (const engine of ENGINES) {
    for (const dark of [false, true]) await shootAll(engine, server.url, dark);
  }
  console.log(`Look at ${dir}`);
} finally {
  await server.stop();
}
