// SPDX-License-Identifier: BSD-3-Clause
/**
 * The field for writing a message: Enter sends, Shift+Enter begins a new line.
 * The field grows with its text and is locked until the chat is ready. An
 * unfinished text survives a reload, and can still be copied after the end of
 * the chat.
 */

import { find } from "./dom.js";
import { utf8 } from "../e2ee/bytes.js";
import { MAX_TEXT_BYTES, readWritten } from "../e2ee/split.js";
import { say } from "./i18n.js";

const DRAFT_MS = 250;

/**
 * @param {object} options
 * @param {string} [options.draft] the unfinished text from before a reload
 * @param {(draft: string) => void} options.onDraft is given the text in the field soon
 *   after it has changed
 * @param {(text: string) => void} options.onSend
 * @param {() => void} options.onWrite called while the user writes
 * @param {() => void} options.onLeave called when the page is left
 */
export function createComposer({ draft = "", onDraft, onSend, onWrite, onLeave }) {
  const form = find("composer", HTMLFormElement);
  const field = find("text", HTMLTextAreaElement);
  const hint = find("parts", HTMLElement);
  const button = find("send", HTMLButtonElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  // A text has at least as many bytes as code units. To measure one that is so
  // long would take too long.
  const isNovel = () => field.value.length > MAX_TEXT_BYTES;

  /** @returns {string | null} the text to send; null if it is too long */
  function read() {
    const text = isNovel() ? null : readWritten(field.value);
    return text !== null && utf8(text).length <= MAX_TEXT_BYTES ? text : null;
  }

  function resize() {
    field.style.height = isNovel() ? "100vh" : "auto";
    if (!isNovel()) field.style.height = `${field.scrollHeight}px`;
  }

  function review() {
    const text = read();
    resize();
    button.disabled = field.disabled || !text;
    hint.textContent = text === null ? say("chat.tooLong") : "";
  }

  function tellDraft() {
    clearTimeout(timer);
    timer = undefined;
    if (field.isConnected && !field.readOnly) onDraft(isNovel() ? "" : field.value);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = read();
    if (field.disabled || field.readOnly || text === null) return;
    if (text !== "") onSend(text);
    field.value = "";
    tellDraft();
    review();
    field.focus();
  });
  field.addEventListener("input", () => {
    review();
    timer ??= setTimeout(tellDraft, DRAFT_MS);
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
    if (field.isConnected) onLeave();
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
