// SPDX-License-Identifier: BSD-3-Clause
/**
 * The field a message is written in: Enter sends, Shift+Enter makes a line,
 * the field grows with its text and is locked until the chat is ready.
 */

import { find } from "./dom.js";
import { splitText } from "./e2ee/split.js";
import { say } from "./i18n.js";

const PARTS_LIMIT = 32;

/**
 * @param {object} options
 * @param {(texts: string[]) => void} options.onSend
 * @param {() => void} options.onWrite something is being written
 */
export function createComposer({ onSend, onWrite }) {
  const form = find("composer", HTMLFormElement);
  const field = find("text", HTMLTextAreaElement);
  const hint = find("parts", HTMLElement);
  const button = find("send", HTMLButtonElement);

  function resize() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function review() {
    const { length } = splitText(field.value);
    resize();
    button.disabled = field.disabled || length === 0 || length > PARTS_LIMIT;
    hint.textContent = "";
    if (length > PARTS_LIMIT) hint.textContent = say("chat.tooLong");
    else if (length > 1) hint.textContent = say("chat.parts", { count: length });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const texts = splitText(field.value);
    if (field.disabled || texts.length > PARTS_LIMIT) return;
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

  return {
    unlock() {
      if (!field.disabled) return;
      field.disabled = false;
      field.placeholder = say("chat.ready");
      field.focus();
      review();
    },
    /** For good: the chat is over. */
    remove() {
      form.remove();
      hint.remove();
    },
  };
}
