// SPDX-License-Identifier: BSD-3-Clause
/**
 * The words of the page. Texts live in the catalogues, html/locales; the page
 * brings along those that its scripts need, in its language.
 */

/** @type {Record<string, string> | undefined} */
let texts;

/** @returns {Record<string, string>} */
function catalogue() {
  texts ??= JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
  return /** @type {Record<string, string>} */ (texts);
}

export function language() {
  return document.documentElement.lang;
}

/** @param {string} key */
export function hasText(key) {
  return Object.hasOwn(catalogue(), key);
}

/**
 * The text of a key, its `{name}`s replaced.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  if (!hasText(key)) throw new Error(`no text for ${key}`);
  return catalogue()[key].replace(/\{(\w+)\}/g, (hole, name) =>
    name in values ? String(values[name]) : hole,
  );
}
