// SPDX-License-Identifier: BSD-3-Clause
/** The home page: creates a chat or joins one, then goes to the chat page. */

import { abandon, closeUnseen } from "./line/abandon.js";
import { count } from "./line/analytics.js";
import { ApiError, create, join } from "./line/api.js";
import { claim } from "./line/claim.js";
import { forgetInvited, keepInvited, loadInvited } from "./line/invited.js";
import { find } from "./page/dom.js";
import { say } from "./page/i18n.js";
import { onEscapeTwice, vanish } from "./page/panic.js";
import { createPause } from "./line/pause.js";
import { begin, load, probe, readTab, wipe } from "./line/saved-chat.js";
import { isLink, isToken, readInvite } from "./validator.js";

const JOIN_ATTEMPTS = 3;

/**
 * @typedef {import("./line/api.js").Tokens} Tokens
 * @typedef {import("./e2ee/invite.js").Invite} Invite
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
    if (invite) {
      accept(invite);
    } else {
      show(say(isLink(field.value) ? "home.badLink" : "home.noCode"));
      field.focus();
    }
  });
  find("accept", HTMLButtonElement).addEventListener("click", () => {
    const invite = loadInvited();
    if (invite) accept(invite);
  });
  find("decline", HTMLButtonElement).addEventListener("click", () => {
    forgetInvited();
    show("");
    showInvited(false);
    find("create", HTMLButtonElement).focus();
  });
  find("return", HTMLElement).addEventListener("click", (event) => {
    event.preventDefault();
    goToChat();
  });
  onEscapeTwice(() => {
    const cancelled = cancel();
    if (!cancelled && !currentTab() && !loadInvited()) return;
    forgetInvited();
    vanish(Promise.all([abandon(current()), cancelled]));
  });
  // The browser's back button shows the page as it was left.
  window.addEventListener("pageshow", () => {
    reset();
    offerReturn(show);
    // After `reset()`: a disabled button cannot have the focus.
    takeInvited();
  });
  window.addEventListener("hashchange", () => takeInvited());
  field.disabled = false;

  /** @param {Invite} invite */
  async function accept({ code, secret }) {
    if (code === (await current())?.chatToken) {
      show(say("home.ownCode"));
      return;
    }
    const ask = () => insist(code, keepInvited({ code, secret }));
    enter({ name: "join to chat", doing: "home.joining", ask, role: "joiner", secret });
  }

  /**
   * Shows the invitation that the address holds, or the one that was kept before a
   * reload. It waits for a click, so that a program that only looks at links uses
   * up no invitation. Removes the secret from the address bar at once. The browser
   * may have written the secret to its history on disk by then, where it may stay.
   */
  function takeInvited() {
    const { hash } = location;
    if (isLink(hash)) {
      history.replaceState(null, "", location.pathname);
      const invite = readInvite(hash);
      if (invite) keepInvited(invite);
      else forgetInvited();
      show(invite ? "" : say("home.badLink"));
    }
    const kept = loadInvited();
    showInvited(Boolean(kept?.secret));
    // A code that was typed before the reload.
    if (kept && !kept.secret) field.value = kept.code;
  }
}

/**
 * Shows either the invitation and nothing else, or the ordinary page.
 * @param {boolean} isInvited
 */
function showInvited(isInvited) {
  for (const id of ["invited", "decline"]) find(id, HTMLElement).hidden = !isInvited;
  for (const part of document.querySelectorAll(".ordinary")) {
    part.toggleAttribute("hidden", isInvited);
  }
  if (isInvited) find("accept", HTMLButtonElement).focus();
}

/**
 * Offers to go back to the chat of this tab. Deletes the saved chat instead if it
 * is a copy and the chat lives in another tab, or if its key is gone.
 * @param {(text: string) => void} show
 */
async function offerReturn(show) {
  const tab = currentTab();
  const isOurs = tab !== null && await claim(tab);
  const saved = isOurs ? await current() : null;
  // The user may have entered another chat meanwhile.
  if (currentTab() !== tab) return;
  if (tab && !saved) wipe();
  if (isOurs && !saved) show(say("home.keyGone"));
  find("return", HTMLElement).hidden = !saved;
}

/** The name of this tab; null if it has no chat, or a damaged one. */
function currentTab() {
  try {
    return readTab();
  } catch {
    return null;
  }
}

/**
 * The saved chat of this tab; null if it has none that can be read. What the tab
 * keeps is read before the call returns.
 */
function current() {
  return load().catch(() => null);
}

/**
 * Joins, and tries again if the reply is lost. The first request may have used up
 * the code, but with the same user token the server answers it again.
 * @param {string} code
 * @param {string} userToken
 */
async function insist(code, userToken) {
  const pause = createPause();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await join(code, userToken);
    } catch (error) {
      const isLost = error instanceof ApiError && (error.code === 0 || error.code >= 500);
      if (!isLost || attempt === JOIN_ATTEMPTS) throw error;
      await pause.wait(attempt, error.retryAfter);
    }
  }
}

/** Goes to the chat page, which replaces this page in the browser's history. */
function goToChat() {
  location.replace("chat");
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
      if (!isGone && asked === turn) {
        abandon(current());
        await begin(tokens, role, secret);
      }
      if (isGone) await closeUnseen(tokens);
      if (isGone || asked !== turn) return;
      forgetInvited();
      count(name);
      field.value = "";
      goToChat();
    } catch (error) {
      if (asked !== turn) return;
      setBusy(false);
      show(explain(error, role));
      if (role === "joiner" && isSpent(error)) {
        forgetInvited();
        showInvited(false);
      }
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
      if (!currentTab()) return start(way);
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
 * @param {unknown} error of a join
 * @returns {boolean} whether the invitation can let nobody in any more
 */
function isSpent(error) {
  return error instanceof ApiError && (error.code === 404 || error.code === 409);
}

/**
 * @param {unknown} error why a chat could not be entered
 * @param {Way["role"]} role
 */
function explain(error, role) {
  if (!(error instanceof ApiError)) return say("home.noStorage");
  switch (error.code) {
    case 0:
      return say("home.noServer");
    case 404:
      // A 404 to a new chat means a wrong path; there is no code yet.
      return say(role === "joiner" ? "home.unknownCode" : "home.troubled");
    case 409:
      return say("home.usedCode");
    case 429:
      return say("home.tooMany", { minutes: Math.ceil(error.retryAfter / 60) || 1 });
    default:
      return say("home.troubled");
  }
}
