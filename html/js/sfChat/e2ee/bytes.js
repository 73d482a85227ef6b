// SPDX-License-Identifier: BSD-3-Clause
/**
 * Byte strings and their spelling as text: base64url in envelopes and in the
 * saved state, hex in tokens. The readers of base64url accept only one spelling
 * of each byte string. This module knows nothing of cryptography.
 */

/**
 * A `Uint8Array` over a plain `ArrayBuffer`. TypeScript made the type generic;
 * older and newer compilers both understand this form.
 * @typedef {ReturnType<Uint8ArrayConstructor["from"]>} Bytes
 */

const ARGUMENTS = 2 ** 13;

/** @param {...Uint8Array} parts @returns {Bytes} */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {string} text @returns {Bytes} its UTF-8 */
export function utf8(text) {
  return Uint8Array.from(new TextEncoder().encode(text));
}

/** @param {Uint8Array} bytes @returns {string} */
export function toBase64url(bytes) {
  let binary = "";
  // Engines limit the number of arguments of a call.
  for (let at = 0; at < bytes.length; at += ARGUMENTS) {
    binary += String.fromCharCode(...bytes.subarray(at, at + ARGUMENTS));
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {string} text base64url without padding
 * @returns {Bytes | null} null if it is not the canonical spelling
 */
export function fromBase64url(text) {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  return toBase64url(bytes) === text ? bytes : null;
}

/**
 * Reads base64url that this page wrote itself.
 * @param {string} text
 * @returns {Bytes}
 * @throws {Error} the text is damaged
 */
export function ownBase64url(text) {
  const bytes = fromBase64url(text);
  if (!bytes) throw new Error("saved state is damaged");
  return bytes;
}

/** @param {string} hex an even number of hex digits @returns {Bytes} */
export function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {number} value @returns {Bytes} 8 bytes, big-endian */
export function fromUint64(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/**
 * @param {Uint8Array} bytes the first 8 are read, big-endian
 * @returns {bigint}
 */
export function toUint64(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
}

/**
 * Compares public values. Not for secrets: the time depends on the values.
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
