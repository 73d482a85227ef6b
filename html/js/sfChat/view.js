// SPDX-License-Identifier: BSD-3-Clause
/**
 * The log of the conversation: draws entries, marks what becomes of them and
 * keeps the newest in sight unless the reader has scrolled away.
 */

import { make } from "./dom.js";
import { hasText, say } from "./i18n.js";

/**
 * @typedef {import("./session.js").Entry} Entry
 * @typedef {import("./outbox.js").SendState} SendState
 */

const MARKS = { sending: "…", stored: "✓", failed: "!" };
const NEAR_END_PX = 48;

/**
 * @param {HTMLElement} log
 * @param {object} options
 * @param {Record<string, string>} options.values what texts may mention
 * @param {() => void} options.onTryAgain
 */
export function createView(log, { values, onTryAgain }) {
  const newer = make("button", "newer", say("chat.newer"));
  newer.setAttribute("type", "button");
  newer.hidden = true;
  newer.addEventListener("click", () => scrollToEnd());
  log.after(newer);
  log.addEventListener("scroll", () => {
    if (isNearEnd()) newer.hidden = true;
  });
  log.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest(".again")) onTryAgain();
  });
  // A keyboard that opens on a phone takes its room from the log.
  new ResizeObserver(() => newer.hidden && scrollToEnd()).observe(log);

  /** @type {Entry["from"] | null} */
  let lastFrom = null;

  const isNearEnd = () =>
    log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;

  function scrollToEnd() {
    log.scrollTop = log.scrollHeight;
    newer.hidden = true;
  }

  return {
    /** @param {Entry} entry */
    add(entry) {
      const follow = isNearEnd() || entry.from === "you";
      log.append(
        entry.from === "system"
          ? drawSystem(entry, values)
          : drawMessage(entry, entry.from === lastFrom),
      );
      lastFrom = entry.from;
      if (follow) scrollToEnd();
      else newer.hidden = false;
    },
    /** @param {Entry} entry whose state has changed */
    mark(entry) {
      const drawn = document.getElementById(`msg-${entry.id}`);
      drawn?.querySelector(".msg-state")?.replaceWith(drawState(entry));
    },
  };
}

/**
 * @param {Entry} entry
 * @param {Record<string, string>} values
 */
function drawSystem({ id, event, text }, values) {
  const key = `event.${event}`;
  const border = () => {
    const line = make("div", "border");
    line.setAttribute("aria-hidden", "true");
    return line;
  };
  const words = hasText(key) ? say(key, values) : text;
  const drawn = make("div", "message system", border(),
    make("div", "msg-text", words), border());
  drawn.id = `msg-${id}`;
  return drawn;
}

/**
 * @param {Entry} entry
 * @param {boolean} again the message before it came from the same person
 */
function drawMessage(entry, again) {
  const name = say(entry.from === "you" ? "chat.you" : "chat.talker");
  const shown = make("span", "msg-name", again ? "…" : name);
  if (again) shown.setAttribute("aria-label", name);
  const text = make("span", "msg-text", entry.text);
  text.dir = "auto";
  const drawn = make("div", `message ${entry.from}`,
    make("time", "msg-date", clock(entry.at)), " ", shown, " ", text);
  drawn.id = `msg-${entry.id}`;
  if (entry.state) drawn.append(" ", drawState(entry));
  return drawn;
}

/** @param {Entry} entry one of ours */
function drawState({ state = "sending" }) {
  const drawn = make("span", `msg-state ${state}`, MARKS[state]);
  drawn.title = say(`mark.${state}`);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", say(`mark.${state}`));
  if (state !== "failed") return drawn;
  const again = make("button", "again", say("chat.tryAgain"));
  again.setAttribute("type", "button");
  const both = make("span", "msg-state", drawn, " ", again);
  drawn.classList.remove("msg-state");
  return both;
}

/** @param {number} at */
function clock(at) {
  const time = new Date(at);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return `[${parts.map((part) => String(part).padStart(2, "0")).join(":")}]`;
}
