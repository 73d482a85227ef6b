// SPDX-License-Identifier: BSD-3-Clause
/** Finds and makes elements. */

/**
 * Finds an element that the page's markup contains.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function find(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`no #${id}`);
  return element;
}

/**
 * Makes an element.
 * @param {string} tag
 * @param {string} className
 * @param {...(string | Node)} content a string becomes text, never markup
 */
export function make(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}
