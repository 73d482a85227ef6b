// SPDX-License-Identifier: BSD-3-Clause
/**
 * What a token and a message may look like (PROTOCOL §3), and the two
 * kindnesses that follow from it: reading a code as people type it, and
 * cutting a long text into messages the server takes.
 */

export const MESSAGE_LIMIT = 140;

const TOKEN = /^[0-9a-f]{24}$/;

/** @param {unknown} value */
export function isToken(value) {
  return typeof value === "string" && TOKEN.test(value);
}

/**
 * The code in what somebody typed or pasted: spaces, hyphens and upper case
 * are forgiven. Null when there is no code in it.
 * @param {string} typed
 * @returns {string | null}
 */
export function readCode(typed) {
  const code = typed.replace(/[\s\p{Pd}\p{Cf}]+/gu, "").toLowerCase();
  return isToken(code) ? code : null;
}

/**
 * Removes what no message may contain: control characters other than line
 * break and tab, and halves of surrogate pairs.
 * @param {string} text
 */
export function cleanText(text) {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .replace(/\p{Cs}/gu, "\ufffd");
}

/**
 * Cuts a text into messages of at most `limit` code points, at white space
 * where there is some, never inside what a reader sees as one character.
 * Pieces of white space alone are dropped, so the answer may be empty.
 * @param {string} text
 * @param {number} [limit]
 * @returns {string[]}
 */
export function splitText(text, limit = MESSAGE_LIMIT) {
  const pieces = [];
  let rest = [...cleanText(text).trimEnd()];
  while (rest.length > limit) {
    const cut = findCut(rest, limit);
    pieces.push(rest.slice(0, cut).join(""));
    // The white space that was cut at has done its work.
    rest = rest.slice(/\s/.test(rest[cut]) ? cut + 1 : cut);
  }
  pieces.push(rest.join(""));
  return pieces.filter((piece) => piece.trim() !== "");
}

/**
 * @param {string[]} points
 * @param {number} limit
 */
function findCut(points, limit) {
  for (let i = limit; i > 0; i -= 1) {
    if (/\s/.test(points[i])) return i;
  }
  return lastCharacterEnd(points.slice(0, limit + 1).join(""), limit);
}

/**
 * The end, in code points, of the last whole character within the limit; the
 * limit itself when one character alone is longer.
 * @param {string} text
 * @param {number} limit
 */
function lastCharacterEnd(text, limit) {
  let end = 0;
  let best = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    end += [...segment].length;
    if (end > limit) break;
    best = end;
  }
  return best || limit;
}
