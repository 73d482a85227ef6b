// SPDX-License-Identifier: BSD-3-Clause
/**
 * The field a message is written in: Enter sends, Shift+Enter makes a line,
 * the field grows with its text and is locked until the chat is ready. What
 * is being written outlives the page and, to be taken elsewhere, the chat.
 */

import { find } from "./dom.js";
import { splitText } from "../e2ee/split.js";
import { say } from "./i18n.js";

const PARTS_LIMIT = 32;
// Two code units for each of 140 code points: more is too long for certain.
const LENGTH_LIMIT = PARTS_LIMIT * 280;

/**
 * @param {object} options
 * @param {string} [options.draft] what was being written
 * @param {(texts: string[]) => void} options.onSend
 * @param {() => void} options.onWrite something is being written
 * @param {(draft: string) => void} options.onLeave the page is going
 */
export function createComposer({ draft = "", onSend, onWrite, onLeave }) {
  const form = find("composer", HTMLFormElement);
  const field = find("text", HTMLTextAreaElement);
  const hint = find("parts", HTMLElement);
  const button = find("send", HTMLButtonElement);

  // A novel is not even looked at: dividing and measuring it takes too long.
  const isNovel = () => field.value.length > LENGTH_LIMIT;

  /** What would be sent; null when it is too long. */
  function read() {
    const texts = isNovel() ? null : splitText(field.value);
    return texts && texts.length <= PARTS_LIMIT ? texts : null;
  }

  function resize() {
    field.style.height = isNovel() ? "100vh" : "auto";
    if (!isNovel()) field.style.height = `${field.scrollHeight}px`;
  }

  function review() {
    const texts = read();
    resize();
    button.disabled = field.disabled || !texts || texts.length === 0;
    hint.textContent = "";
    if (!texts) hint.textContent = say("chat.tooLong");
    else if (texts.length > 1) hint.textContent = say("chat.parts", { count: texts.length });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const texts = read();
    if (field.disabled || field.readOnly || !texts) return;
    if (texts.length > 0) onSend(texts);
    field.value = "";
    review();
    field.focus();
  });
  field.addEventListener("input", () => {
    review();
    if (!button.disabled) onWrite();
  });
  field.addEventListener("keydown", (event) => {
    // While an input method composes, Enter accepts its suggestion; Safari
    // tells so by the number alone.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  window.addEventListener("pagehide", () => {
    // Who has taken the field away wants nothing to be left of the chat.
    if (field.isConnected) onLeave(isNovel() ? "" : field.value);
  });
  field.value = draft;

  return {
    unlock() {
      if (!field.disabled) return;
      field.disabled = false;
      field.placeholder = say("chat.ready");
      field.focus();
      review();
    },
    /** For good: the chat is over. What was not sent can still be copied. */
    remove() {
      find("below", HTMLElement).hidden = true;
      if (field.value.trim() === "") {
        form.remove();
        return;
      }
      button.remove();
      field.readOnly = true;
      field.disabled = false;
    },
  };
}

/** @typedef {ReturnType<typeof createComposer>} Composer */
