// SPDX-License-Identifier: BSD-3-Clause
/** The home page: creates a chat or joins one, then goes to it. */

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
 * @typedef {object} Way into a chat
 * @property {"create new chat" | "join to chat"} name
 * @property {string} doing what to show meanwhile
 * @property {() => Promise<Tokens>} ask
 * @property {"creator" | "joiner"} role
 * @property {string | null} [secret]
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
  // Coming back by the browser's back button finds the page as it was left.
  window.addEventListener("pageshow", () => {
    reset();
    offerReturn();
    // Not earlier: a button that is disabled cannot have the focus.
    takeLink(field);
  });
  window.addEventListener("hashchange", () => takeLink(field));
  field.disabled = false;
}

/** Leads back to the chat that this tab is in, unless it is a copy of another's. */
async function offerReturn() {
  const saved = current();
  const isOurs = saved !== null && await claim(saved.tab);
  // Meanwhile there may be another.
  if (current()?.tab !== saved?.tab) return;
  if (saved && !isOurs) wipe();
  find("return", HTMLElement).hidden = !isOurs;
}

/** The chat that this tab is in; one that cannot be read is none. */
function current() {
  try {
    return load();
  } catch {
    return null;
  }
}

/** The token to join with, and the code that it is for. */
let chosen = { code: "", userToken: "" };

/**
 * Joins. An answer may be lost, and the code be used up by then; with the same
 * token the same request is answered again.
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

/** In this page's stead, so that going back does not lead to it. */
function goToChat() {
  location.replace("/chat");
}

/** @param {HTMLInputElement} field */
function createEntry(field) {
  const problem = find("problem", HTMLElement);
  const leave = find("leave", HTMLElement);
  const buttons = document.querySelectorAll("button");
  /** @type {Way | undefined} */
  let wanted;
  // An answer is good for the turn in which it was asked for.
  let turn = 0;
  let isGone = false;
  /** @type {Promise<unknown>} */
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
      // An invitation works once: it is not to be used up for nothing.
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
     * Panic: a chat that is being entered is closed as soon as it is there.
     * @returns {Promise<unknown> | null} until it was; null if there is none
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
    /** @param {Way} way asks first when it leads out of another chat */
    enter(way) {
      if (!current()) return start(way);
      show("");
      wanted = way;
      leave.hidden = false;
    },
  };
}

/**
 * @param {Tokens} tokens as they were answered
 * @returns {Tokens}
 */
function check(tokens) {
  if (isToken(tokens.chatToken) && isToken(tokens.userToken)) return tokens;
  throw new ApiError(502, "no tokens");
}

/**
 * An invitation link has led here: fills the field in and waits for a click,
 * so that what only looks at links uses none up. The secret leaves the
 * address bar at once, but what a browser has written to its history on disk
 * by then may stay there.
 * @param {HTMLInputElement} field
 */
function takeLink(field) {
  const { hash } = location;
  if (!hash.startsWith("#j=")) return;
  history.replaceState(null, "", location.pathname);
  // With what tells a link, lest a damaged one pass for a code.
  field.value = hash.slice("#".length);
  find("invited", HTMLElement).hidden = false;
  find("enter", HTMLButtonElement).focus();
}

/** @param {unknown} error */
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
