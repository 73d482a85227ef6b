// SPDX-License-Identifier: BSD-3-Clause
/**
 * Long texts (E2EE, "Long texts"): cuts a text into parts that each fit into one
 * message, and joins the parts that came in.
 */

import { utf8 } from "./bytes.js";
import { MAX_BODY_BYTES } from "./content.js";

// At the end of a part: the text goes on in the next part. People cannot see it.
const MORE = "\u2060";
// Stands for what is missing of a text.
const GAP = " […] ";

/** A text of this length has at most `MAX_PARTS` parts. */
export const MAX_TEXT_BYTES = 16_000;
export const MAX_PARTS = 32;

/**
 * Prepares what was written: removes control characters but line feed and tab,
 * and what is invisible at the end.
 * @param {string} written
 * @returns {string} empty if nothing in it can be seen
 */
export function readWritten(written) {
  const text = written.replace(/\r\n?/g, "\n").replace(/(?![\n\t])\p{Cc}/gu, "");
  const isVisible =
    /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text);
  return isVisible ? text.trimEnd() : "";
}

/**
 * @param {string} text
 * @returns {string[]} parts of at most 509 bytes, none of them empty; a mark at
 *   the end of `text` itself is left out
 */
export function splitText(text) {
  const parts = [];
  let rest = text;
  while (rest.endsWith(MORE)) rest = rest.slice(0, -1);
  while (utf8(rest).length > MAX_BODY_BYTES) {
    const room = new Uint8Array(MAX_BODY_BYTES - utf8(MORE).length);
    const { read } = new TextEncoder().encodeInto(rest, room);
    parts.push(rest.slice(0, read) + MORE);
    rest = rest.slice(read);
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

/** @typedef {{ id: string, n: number, at: number, text: string }} Part */
/** @typedef {{ parts: Part[], text: string, isWhole: boolean }} Joined */

/**
 * Joins parts to texts. A text ends with the first part that has no mark, or after
 * `MAX_PARTS`. A part after a number that is waited for is not looked at: that
 * number may be a part too.
 * @param {Part[]} parts ascending by `n`
 * @param {number[]} missing the numbers that have not come, ascending
 * @param {number} givenUp missing numbers below this one are not waited for
 * @returns {Joined[]} all but the last are whole
 */
export function joinParts(parts, missing, givenUp) {
  const awaited = missing.find((n) => n >= givenUp) ?? Infinity;
  /** @type {Joined[]} */
  const texts = [];
  for (const part of parts.filter(({ n }) => n < awaited)) {
    let text = texts[texts.length - 1];
    if (!text || text.isWhole) {
      texts.push(text = { parts: [], text: "", isWhole: false });
    }
    const before = text.parts[text.parts.length - 1]?.n ?? part.n;
    if (missing.some((n) => n > before && n < part.n)) text.text += GAP;
    const goesOn = part.text.endsWith(MORE);
    text.text += goesOn ? part.text.slice(0, -1) : part.text;
    text.isWhole = text.parts.push(part) === MAX_PARTS || !goesOn;
  }
  for (const text of texts) if (!text.isWhole) text.text += GAP.trimEnd();
  return texts;
}
