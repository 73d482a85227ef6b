// SPDX-License-Identifier: BSD-3-Clause
/** The script of the chat page: starts the chat that this tab keeps. */

import { publish } from "./sfChat.js";
import * as chat from "./sfChat/chat.js";
import * as encryption from "./sfChat/encryption.js";
import * as ending from "./sfChat/ending.js";
import * as incoming from "./sfChat/incoming.js";
import * as abandon from "./sfChat/line/abandon.js";
import * as api from "./sfChat/line/api.js";
import * as claim from "./sfChat/line/claim.js";
import * as outbox from "./sfChat/line/outbox.js";
import * as poll from "./sfChat/line/poll.js";
import * as savedChat from "./sfChat/line/saved-chat.js";
import * as outgoing from "./sfChat/outgoing.js";
import * as closing from "./sfChat/page/closing.js";
import * as i18n from "./sfChat/page/i18n.js";
import * as links from "./sfChat/page/links.js";
import * as panic from "./sfChat/page/panic.js";
import * as view from "./sfChat/page/view.js";
import * as phase from "./sfChat/phase.js";

publish({
  abandon, api, chat, claim, closing, encryption, ending, i18n, incoming, links, outbox,
  outgoing, panic, phase, poll, savedChat, view,
});
// Watches whether the page is left before the chat has started. Later the chat
// watches for that itself.
const leaving = new AbortController();
window.addEventListener("pagehide", () => leaving.abort());
panic.createPanic(abandonChat);
// A browser that shows a page again from its memory shows it as it was, even if
// the chat has been wiped meanwhile.
window.addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  document.documentElement.hidden = true;
  panic.createPanic(abandonChat);
  location.reload();
});
// Do not await this: WebKit does not leave a page while a module of it awaits.
start();

function abandonChat() {
  leaving.abort();
  return abandon.abandon(savedChat.load());
}

async function start() {
  const { signal } = leaving;
  /** @type {savedChat.SavedChat | null} */
  let mine = null;
  try {
    const tab = window.isSecureContext ? savedChat.readTab() : null;
    if (tab === null) return void location.replace("./");
    const isOurs = await claim.claim(tab);
    if (signal.aborted) return;
    if (!isOurs) return void chat.refuseSecondTab();
    mine = await savedChat.load();
    if (signal.aborted) return;
    if (mine) await chat.startChat(mine, signal);
    else endWithoutKey();
  } catch {
    if (signal.aborted) return;
    abandon.abandon(Promise.resolve(mine));
    chat.giveUp("note.broken");
  }
}

function endWithoutKey() {
  savedChat.wipe();
  chat.giveUp("note.keyGone");
}
