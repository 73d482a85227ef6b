// SPDX-License-Identifier: BSD-3-Clause
/** Finds web addresses in a text. It recognises nothing else, no markup. */

// Within an address, quotation marks, brackets and stops that are not ASCII end
// it. A ’ between letters may be an apostrophe.
const CANDIDATE = new RegExp("\\bhttps?://(?:’(?=\\p{L})|" +
  "(?!(?![!-~])[\\p{Term}\\p{QMark}\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}])[^\\s<>\"`\\u200b])+", "giu");
// Punctuation at the end belongs to the sentence, not to the address.
const TRAILING = /(?:[.,;:!?'*]|(?![!-~])[\p{P}\p{Bidi_C}])+$/u;
const CLOSING = new Map([[")", "("], ["]", "["], ["}", "{"]]);
// Nobody reads a longer address, and searching in it takes long.
const LENGTH_LIMIT = 2_000;

/** @typedef {{ text: string, href: string | null, host?: string }} Piece
 *   `href` is null if the piece is not an address; `host` is where the address
 *   leads, in ASCII, if the text does not show that */

/**
 * @param {string} text
 * @returns {Piece[]} in order; their texts together are the whole text
 */
export function findLinks(text) {
  /** @type {Piece[]} */
  const pieces = [];
  let end = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    const address = candidate.length > LENGTH_LIMIT ? "" : trim(candidate);
    const found = readAddress(address);
    if (!found) continue;
    if (index > end) pieces.push({ text: text.slice(end, index), href: null });
    pieces.push({ text: address, ...found });
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
 * @returns {{ href: string, host?: string } | null} null: it is not a web address,
 *   or has signs that change in which order it reads
 */
function readAddress(address) {
  if (/\p{Bidi_C}/u.test(address) || !URL.canParse(address)) return null;
  const { href, protocol, host } = new URL(address);
  const [shown] = address.slice(protocol.length + 2).split(/[/?#\\]/, 1);
  const isShown = [host, `${host}:80`, `${host}:443`].includes(shown.toLowerCase());
  return isShown ? { href } : { href, host };
}
