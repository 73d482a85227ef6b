// SPDX-License-Identifier: BSD-3-Clause
/** The home page: creates a chat or joins one, then goes to the chat page. */

import { abandon, closeUnseen } from "./line/abandon.js";
import { count } from "./line/analytics.js";
import { ApiError, create, join } from "./line/api.js";
import { claim } from "./line/claim.js";
import { find } from "./page/dom.js";
import { say } from "./page/i18n.js";
import { onEscapeTwice, vanish } from "./page/panic.js";
import { createPause } from "./line/pause.js";
import { begin, load, newId, probe, wipe } from "./line/saved-chat.js";
import { isToken, readInvite } from "./validator.js";

const JOIN_ATTEMPTS = 3;

/**
 * @typedef {import("./line/api.js").Tokens} Tokens
 *
 * @typedef {object} Way a way into a chat
 * @property {"create new chat" | "join to chat"} name the event for analytics
 * @property {string} doing the key of the text to show meanwhile
 * @property {() => Promise<Tokens>} ask asks the server
 * @property {"creator" | "joiner"} role
 * @property {string | null} [secret] the secret of the invitation link
 */

export function startHome() {
  if (!window.isSecureContext) {
    find("insecure", HTMLElement).hidden = false;
    return;
  }
  const field = find("code", HTMLInputElement);
  const { enter, show, reset, cancel } = createEntry(field);

  find("create", HTMLButtonElement).addEventListener("click", () => enter(
    { name: "create new chat", doing: "home.creating", ask: create, role: "creator" }));
  find("join", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const invite = readInvite(field.value);
    if (!invite) {
      show(say("home.noCode"));
      field.focus();
    } else if (invite.code === current()?.chatToken) {
      show(say("home.ownCode"));
    } else {
      const { code, secret } = invite;
      const ask = () => insist(code);
      enter({ name: "join to chat", doing: "home.joining", ask, role: "joiner", secret });
    }
  });
  find("return", HTMLElement).addEventListener("click", (event) => {
    event.preventDefault();
    goToChat();
  });
  onEscapeTwice(() => {
    const cancelled = cancel();
    if (!cancelled && !current()) return;
    vanish(Promise.all([abandon(current()), cancelled]));
  });
  // The browser's back button shows the page as it was left.
  window.addEventListener("pageshow", () => {
    reset();
    offerReturn();
    // After `reset()`: a disabled button cannot have the focus.
    takeLink(field);
  });
  window.addEventListener("hashchange", () => takeLink(field));
  field.disabled = false;
}

/**
 * Offers to go back to the chat of this tab. Deletes the saved chat instead if it
 * is a copy and the chat lives in another tab.
 */
async function offerReturn() {
  const saved = current();
  const isOurs = saved !== null && await claim(saved.tab);
  // The user may have entered another chat meanwhile.
  if (current()?.tab !== saved?.tab) return;
  if (saved && !isOurs) wipe();
  find("return", HTMLElement).hidden = !isOurs;
}

/** The saved chat of this tab; null if there is none, or a damaged one. */
function current() {
  try {
    return load();
  } catch {
    return null;
  }
}

/** The user token that this page chose for a join, and the code of that join. */
let chosen = { code: "", userToken: "" };

/**
 * Joins, and tries again if the reply is lost. The first request may have used up
 * the code, but with the same user token the server answers it again.
 * @param {string} code
 */
async function insist(code) {
  const pause = createPause();
  if (chosen.code !== code) chosen = { code, userToken: newId() };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await join(code, chosen.userToken);
    } catch (error) {
      const isLost = error instanceof ApiError && (error.code === 0 || error.code >= 500);
      if (!isLost || attempt === JOIN_ATTEMPTS) throw error;
      await pause.wait(attempt, error.retryAfter);
    }
  }
}

/** Goes to the chat page, which replaces this page in the browser's history. */
function goToChat() {
  location.replace("/chat");
}

/**
 * Enters chats, one at a time.
 * @param {HTMLInputElement} field
 */
function createEntry(field) {
  const problem = find("problem", HTMLElement);
  const leave = find("leave", HTMLElement);
  const buttons = document.querySelectorAll("button");
  /** @type {Way | undefined} */
  let wanted;
  // A reply that comes after `reset()` belongs to an earlier turn and is ignored.
  let turn = 0;
  let isGone = false;
  /** @type {Promise<unknown>} never rejects */
  let going = Promise.resolve();

  find("leave-now", HTMLButtonElement)
    .addEventListener("click", () => wanted && start(wanted));

  /** @param {string} text */
  function show(text) {
    problem.textContent = text;
    problem.classList.remove("busy");
    leave.hidden = true;
  }

  /** @param {boolean} busy */
  function setBusy(busy) {
    for (const button of buttons) button.disabled = busy;
    field.readOnly = busy;
    problem.classList.toggle("busy", busy);
  }

  /** @param {Way} way */
  function start(way) {
    going = go(way);
  }

  /** @param {Way} way */
  async function go({ name, doing, ask, role, secret }) {
    const asked = ++turn;
    show(say(doing));
    setBusy(true);
    try {
      // An invitation works once. Do not use it up if the chat cannot be saved.
      probe();
      const tokens = check(await ask());
      if (isGone) await closeUnseen(tokens);
      if (isGone || asked !== turn) return;
      abandon(current());
      begin(tokens, role, secret);
      count(name);
      field.value = "";
      find("invited", HTMLElement).hidden = true;
      goToChat();
    } catch (error) {
      if (asked !== turn) return;
      setBusy(false);
      show(explain(error));
    }
  }

  return {
    show,
    /**
     * Panic: closes the chat that is being entered as soon as its tokens are known.
     * @returns {Promise<unknown> | null} resolves when the server was told; null
     *   if no chat is being entered
     */
    cancel() {
      isGone = field.readOnly;
      return isGone ? going : null;
    },
    reset() {
      turn += 1;
      setBusy(false);
      show("");
    },
    /** @param {Way} way if this tab has another chat, the page asks the user first */
    enter(way) {
      if (!current()) return start(way);
      show("");
      wanted = way;
      leave.hidden = false;
    },
  };
}

/**
 * @param {Tokens} tokens from the server's reply
 * @returns {Tokens}
 * @throws {ApiError} 502: these are no tokens
 */
function check(tokens) {
  if (isToken(tokens.chatToken) && isToken(tokens.userToken)) return tokens;
  throw new ApiError(502, "no tokens");
}

/**
 * If the address is an invitation link, fills the field in and waits for a click,
 * so that a program that only looks at links uses up no invitation. Removes the
 * secret from the address bar at once. The browser may have written the secret to
 * its history on disk by then, where it may stay.
 * @param {HTMLInputElement} field
 */
function takeLink(field) {
  const { hash } = location;
  if (!hash.startsWith("#j=")) return;
  history.replaceState(null, "", location.pathname);
  // With `j=`, so that a damaged link is not taken for a code.
  field.value = hash.slice("#".length);
  find("invited", HTMLElement).hidden = false;
  find("enter", HTMLButtonElement).focus();
}

/** @param {unknown} error why a chat could not be entered */
function explain(error) {
  if (!(error instanceof ApiError)) return say("home.noStorage");
  switch (error.code) {
    case 0:
      return say("home.noServer");
    case 404:
      return say("home.unknownCode");
    case 409:
      return say("home.usedCode");
    case 429:
      return say("home.tooMany", { minutes: Math.ceil(error.retryAfter / 60) || 1 });
    default:
      return say("home.troubled");
  }
}
