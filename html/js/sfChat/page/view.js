// SPDX-License-Identifier: BSD-3-Clause
/**
 * The log of the conversation: draws the entries and their states, and keeps the
 * newest entry in sight unless the user has scrolled away. A text of the server
 * must not look like a text of the page.
 */

import { find, make } from "./dom.js";
import { hasText, language, say } from "./i18n.js";
import { findLinks } from "./links.js";

/** @typedef {import("../line/saved-chat.js").Entry} Entry */

const MARKS = { sending: "…", stored: "✓", delivered: "✓✓", failed: "!" };
const NEAR_END_PX = 40;
const SERVER_TEXT_LIMIT = 140;
const POP_ISOLATE = "\u2069";
/** The beginning or the end of an isolate, or the end of a paragraph. */
const BIDI_STEP = /[\u2066-\u2069\n\x1c-\x1e\x85\u2029]/g;

/**
 * @param {() => void} onTryAgain the user wants to send the failed messages again
 */
export function createView(onTryAgain) {
  const log = find("log", HTMLElement);
  const scroller = find("scroll", HTMLElement);
  const newer = find("newer", HTMLButtonElement);
  /** @type {WeakMap<Entry, HTMLElement>} */
  const drawn = new WeakMap();
  /** @type {Entry["from"] | null} */
  let lastFrom = null;
  let lastDay = "";
  let isFollowing = true;
  let sizes = "";
  let isOver = false;

  /** The `scrollTop` at the end of the log; the invitation may be below it. */
  const end = () => log.offsetTop + log.offsetHeight - scroller.clientHeight;
  const isNearEnd = () => scroller.scrollTop > end() - NEAR_END_PX;
  const measure = () =>
    [scroller.clientWidth, scroller.clientHeight, log.offsetHeight].join();

  function scrollToEnd() {
    // A user who reads the invitation is below the end of the log already.
    scroller.scrollTop = Math.max(scroller.scrollTop, end() + NEAR_END_PX);
    newer.hidden = true;
  }

  /** @param {Entry} entry */
  function draw(entry) {
    const element = entry.from === "system"
      ? drawSystem(entry)
      : drawMessage(entry, entry.from === lastFrom);
    element.id = `msg-${entry.id}`;
    drawn.set(entry, element);
    lastFrom = entry.from;
    return element;
  }

  /**
   * Draws the date, if the entry is the first one after a midnight.
   * @param {Entry} entry
   * @returns {HTMLElement[]}
   */
  function drawDay({ at }) {
    const day = new Date(at).toDateString();
    const isNew = lastDay !== "" && day !== lastDay;
    lastDay = day;
    return isNew ? [make("div", "day", formatDay(at))] : [];
  }

  /** @param {Entry} entry one that was drawn */
  function mark(entry) {
    const place = drawn.get(entry)?.querySelector(".msg-state");
    place?.replaceChildren(...drawState(entry, isOver));
  }

  /** @param {Entry} entry */
  function redraw(entry) {
    const text = drawn.get(entry)?.querySelector(".msg-text");
    text?.replaceWith(drawText(entry.text));
  }

  newer.addEventListener("click", scrollToEnd);
  scroller.addEventListener("scroll", () => {
    // After a change of size the browser scrolls by itself, before the observer
    // is called. The user has not scrolled then.
    if (measure() !== sizes) return;
    isFollowing = isNearEnd();
    if (isFollowing) newer.hidden = true;
  });
  log.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest(".again")) onTryAgain();
  });
  // The keyboard of a phone, for instance, makes the log smaller.
  const observer = new ResizeObserver(() => {
    sizes = measure();
    if (isFollowing) scrollToEnd();
  });
  observer.observe(scroller);
  observer.observe(log);

  return {
    /** @param {Iterable<Entry>} entries new ones, and those whose state changed */
    show(entries) {
      const added = [...entries].filter((entry) => !drawn.has(entry));
      // A text of Talker changes when more of it comes.
      for (const entry of entries) if (entry.from === "talker") redraw(entry);
      log.append(...added.flatMap((entry) => [...drawDay(entry), draw(entry)]));
      for (const entry of entries) mark(entry);
      if (added.length === 0) return;
      isFollowing ||= added.some(({ from }) => from === "you");
      if (isFollowing) scrollToEnd();
      else newer.hidden = false;
    },
    /** The chat is over: no message can be sent again. */
    close() {
      isOver = true;
      for (const button of log.querySelectorAll(".again")) button.remove();
    },
  };
}

