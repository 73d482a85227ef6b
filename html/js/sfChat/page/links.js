// SPDX-License-Identifier: BSD-3-Clause
/** Finds web addresses in a text. It recognises nothing else, no markup. */

const CANDIDATE = /\bhttps?:\/\/[^\s<>"]+/giu;
// Punctuation at the end belongs to the sentence, not to the address.
const TRAILING = /[.,;:!?'’”»…]+$/u;
const CLOSING = new Map([[")", "("], ["]", "["], ["}", "{"]]);

/** @typedef {{ text: string, href: string | null }} Piece
 *   `href` is null if the piece is not an address */

/**
 * @param {string} text
 * @returns {Piece[]} in order; their texts together are the whole text
 */
export function findLinks(text) {
  /** @type {Piece[]} */
  const pieces = [];
  let end = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    const address = trim(candidate);
    const href = readAddress(address);
    if (!href) continue;
    if (index > end) pieces.push({ text: text.slice(end, index), href: null });
    pieces.push({ text: address, href });
    end = index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), href: null });
  return pieces;
}

/**
 * Removes what belongs to the sentence: punctuation, and a closing bracket that
 * was not opened in the address.
 * @param {string} candidate
 */
function trim(candidate) {
  let address = candidate.replace(TRAILING, "");
  for (;;) {
    const last = address.slice(-1);
    const opening = CLOSING.get(last);
    if (!opening || count(address, opening) >= count(address, last)) return address;
    address = address.slice(0, -1).replace(TRAILING, "");
  }
}

/** @param {string} text @param {string} sign */
function count(text, sign) {
  return text.split(sign).length - 1;
}

/**
 * @param {string} address
 * @returns {string | null} null: it is not a web address
 */
function readAddress(address) {
  try {
    const { href, protocol } = new URL(address);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}
