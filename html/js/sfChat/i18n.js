// SPDX-License-Identifier: BSD-3-Clause
/**
 * The words of the pages. Texts live in the catalogue, html/locales; code
 * asks for them by key.
 */

/** @type {Map<string, string>} */
const texts = new Map();

/** @param {Record<string, string>} catalogue */
export function addTexts(catalogue) {
  for (const [key, text] of Object.entries(catalogue)) texts.set(key, text);
}

/** @param {string} key */
export function hasText(key) {
  return texts.has(key);
}

/**
 * The text of a key, its `{name}`s replaced.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = texts.get(key);
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (hole, name) =>
    name in values ? String(values[name]) : hole,
  );
}
