// SPDX-License-Identifier: BSD-3-Clause
/** The home page: creates a chat or joins one, then goes to it. */

import { ApiError, create, join } from "./api.js";
import { find } from "./dom.js";
import { say } from "./i18n.js";
import { begin, load } from "./session.js";
import { readCode } from "./validator.js";

export function startHome() {
  const form = find("join", HTMLFormElement);
  const field = find("code", HTMLInputElement);
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

  /**
   * @param {string} doing what to show meanwhile
   * @param {() => Promise<unknown>} enter
   */
  async function go(doing, enter) {
    show(say(doing));
    setBusy(true);
    try {
      await enter();
      location.assign("/chat");
    } catch (error) {
      setBusy(false);
      show(explain(error));
    }
  }

  find("create", HTMLButtonElement).addEventListener("click", () =>
    go("home.creating", async () => begin(await create(), "draft")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = readCode(field.value);
    if (code) {
      go("home.joining", async () => begin(await join(code), "ready"));
    } else {
      show(say("home.noCode"));
      field.focus();
    }
  });
  // Coming back by the browser's back button finds the page as it was left.
  window.addEventListener("pageshow", () => {
    setBusy(false);
    show("");
    find("return", HTMLElement).hidden = !load();
  });
  field.disabled = false;
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
