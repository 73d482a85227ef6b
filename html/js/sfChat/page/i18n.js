// SPDX-License-Identifier: BSD-3-Clause
/**
 * The texts that scripts show. They are written in the catalogues, html/locales.
 * The build puts the texts that the scripts of a page need into the page, in the
 * language of the page.
 */

/** @type {Record<string, string> | undefined} */
let texts;

/** @returns {Record<string, string>} */
function catalogue() {
  texts ??= JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
  return /** @type {Record<string, string>} */ (texts);
}

/** @returns {string} the language of the page, as in `de` */
export function language() {
  return document.documentElement.lang;
}

/** @param {string} key */
export function hasText(key) {
  return Object.hasOwn(catalogue(), key);
}

/**
 * Returns the text of a key.
 * @param {string} key one that the page has; throws for any other
 * @param {Record<string, string | number>} [values] replace `{name}` in the text
 */
export function say(key, values = {}) {
  if (!hasText(key)) throw new Error(`no text for ${key}`);
  return catalogue()[key].replace(/\{(\w+)\}/g, (hole, name) =>
    name in values ? String(values[name]) : hole,
  );
}
