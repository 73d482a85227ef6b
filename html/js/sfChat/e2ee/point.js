// SPDX-License-Identifier: BSD-3-Clause
/**
 * Checks that a byte string is a point of P-256. Not every engine checks that
 * before it computes with a point, and some accept several forms of one point.
 * The values are public, so the time that a check takes reveals no secret.
 */

/** @typedef {import("./bytes.js").Bytes} Bytes */

// Domain parameters: NIST SP 800-186, section 3.2.1.3.
const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

const LENGTH = 65;
const UNCOMPRESSED = 4;

/** @param {Bytes} bytes big-endian */
function toInteger(bytes) {
  return bytes.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
}

/**
 * @param {Bytes} bytes
 * @returns {boolean} whether it is a point in the uncompressed form
 */
export function isPoint(bytes) {
  if (bytes.length !== LENGTH || bytes[0] !== UNCOMPRESSED) return false;
  const x = toInteger(bytes.slice(1, 33));
  const y = toInteger(bytes.slice(33));
  const isReduced = x < P && y < P;
  return isReduced && (y * y - (x * x * x - 3n * x + B)) % P === 0n;
}
