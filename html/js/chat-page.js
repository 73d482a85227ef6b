// SPDX-License-Identifier: BSD-3-Clause
/** What the chat page loads. */

import { publish } from "./sfChat.js";
import * as api from "./sfChat/line/api.js";
import * as encryption from "./sfChat/encryption.js";
import * as chat from "./sfChat/chat.js";
import * as claim from "./sfChat/line/claim.js";
import * as abandon from "./sfChat/line/abandon.js";
import * as closing from "./sfChat/page/closing.js";
import * as panic from "./sfChat/page/panic.js";
import * as i18n from "./sfChat/page/i18n.js";
import * as links from "./sfChat/page/links.js";
import * as outbox from "./sfChat/line/outbox.js";
import * as poll from "./sfChat/line/poll.js";
import * as savedChat from "./sfChat/line/saved-chat.js";
import * as validator from "./sfChat/validator.js";
import * as view from "./sfChat/page/view.js";

publish({
  abandon, api, chat, claim, closing, encryption, i18n, links, outbox, panic, poll,
  savedChat, validator, view,
});
/** @type {import("./sfChat/line/saved-chat.js").SavedChat | null} */
let mine = null;
// Until the chat has started, when it takes care of that itself.
const leaving = new AbortController();
window.addEventListener("pagehide", () => leaving.abort());
panic.createPanic(abandonChat);
// A browser's memory brings a chat back as it was, even one that was wiped.
window.addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  document.documentElement.hidden = true;
  panic.createPanic(abandonChat);
  location.reload();
});
// Not awaited: WebKit does not leave a page whose module still waits.
start();

function abandonChat() {
  leaving.abort();
  return abandon.abandon(mine);
}

async function start() {
  const { signal } = leaving;
  try {
    mine = window.isSecureContext ? savedChat.load() : null;
    if (!mine) return void location.replace("/");
    const isOurs = await claim.claim(mine.tab);
    if (signal.aborted) return;
    if (isOurs) await chat.startChat(mine, signal);
    else chat.refuseSecondTab();
  } catch {
    if (signal.aborted) return;
    abandon.abandon(mine);
    chat.giveUp();
  }
}
