// SPDX-License-Identifier: BSD-3-Clause
/**
 * Divides a text into parts that each fit into one message. A text is divided
 * between words; a word that is too long, between characters as people see them;
 * and a character that is too long, between code points.
 */

import { utf8 } from "./bytes.js";
import { MAX_BODY_BYTES } from "./content.js";

const MAX_POINTS = 140;

/** @typedef {{ text: string, points: number, bytes: number }} Piece */

/** @param {string} text @returns {Piece} */
function measure(text) {
  return { text, points: [...text].length, bytes: utf8(text).length };
}

/** @param {Piece} piece */
function fits({ points, bytes }) {
  return points <= MAX_POINTS && bytes <= MAX_BODY_BYTES;
}

/** @param {string} text @returns {Piece[]} the pieces that are not divided */
function toPieces(text) {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => measure(segment))
    .flatMap((piece) =>
      (fits(piece) ? [piece] : [...piece.text].map(measure)));
}

/** @param {Piece} piece */
function isBlank(piece) {
  return piece.text.trim() === "";
}

/**
 * @param {Piece[]} pieces
 * @param {number} start
 * @returns {number} where the part that begins at `start` ends
 */
function findEnd(pieces, start) {
  const part = { text: "", points: 0, bytes: 0 };
  let wordEnd = start;
  for (let i = start; i < pieces.length; i += 1) {
    part.points += pieces[i].points;
    part.bytes += pieces[i].bytes;
    if (isBlank(pieces[i])) wordEnd = i + 1;
    if (!fits(part)) return wordEnd > start ? wordEnd : i;
  }
  return pieces.length;
}

/**
 * @param {Piece[]} pieces
 * @param {number} start
 * @returns {number} where the next part begins
 */
function skipBlanks(pieces, start) {
  let at = start;
  while (at < pieces.length && isBlank(pieces[at])) at += 1;
  return at;
}

/**
 * Removes the control characters that a message may not have: all but line feed
 * and tab.
 * @param {string} text
 */
function clean(text) {
  return text.replace(/\r\n?/g, "\n").replace(/(?![\n\t])\p{Cc}/gu, "");
}

/**
 * @param {string} text
 * @returns {string[]} parts of at most 140 code points and 509 bytes, without the
 *   white space between them. No part is blank; a blank text has no parts.
 */
export function splitText(text) {
  const pieces = toPieces(clean(text));
  const parts = [];
  for (let start = 0; start < pieces.length;) {
    const end = findEnd(pieces, start);
    const part = pieces.slice(start, end).map((piece) => piece.text).join("");
    if (part.trim() !== "") parts.push(part.trimEnd());
    start = skipBlanks(pieces, end);
  }
  return parts;
}
