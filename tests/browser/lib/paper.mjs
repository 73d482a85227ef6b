// SPDX-License-Identifier: BSD-3-Clause
/**
 * A page of paper: what the page's modules see of a document, as far as it
 * can be had without a browser. Every element that is asked for is there,
 * and one kind serves for all. To be opened before a module is imported.
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

/** @returns a function that finds an element by its id */
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
    documentElement: { lang: "en", dataset: {} },
    getElementById: find,
    querySelector: find,
    createElement: () => new PaperElement(),
  });
  Object.assign(globalThis, {
    document,
    window: globalThis,
    location: { origin: "https://chat.example" },
    HTMLElement: PaperElement,
    HTMLButtonElement: PaperElement,
    HTMLDialogElement: PaperElement,
    HTMLFormElement: PaperElement,
    HTMLInputElement: PaperElement,
    HTMLTextAreaElement: PaperElement,
  });
  return find;
}
