// SPDX-License-Identifier: BSD-3-Clause
/**
 * The envelope (E2EE, "Envelope"): version, type and payload, in base64url. Every
 * type has one length, which is checked here, so that a payload can be cut at
 * fixed places.
 */

import { concat, fromBase64url, toBase64url } from "./bytes.js";
import { Fault } from "./fault.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

export const VERSION = 1;

export const TYPE = Object.freeze({
  COMMIT: 0x01,
  KEY: 0x02,
  REVEAL: 0x03,
  CONFIRM: 0x04,
  DATA: 0x10,
});

/** @type {Map<number, number>} the length of the payload, by type */
const LENGTHS = new Map([
  [TYPE.COMMIT, 32],
  [TYPE.KEY, 1 + 65 + 32],
  [TYPE.REVEAL, 65 + 32],
  [TYPE.CONFIRM, 32],
  [TYPE.DATA, 8 + 12 + 512 + 16],
]);

/**
 * @param {number} type
 * @param {...Bytes} payload
 * @returns {string}
 */
export function writeEnvelope(type, ...payload) {
  return toBase64url(concat(Uint8Array.of(VERSION, type), ...payload));
}

/**
 * @param {string} msg
 * @returns {{ type: number, payload: Bytes }}
 * @throws {Fault} `malformed`, `version` or `type`
 */
export function readEnvelope(msg) {
  const bytes = fromBase64url(msg);
  if (!bytes || bytes.length < 2) throw new Fault("malformed");
  const [version, type] = bytes;
  if (version !== VERSION) throw new Fault("version");
  const length = LENGTHS.get(type);
  if (length === undefined) throw new Fault("type");
  if (bytes.length !== 2 + length) throw new Fault("malformed");
  return { type, payload: bytes.slice(2) };
}
