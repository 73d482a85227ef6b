// SPDX-License-Identifier: BSD-3-Clause
/** The home page: creates a chat or joins one, then goes to it. */

import { count } from "./analytics.js";
import { ApiError, create, join } from "./api.js";
import { find } from "./dom.js";
import { say } from "./i18n.js";
import { begin, load } from "./session.js";
import { readInvite } from "./validator.js";

export function startHome() {
  if (!window.isSecureContext) {
    find("insecure", HTMLElement).hidden = false;
    return;
  }
  const field = find("code", HTMLInputElement);
  const { go, show, reset } = createEntry(field);

  find("create", HTMLButtonElement).addEventListener("click", () => {
    count("create new chat");
    go("home.creating", async () => begin(await create(), "creator"));
  });
  find("join", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const invite = readInvite(field.value);
    if (invite) {
      count("join to chat");
      go("home.joining", async () =>
        begin(await join(invite.code), "joiner", invite.secret));
    } else {
      show(say("home.noCode"));
      field.focus();
    }
  });
  find("return", HTMLElement).addEventListener("click", (event) => {
    event.preventDefault();
    goToChat();
  });
  // Coming back by the browser's back button finds the page as it was left.
  window.addEventListener("pageshow", () => {
    reset();
    find("return", HTMLElement).hidden = !load();
    // Not earlier: a button that is disabled cannot have the focus.
    takeLink(field);
  });
  window.addEventListener("hashchange", () => takeLink(field));
  field.disabled = false;
}

/** In this page's stead, so that going back does not lead to it. */
function goToChat() {
  location.replace("/chat");
}

/** @param {HTMLInputElement} field */
function createEntry(field) {
  const problem = find("problem", HTMLElement);
  const buttons = document.querySelectorAll("button");

  /** @param {string} text */
  function show(text) {
    problem.textContent = text;
    problem.classList.remove("busy");
  }

  /** @param {boolean} busy */
  function setBusy(busy) {
    for (const button of buttons) button.disabled = busy;
    field.readOnly = busy;
    problem.classList.toggle("busy", busy);
  }

  return {
    show,
    reset() {
      setBusy(false);
      show("");
    },
    /**
     * @param {string} doing what to show meanwhile
     * @param {() => Promise<unknown>} enter
     */
    async go(doing, enter) {
      show(say(doing));
      setBusy(true);
      try {
        await enter();
        field.value = "";
        find("invited", HTMLElement).hidden = true;
        goToChat();
      } catch (error) {
        setBusy(false);
        show(explain(error));
      }
    },
  };
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
