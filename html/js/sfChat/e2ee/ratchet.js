// SPDX-License-Identifier: BSD-3-Clause
/**
 * One direction of a conversation (E2EE, "Messages"): a chain of keys, one for
 * each message, deleted when it was used. The receiver keeps the keys of a limited
 * number of messages that were overtaken. A chain is plain JSON and never changed
 * in place.
 */

import { concat, fromUint64, ownBase64url, toBase64url, toUint64 }
  from "./bytes.js";
import { Fault } from "./fault.js";
import { decrypt, encrypt, hmac } from "./suite.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/**
 * @typedef {object} Chain
 * @property {string} ck the chain key, base64url
 * @property {number} n the number of the next message
 */

/**
 * @typedef {Chain & { skipped: Record<string, string> }} ReceivingChain
 * `skipped`: the keys of messages that have not come, base64url, by number
 */

export const DIRECTION = Object.freeze({ C2J: 0, J2C: 1 });

export const MAX_SKIPPED = 64;

const MESSAGE_STEP = Uint8Array.of(1);
const CHAIN_STEP = Uint8Array.of(2);

/** @param {Bytes} key @returns {Chain} */
export function startChain(key) {
  return { ck: toBase64url(key), n: 0 };
}

/**
 * @param {Chain} chain
 * @returns {Promise<{ key: Bytes, next: Chain }>} `key`: of message `chain.n`
 */
async function advance({ ck, n }) {
  const bytes = ownBase64url(ck);
  const [key, following] = await Promise.all(
    [hmac(bytes, MESSAGE_STEP), hmac(bytes, CHAIN_STEP)]);
  return { key, next: { ck: toBase64url(following), n: n + 1 } };
}

/**
 * The data that is authenticated but not encrypted.
 * @param {Bytes} th
 * @param {number} direction
 * @param {Bytes} n the number in 8 bytes
 */
function boundData(th, direction, n) {
  return concat(th, Uint8Array.of(direction), n);
}

/**
 * @param {Chain} chain
 * @param {Bytes} th
 * @param {number} direction
 * @param {Bytes} iv
 * @param {Bytes} plaintext
 * @returns {Promise<{ chain: Chain, payload: Bytes }>}
 */
export async function seal(chain, th, direction, iv, plaintext) {
  const { key, next } = await advance(chain);
  const n = fromUint64(chain.n);
  const aad = boundData(th, direction, n);
  const ciphertext = await encrypt(key, iv, aad, plaintext);
  return { chain: next, payload: concat(n, iv, ciphertext) };
}

/**
 * Moves the chain past message `n` and keeps the keys of the messages before it.
 * @param {ReceivingChain} chain
 * @param {number} n not below `chain.n`
 * @returns {Promise<{ key: Bytes, chain: ReceivingChain }>}
 * @throws {Fault} `skipped`
 */
async function walkTo(chain, n) {
  const waiting = Object.keys(chain.skipped).length + n - chain.n;
  if (waiting > MAX_SKIPPED) throw new Fault("skipped");
  const skipped = { ...chain.skipped };
  let { key, next } = await advance(chain);
  while (next.n <= n) {
    skipped[next.n - 1] = toBase64url(key);
    ({ key, next } = await advance(next));
  }
  return { key, chain: { ...next, skipped } };
}

/**
 * Takes the key of an overtaken message out of the chain.
 * @param {ReceivingChain} chain
 * @param {number} n below `chain.n`
 */
function takeSkipped(chain, n) {
  const { [n]: kept, ...skipped } = chain.skipped;
  if (kept === undefined) return null;
  return { key: ownBase64url(kept), chain: { ...chain, skipped } };
}

/**
 * @param {ReceivingChain} chain
 * @param {Bytes} th
 * @param {number} direction
 * @param {Bytes} payload
 * @returns {Promise<{ chain: ReceivingChain, n: number, plaintext: Bytes }
 *   | null>} null if the message was received before
 * @throws {Fault} `skipped` or `tag`
 */
export async function open(chain, th, direction, payload) {
  // `Number()` is not exact for a very large number, but `walkTo()` refuses that.
  const n = Number(toUint64(payload));
  const found = n < chain.n ? takeSkipped(chain, n) : await walkTo(chain, n);
  if (!found) return null;
  const aad = boundData(th, direction, payload.slice(0, 8));
  const plaintext =
    await decrypt(found.key, payload.slice(8, 20), aad, payload.slice(20));
  return { chain: found.chain, n, plaintext };
}

/** @param {ReceivingChain} chain @returns {number[]} ascending */
export function missingNumbers(chain) {
  return Object.keys(chain.skipped).map(Number).sort((a, b) => a - b);
}
