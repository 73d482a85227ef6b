// SPDX-License-Identifier: BSD-3-Clause
/**
 * The content of a data message: a text, a receipt or a typing hint, padded to
 * one length, so that the server cannot tell them apart. A content that comes in
 * is certainly Talker's, but Talker's program may have made it wrongly.
 */

import { concat, utf8 } from "./bytes.js";
import { Fault } from "./fault.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/**
 * @typedef {{ type: "text", text: string }
 *   | { type: "delivered", ns: number[] }
 *   | { type: "typing" }
 *   | { type: "other" }} Content `other`: of a kind that has no meaning yet
 */

const CONTENT_LENGTH = 512;
export const MAX_BODY_BYTES = CONTENT_LENGTH - 3;

const KIND = Object.freeze({ TEXT: 0, DELIVERED: 1, TYPING: 2 });
// Kinds that a later version may use. This version ignores them.
const KINDS_TO_COME = Object.freeze({ FIRST: 0x40, LAST: 0x7f });
const RANGE = /^(0|[1-9]\d{0,15})(?:-([1-9]\d{0,15}))?$/;

/**
 * @param {number} kind
 * @param {string} body
 * @returns {Bytes}
 */
function pad(kind, body) {
  const bytes = utf8(body);
  if (bytes.length > MAX_BODY_BYTES) throw new RangeError("body too long");
  const head = Uint8Array.of(kind, bytes.length >> 8, bytes.length & 0xff);
  return concat(head, bytes, new Uint8Array(MAX_BODY_BYTES - bytes.length));
}

/** @param {string} text a part, as `splitText()` makes it */
export function writeText(text) {
  if (text === "") throw new RangeError("nothing to say");
  return pad(KIND.TEXT, text);
}

export function writeTyping() {
  return pad(KIND.TYPING, "");
}

/**
 * @param {number[]} ns ascending, without repetition
 * @returns {string[]} such as `7` or `3-5`, ascending
 */
function toRanges(ns) {
  /** @type {[number, number][]} */
  const ranges = [];
  for (const n of ns) {
    const last = ranges[ranges.length - 1];
    if (last && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`));
}

/**
 * Writes receipts.
 * @param {Iterable<number>} ns the numbers of Talker's texts, in any order
 * @returns {Bytes[]} one content, or several if the list is too long for one
 */
export function writeDelivered(ns) {
  /** @type {string[]} */
  const bodies = [];
  for (const range of toRanges([...new Set(ns)].sort((a, b) => a - b))) {
    const last = bodies.pop();
    const longer = last === undefined ? range : `${last},${range}`;
    if (longer.length <= MAX_BODY_BYTES) bodies.push(longer);
    else bodies.push(String(last), range);
  }
  return bodies.map((body) => pad(KIND.DELIVERED, body));
}

/**
 * Reads a receipt. It may only name numbers that were sent, so a short body
 * cannot make a list that is longer than the conversation.
 * @param {string} body
 * @param {number} sent how many messages this side has sent
 * @returns {number[]}
 * @throws {Fault} `content`
 */
function readRanges(body, sent) {
  /** @type {number[]} */
  const ns = [];
  let floor = 0;
  for (const range of body.split(",")) {
    const [, a, b] = RANGE.exec(range) ?? [];
    const first = Number(a);
    const last = b === undefined ? first : Number(b);
    const ascends = first >= floor && (b === undefined || last > first);
    if (!ascends || !(last < sent)) throw new Fault("content");
    for (let n = first; n <= last; n += 1) ns.push(n);
    floor = last + 1;
  }
  return ns;
}

/**
 * @param {Bytes} bytes 512 of them
 * @returns {{ kind: number, body: string }}
 * @throws {Fault} `content`
 */
function unpad(bytes) {
  const length = bytes[1] << 8 | bytes[2];
  const isPadded = length <= MAX_BODY_BYTES &&
    bytes.subarray(3 + length).every((byte) => byte === 0);
  if (!isPadded) throw new Fault("content");
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    const body = decoder.decode(bytes.subarray(3, 3 + length));
    return { kind: bytes[0], body };
  } catch {
    throw new Fault("content");
  }
}

/**
 * @param {Bytes} bytes
 * @param {number} sent how many messages this side has sent
 * @returns {Content}
 * @throws {Fault} `content`
 */
export function readContent(bytes, sent) {
  const isToCome =
    bytes[0] >= KINDS_TO_COME.FIRST && bytes[0] <= KINDS_TO_COME.LAST;
  if (isToCome) return { type: "other" };
  const { kind, body } = unpad(bytes);
  if (kind === KIND.TEXT && body !== "") return { type: "text", text: body };
  if (kind === KIND.DELIVERED) {
    return { type: "delivered", ns: readRanges(body, sent) };
  }
  if (kind === KIND.TYPING && body === "") return { type: "typing" };
  throw new Fault("content");
}
