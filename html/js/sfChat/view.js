// SPDX-License-Identifier: BSD-3-Clause
/**
 * The log of the conversation: draws entries, marks what becomes of them and
 * keeps the newest in sight unless the reader has scrolled away.
 */

import { find, make } from "./dom.js";
import { hasText, say } from "./i18n.js";
import { findLinks } from "./links.js";

/** @typedef {import("./session.js").Entry} Entry */

const MARKS = { sending: "…", stored: "✓", delivered: "✓✓", failed: "!" };
const NEAR_END_PX = 40;

/**
 * @param {object} options
 * @param {Record<string, string>} options.values what texts may mention
 * @param {() => void} options.onTryAgain
 */
export function createView({ values, onTryAgain }) {
  const log = find("log", HTMLElement);
  const scroller = find("scroll", HTMLElement);
  const newer = find("newer", HTMLButtonElement);
  /** @type {WeakMap<Entry, HTMLElement>} */
  const drawn = new WeakMap();
  /** @type {Entry["from"] | null} */
  let lastFrom = null;

  /** Where the log ends; an invitation may stand below. */
  const end = () => log.offsetTop + log.offsetHeight - scroller.clientHeight;
  const isNearEnd = () => scroller.scrollTop > end() - NEAR_END_PX;

  function scrollToEnd() {
    scroller.scrollTop = end() + NEAR_END_PX;
    newer.hidden = true;
  }

  /** @param {Entry} entry */
  function add(entry) {
    const follow = isNearEnd() || entry.from === "you";
    const element = entry.from === "system"
      ? drawSystem(entry, values)
      : drawMessage(entry, entry.from === lastFrom);
    element.id = `msg-${entry.id}`;
    log.append(element);
    drawn.set(entry, element);
    lastFrom = entry.from;
    if (follow) scrollToEnd();
    else newer.hidden = false;
  }

  newer.addEventListener("click", scrollToEnd);
  scroller.addEventListener("scroll", () => {
    if (isNearEnd()) newer.hidden = true;
  });
  log.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest(".again")) onTryAgain();
  });
  // A keyboard that opens on a phone takes its room from the log.
  new ResizeObserver(() => newer.hidden && scrollToEnd()).observe(scroller);

  return {
    /** @param {Entry} entry new, or with another state than before */
    show(entry) {
      const element = drawn.get(entry);
      if (!element) add(entry);
      else element.querySelector(".msg-state")?.replaceWith(drawState(entry));
    },
  };
}

/**
 * The server's words are shown as such, unless they are those we know.
 * @param {Entry} entry
 * @param {Record<string, string>} values
 */
function sayEntry({ note, event, text }, values) {
  if (note) return say(note, values);
  const key = `event.${event}`;
  return hasText(key) ? say(key, values) : say("note.server", { text });
}

/**
 * @param {Entry} entry
 * @param {Record<string, string>} values
 */
function drawSystem(entry, values) {
  const border = () => {
    const line = make("div", "border");
    line.setAttribute("aria-hidden", "true");
    return line;
  };
  const text = make("div", "msg-text", sayEntry(entry, values));
  return make("div", "message system", border(), text, border());
}

/**
 * @param {Entry} entry
 * @param {boolean} again the message before it came from the same person
 */
function drawMessage(entry, again) {
  const name = say(entry.from === "you" ? "chat.you" : "chat.talker");
  const shown = make("span", "msg-name", again ? "…" : name);
  if (again) {
    shown.setAttribute("role", "img");
    shown.setAttribute("aria-label", name);
  }
  const drawn = make("div", `message ${entry.from}`,
    make("time", "msg-date", clock(entry.at)), " ", shown, " ",
    drawText(entry.text));
  if (entry.state) drawn.append(" ", drawState(entry));
  return drawn;
}

/** @param {string} text */
function drawText(text) {
  const drawn = make("span", "msg-text", ...findLinks(text).map((piece) => {
    if (!piece.href) return piece.text;
    const link = /** @type {HTMLAnchorElement} */ (make("a", "", piece.text));
    link.href = piece.href;
    link.target = "_blank";
    link.rel = "noreferrer noopener";
    return link;
  }));
  drawn.dir = "auto";
  return drawn;
}

/** @param {Entry} entry one of ours */
function drawState({ state = "sending" }) {
  const mark = make("span", `mark ${state}`, MARKS[state]);
  mark.title = say(`mark.${state}`);
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", say(`mark.${state}`));
  const drawn = make("span", "msg-state", mark);
  if (state === "failed") {
    const again = make("button", "again", say("chat.tryAgain"));
    again.setAttribute("type", "button");
    drawn.append(" ", again);
  }
  return drawn;
}

/** @param {number} at */
function clock(at) {
  const time = new Date(at);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return `[${parts.map((part) => String(part).padStart(2, "0")).join(":")}]`;
}
