// SPDX-License-Identifier: BSD-3-Clause
/**
 * Computes the values of the handshake (E2EE, "Keys"): the commit, the transcript
 * hash, the keys and the safety number. All are functions of the public values,
 * the private key and the secret of the link. The order of messages is in
 * `handshake.js`.
 */

import { concat, fromHex, toUint64, utf8 } from "./bytes.js";
import { ecdh, hkdf, sha256 } from "./suite.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/** The mode says whether the joiner used the code alone or the link. */
export const MODE = Object.freeze({ CODE: 0, LINK: 1 });

export const SECRET_LENGTH = 16;

const NAME = "sfc-e2ee-1";
const SAFETY_RANGE = 10n ** 12n;

/**
 * All values on which the two sides must agree.
 * @typedef {object} Transcript
 * @property {number} mode
 * @property {string} code 24 hex digits
 * @property {Bytes} commit
 * @property {Bytes} joinerKey
 * @property {Bytes} joinerNonce
 * @property {Bytes} creatorKey
 * @property {Bytes} creatorNonce
 */

/**
 * @typedef {object} Keys
 * @property {Bytes} th the transcript hash
 * @property {Bytes} chainC2J
 * @property {Bytes} chainJ2C
 * @property {Bytes} confirmCreator
 * @property {Bytes} confirmJoiner
 * @property {Bytes} safety
 */

/**
 * @param {Bytes} key the creator's public key
 * @param {Bytes} nonce
 * @param {string} code
 */
export function commitment(key, nonce, code) {
  return sha256(concat(utf8(`${NAME} commit`), key, nonce, fromHex(code)));
}

/** @param {Transcript} seen */
export function transcriptHash(seen) {
  return sha256(concat(
    utf8(NAME), Uint8Array.of(seen.mode), fromHex(seen.code), seen.commit,
    seen.joinerKey, seen.joinerNonce, seen.creatorKey, seen.creatorNonce));
}

/**
 * @param {Bytes} th
 * @param {Bytes} shared the result of the key agreement
 * @param {Bytes} secret the secret of the link; zeros in code mode
 * @returns {Promise<Keys>}
 */
export async function expandKeys(th, shared, secret) {
  const ikm = concat(shared, secret);
  const labels = ["chain c2j", "chain j2c", "confirm c", "confirm j", "safety"];
  const [chainC2J, chainJ2C, confirmCreator, confirmJoiner, safety] =
    await Promise.all(labels.map((label) => hkdf(ikm, th, utf8(label))));
  return { th, chainC2J, chainJ2C, confirmCreator, confirmJoiner, safety };
}

/**
 * @param {JsonWebKey} privateKey
 * @param {Bytes} theirKey
 * @param {Bytes | null} secret the secret of the link; used in link mode only
 * @param {Transcript} seen
 * @returns {Promise<Keys>}
 * @throws {import("./fault.js").Fault} `point`: their key is not on the curve
 */
export async function deriveKeys(privateKey, theirKey, secret, seen) {
  const shared = await ecdh(privateKey, theirKey);
  const used = seen.mode === MODE.LINK && secret
    ? secret : new Uint8Array(SECRET_LENGTH);
  return expandKeys(await transcriptHash(seen), shared, used);
}

/**
 * @param {Bytes} safety the key "safety"
 * @returns {string} twelve digits in three groups
 */
export function safetyNumber(safety) {
  const digits = String(toUint64(safety) % SAFETY_RANGE).padStart(12, "0");
  return `${digits.slice(0, 4)} ${digits.slice(4, 8)} ${digits.slice(8)}`;
}
