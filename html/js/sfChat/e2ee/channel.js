// SPDX-License-Identifier: BSD-3-Clause
/**
 * The established channel: encrypts contents, decrypts them, and turns them into
 * events for the page.
 */

import { ownBase64url } from "./bytes.js";
import { readContent } from "./content.js";
import { TYPE, writeEnvelope } from "./envelope.js";
import { DIRECTION, open, seal } from "./ratchet.js";
import { stepTo } from "./state.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./state.js").Established} Established */
/** @typedef {import("./fault.js").Fault} Fault */
/** @typedef {import("./state.js").Event} Event */
/** @typedef {import("./state.js").Step} Step */

/** @param {"creator" | "joiner"} role of the sender */
function directionFrom(role) {
  return role === "creator" ? DIRECTION.C2J : DIRECTION.J2C;
}

/**
 * @param {Established} state
 * @param {Bytes} plaintext a padded content
 * @param {Bytes} iv
 * @returns {Promise<Step>} has one envelope to send
 */
export async function sendData(state, plaintext, iv) {
  const { channel } = state;
  const { n } = channel.sending;
  const { chain: sending, payload } = await seal(channel.sending,
    ownBase64url(channel.th), directionFrom(state.role), iv, plaintext);
  return {
    ...stepTo({ ...state, channel: { ...channel, sending } }),
    send: [{ msg: writeEnvelope(TYPE.DATA, payload), n }],
  };
}

/**
 * Compares the number of a message with the expected one. A higher number means
 * that messages are missing, a lower one that a missing message has come.
 * @param {number} expected the number that was to come next
 * @param {number} n the number that came
 * @returns {Event[]}
 */
function noteGaps(expected, n) {
  if (n === expected) return [];
  if (n < expected) return [{ type: "found", n }];
  const ns = Array.from({ length: n - expected }, (_, i) => expected + i);
  return [{ type: "missing", ns }];
}

/**
 * @param {Established} state
 * @param {Bytes} payload
 * @returns {Promise<Step>} has no events if the message was received before
 * @throws {Fault} `skipped`, `tag` or `content`
 */
export async function takeData(state, payload) {
  const { channel } = state;
  const from = state.role === "creator" ? "joiner" : "creator";
  const opened = await open(channel.receiving, ownBase64url(channel.th),
    directionFrom(from), payload);
  if (!opened) return stepTo(state);
  const { chain: receiving, n, plaintext } = opened;
  const content = readContent(plaintext, channel.sending.n);
  return {
    ...stepTo({ ...state, channel: { ...channel, receiving } }),
    events: [...noteGaps(channel.receiving.n, n), { ...content, n }],
  };
}
