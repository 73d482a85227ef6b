// SPDX-License-Identifier: BSD-3-Clause
/**
 * A paper page: a stand-in for the document, for tests of the page's modules in
 * Node. `getElementById` and `querySelector` return an element for any
 * argument, and all elements are of one class. A test must call `openPaper`
 * before it imports a module.
 */

import { readFileSync } from "node:fs";

const CATALOGUE = new URL("../../../html/locales/en.json", import.meta.url);

class PaperElement extends EventTarget {
  hidden = false;
  disabled = false;
  readOnly = false;
  checked = false;
  value = "";
  textContent = "";
  style = {};
  dataset = {};
  isConnected = true;
  isRemoved = false;

  append() {}
  replaceChildren() {}
  setAttribute() {}
  getAttribute() {}
  focus() {}
  remove() {
    this.isRemoved = true;
  }
}

/**
 * Installs the stand-in as the globals `document`, `window`, `location` and
 * HTML…Element.
 * @returns a function that returns the element for an id or a selector
 */
export function openPaper() {
  const { chatSays } = JSON.parse(readFileSync(CATALOGUE, "utf8"));
  const elements = new Map();
  const find = (id) => {
    if (!elements.has(id)) elements.set(id, new PaperElement());
    return elements.get(id);
  };
  find("texts").textContent = JSON.stringify(chatSays);
  const document = Object.assign(new EventTarget(), {
    title: "paper",
    hidden: true,
    documentElement: { lang: "en", dataset: { top: "./" } },
    getElementById: find,
    querySelector: find,
    createElement: () => new PaperElement(),
  });
  Object.assign(globalThis, {
    document,
    window: globalThis,
    location: { origin: "https://chat.example", href: "https://chat.example/chat" },
    HTMLElement: PaperElement,
    HTMLButtonElement: PaperElement,
    HTMLDialogElement: PaperElement,
    HTMLFormElement: PaperElement,
    HTMLInputElement: PaperElement,
    HTMLTextAreaElement: PaperElement,
  });
  return find;
}
