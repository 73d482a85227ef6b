// SPDX-License-Identifier: BSD-3-Clause
/**
 * The field for writing a message: Enter sends, Shift+Enter begins a new line.
 * The field grows with its text and is locked until the chat is ready. An
 * unfinished text survives a reload, and can still be copied after the end of
 * the chat.
 */

import { find } from "./dom.js";
import { splitText } from "../e2ee/split.js";
import { say } from "./i18n.js";

const PARTS_LIMIT = 32;
// A message has at most 140 code points of at most two code units each: a longer
// text certainly makes too many messages.
const LENGTH_LIMIT = PARTS_LIMIT * 280;

/**
 * @param {object} options
 * @param {string} [options.draft] the unfinished text from before a reload
 * @param {(texts: string[]) => void} options.onSend one text for each message
 * @param {() => void} options.onWrite called while the user writes
 * @param {(draft: string) => void} options.onLeave called when the page is left
 */
export function createComposer({ draft = "", onSend, onWrite, onLeave }) {
  const form = find("composer", HTMLFormElement);
  const field = find("text", HTMLTextAreaElement);
  const hint = find("parts", HTMLElement);
  const button = find("send", HTMLButtonElement);

  // Dividing or measuring a text that is so long would take too long.
  const isNovel = () => field.value.length > LENGTH_LIMIT;

  /** @returns {string[] | null} the texts to send; null if there are too many */
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
    // In an input method, Enter accepts a suggestion. Safari shows that only by
    // the `keyCode`.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  window.addEventListener("pagehide", () => {
    // Panic removes the field, and then nothing of the chat may be kept.
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
    /** Ends the writing for good. An unfinished text can still be copied. */
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