/** @typedef {ReturnType<typeof createView>} View */

/**
 * The text of a system message. One whose `event` the page knows has a text in
 * the catalogue; any other is shown as the words of the server.
 * @param {Entry} entry
 */
function sayEntry({ note, event, text }) {
  if (note) return say(note);
  const key = `event.${event}`;
  return hasText(key) ? say(key) : say("note.server", { text: shorten(text) });
}

/**
 * Makes one short line of a text, without control and invisible characters,
 * which could reverse it or hide a part of it.
 * @param {string} text
 */
function shorten(text) {
  const line = text.replace(/[\s\p{C}]+/gu, " ").trim();
  return [...line].slice(0, SERVER_TEXT_LIMIT).join("");
}

/** @param {Entry} entry */
function drawSystem(entry) {
  const border = () => {
    const line = make("div", "border");
    line.setAttribute("aria-hidden", "true");
    return line;
  };
  const text = make("div", "msg-text", sayEntry(entry));
  return make("div", `message system${entry.note ? " own" : ""}`, border(), text, border());
}

/**
 * @param {Entry} entry
 * @param {boolean} again whether the entry before it is from the same person
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
  // The space keeps the state on the line of the last word.
  if (entry.state) drawn.append("\u00a0", makeStatePlace());
  return drawn;
}

/**
 * Removes each end of an isolate that was not begun, and adds each that is
 * missing at the end of a paragraph, so that a text ends no isolate but its own.
 * @param {string} text
 */
function balance(text) {
  let open = 0;
  const balanced = text.replace(BIDI_STEP, (sign) => {
    if (sign < "\u2066") {
      const ends = POP_ISOLATE.repeat(open);
      open = 0;
      return `${ends}\n`;
    }
    if (sign !== POP_ISOLATE) open += 1;
    else if (open > 0) open -= 1;
    else return "";
    return sign;
  });
  return balanced + POP_ISOLATE.repeat(open);
}

/** @param {string} text */
function drawText(text) {
  const drawn =
    make("span", "msg-text", ...findLinks(balance(text)).flatMap(drawPiece));
  drawn.dir = "auto";
  return drawn;
}

/**
 * @param {import("./links.js").Piece} piece
 * @returns {(Node | string)[]}
 */
function drawPiece({ text, href, host }) {
  if (!href) return [text];
  const link = /** @type {HTMLAnchorElement} */ (make("a", "", text));
  link.href = href;
  link.dir = "ltr";
  link.target = "_blank";
  link.rel = "noreferrer noopener";
  return host ? [link, make("bdi", "msg-host", ` (${host})`)] : [link];
}

/** Makes the place for a message's state. Screen readers do not announce it. */
function makeStatePlace() {
  const place = make("span", "msg-state");
  place.setAttribute("aria-live", "off");
  return place;
}

/**
 * @param {Entry} entry a message of the user's own
 * @param {boolean} isOver whether the chat is over
 */
function drawState({ state = "sending" }, isOver) {
  const mark = make("span", `mark ${state}`, MARKS[state]);
  mark.title = say(`mark.${state}`);
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", say(`mark.${state}`));
  if (state !== "failed" || isOver) return [mark];
  const again = make("button", "again", say("chat.tryAgain"));
  again.setAttribute("type", "button");
  return [mark, " ", again];
}

/** @param {number} at milliseconds since 1970 */
function clock(at) {
  const time = new Date(at);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return `[${parts.map((part) => String(part).padStart(2, "0")).join(":")}]`;
}

/** @param {number} at milliseconds since 1970 */
function formatDay(at) {
  return new Intl.DateTimeFormat(language(), { dateStyle: "full" }).format(at);
}
