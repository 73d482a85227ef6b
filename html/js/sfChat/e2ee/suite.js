// SPDX-License-Identifier: BSD-3-Clause
/**
 * The primitives of sfc-e2ee-1, each a call or two into WebCrypto: P-256, SHA-256,
 * HMAC, HKDF, AES-256-GCM and the random source. This module does not know what
 * they are used for.
 */

import { Fault } from "./fault.js";
import { isPoint } from "./point.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/** @typedef {{ privateKey: JsonWebKey, publicKey: Bytes }} KeyPair */

/**
 * The source of all secrets. It is a parameter, so that tests can fix them.
 * @typedef {object} Random
 * @property {(length: number) => Bytes} bytes
 * @property {() => Promise<KeyPair>} keyPair
 */

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const HMAC = { name: "HMAC", hash: "SHA-256" };

function subtle() {
  return globalThis.crypto.subtle;
}

/** @param {ArrayBuffer} buffer @returns {Bytes} */
function view(buffer) {
  return new Uint8Array(buffer);
}

async function makeKeyPair() {
  const pair = await subtle().generateKey(CURVE, true, ["deriveBits"]);
  const [privateKey, publicKey] = await Promise.all([
    subtle().exportKey("jwk", pair.privateKey),
    subtle().exportKey("raw", pair.publicKey),
  ]);
  return { privateKey, publicKey: view(publicKey) };
}

/** @type {Random} */
export const webRandom = {
  bytes: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)),
  keyPair: makeKeyPair,
};

/** @param {Bytes} data @returns {Promise<Bytes>} */
export async function sha256(data) {
  return view(await subtle().digest("SHA-256", data));
}

/**
 * @param {Bytes} key
 * @param {Bytes} data
 * @returns {Promise<Bytes>}
 */
export async function hmac(key, data) {
  const handle = await subtle().importKey("raw", key, HMAC, false, ["sign"]);
  return view(await subtle().sign("HMAC", handle, data));
}

/**
 * Verifies a MAC. The engine compares in constant time.
 * @param {Bytes} key
 * @param {Bytes} mac
 * @param {Bytes} data
 * @returns {Promise<boolean>}
 */
export async function hmacVerify(key, mac, data) {
  const handle = await subtle().importKey("raw", key, HMAC, false, ["verify"]);
  return subtle().verify("HMAC", handle, mac, data);
}

/**
 * Extracts and expands in one call, so that the root never leaves the engine.
 * @param {Bytes} ikm
 * @param {Bytes} salt
 * @param {Bytes} info
 * @returns {Promise<Bytes>} 32 bytes
 */
export async function hkdf(ikm, salt, info) {
  const key = await subtle().importKey("raw", ikm, "HKDF", false,
    ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info };
  return view(await subtle().deriveBits(how, key, 256));
}

/**
 * @param {JsonWebKey} privateKey
 * @param {Bytes} point the public key of the other side, 65 bytes
 * @returns {Promise<Bytes>} the x coordinate of the shared point, 32 bytes
 * @throws {Fault} `point`: it is not on the curve
 */
export async function ecdh(privateKey, point) {
  if (!isPoint(point)) throw new Fault("point");
  const mine = await subtle().importKey("jwk", privateKey, CURVE, false,
    ["deriveBits"]);
  const theirs = await subtle().importKey("raw", point, CURVE, false, []);
  const how = { name: "ECDH", public: theirs };
  return view(await subtle().deriveBits(how, mine, 256));
}

/**
 * @param {Bytes} key
 * @param {Bytes} iv 12 bytes
 * @param {Bytes} aad
 * @param {Bytes} plaintext
 * @returns {Promise<Bytes>} ciphertext ‖ 16 bytes of tag
 */
export async function encrypt(key, iv, aad, plaintext) {
  const handle = await subtle().importKey("raw", key, "AES-GCM", false,
    ["encrypt"]);
  const how = { name: "AES-GCM", iv, additionalData: aad };
  return view(await subtle().encrypt(how, handle, plaintext));
}

/**
 * @param {Bytes} key
 * @param {Bytes} iv
 * @param {Bytes} aad
 * @param {Bytes} ciphertext with its tag
 * @returns {Promise<Bytes>} the plaintext
 * @throws {Fault} `tag`
 */
export async function decrypt(key, iv, aad, ciphertext) {
  const handle = await subtle().importKey("raw", key, "AES-GCM", false,
    ["decrypt"]);
  const how = { name: "AES-GCM", iv, additionalData: aad };
  try {
    return view(await subtle().decrypt(how, handle, ciphertext));
  } catch {
    throw new Fault("tag");
  }
}
