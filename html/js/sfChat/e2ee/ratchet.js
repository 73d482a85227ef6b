// SPDX-License-Identifier: BSD-3-Clause
/**
 * One direction of a conversation: a chain of keys, one per message, each
 * forgotten once used. The receiving end waits for a bounded number of messages
 * that were overtaken. Chains are plain JSON and never changed in place.
 */

import { concat, fromUint64, ownBase64url, toBase64url, toUint64 }
  from "./bytes.js";
import { Fault } from "./fault.js";
import { decrypt, encrypt, hmac } from "./suite.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/**
 * @typedef {object} Chain
 * @property {string} ck chain key, base64url
 * @property {number} n number of the next message
 */

/**
 * @typedef {Chain & { skipped: Record<string, string> }} ReceivingChain
 * `skipped`: message key, base64url, by the number of a message not here yet
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
 * @returns {Promise<{ key: Bytes, next: Chain }>} key of message `chain.n`
 */
async function advance({ ck, n }) {
  const bytes = ownBase64url(ck);
  const [key, following] = await Promise.all(
    [hmac(bytes, MESSAGE_STEP), hmac(bytes, CHAIN_STEP)]);
  return { key, next: { ck: toBase64url(following), n: n + 1 } };
}

/**
 * @param {Bytes} th
 * @param {number} direction
 * @param {Bytes} n as it travels
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
 * Walks the chain past message n, keeping the keys of those before it.
 * @param {ReceivingChain} chain
 * @param {number} n at or after `chain.n`
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
 * Takes the kept key of an overtaken message.
 * @param {ReceivingChain} chain
 * @param {number} n before `chain.n`
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
 *   | null>} null when message n was seen before
 * @throws {Fault} `skipped` or `tag`; the chain has then not moved
 */
export async function open(chain, th, direction, payload) {
  // A number too large to be exact is also too far ahead.
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
