// SPDX-License-Identifier: BSD-3-Clause
/**
 * The handshake (E2EE, "Handshake"): commit → key → reveal, confirm → confirm.
 * Each function takes one message and leads from one state to the next. It checks
 * everything that the message can prove before it returns an answer.
 */

import { ownBase64url, sameBytes, toBase64url } from "./bytes.js";
import { TYPE, writeEnvelope } from "./envelope.js";
import { Fault } from "./fault.js";
import { MODE, commitment, deriveKeys, safetyNumber } from "./keys.js";
import { startChain } from "./ratchet.js";
import { commonOf, stepTo } from "./state.js";
import { hmac, hmacVerify } from "./suite.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./keys.js").Keys} Keys */
/** @typedef {import("./state.js").Channel} Channel */
/** @typedef {import("./state.js").Offer} Offer */
/** @typedef {import("./state.js").Step} Step */

/**
 * @param {number} mode
 * @returns {mode is 0 | 1}
 */
function isMode(mode) {
  return mode === MODE.CODE || mode === MODE.LINK;
}

/** @param {Bytes} payload of a key message */
function readKey(payload) {
  const mode = payload[0];
  if (!isMode(mode)) throw new Fault("malformed");
  return { mode, key: payload.slice(1, 66), nonce: payload.slice(66) };
}

/** @param {Offer} offer */
function readOffer({ publicKey, nonce, secret }) {
  return {
    publicKey: ownBase64url(publicKey),
    nonce: ownBase64url(nonce),
    secret: secret === null ? null : ownBase64url(secret),
  };
}

/**
 * @param {"creator" | "joiner"} role
 * @param {0 | 1} mode
 * @param {Keys} keys
 * @returns {Channel}
 */
function openChannel(role, mode, keys) {
  const [mine, theirs] = role === "creator"
    ? [keys.chainC2J, keys.chainJ2C] : [keys.chainJ2C, keys.chainC2J];
  return {
    mode,
    safety: safetyNumber(keys.safety),
    th: toBase64url(keys.th),
    sending: startChain(mine),
    receiving: { ...startChain(theirs), skipped: {} },
  };
}

/**
 * @param {Bytes} key
 * @param {Bytes} th
 */
async function writeConfirm(key, th) {
  return writeEnvelope(TYPE.CONFIRM, await hmac(key, th));
}

/**
 * The creator starts the handshake.
 * @param {import("./state.js").Created} state
 * @returns {Promise<Step>}
 */
export async function sendCommit(state) {
  const { publicKey, nonce } = readOffer(state.offer);
  const commit = await commitment(publicKey, nonce, state.code);
  return stepTo(
    { ...state, phase: "awaiting-key", commit: toBase64url(commit) },
    writeEnvelope(TYPE.COMMIT, commit));
}

/**
 * The joiner takes the commit and sends its key.
 * @param {import("./state.js").AwaitingCommit} state
 * @param {Bytes} payload
 * @returns {Promise<Step>}
 */
export async function takeCommit(state, payload) {
  const { publicKey, nonce, secret } = readOffer(state.offer);
  const mode = secret ? MODE.LINK : MODE.CODE;
  return stepTo(
    { ...state, phase: "awaiting-reveal", commit: toBase64url(payload) },
    writeEnvelope(TYPE.KEY, Uint8Array.of(mode), publicKey, nonce));
}

/**
 * The creator takes the joiner's key, and sends reveal and confirm.
 * @param {import("./state.js").AwaitingKey} state
 * @param {Bytes} payload
 * @returns {Promise<Step>}
 * @throws {Fault} `malformed`, `downgraded` or `point`
 */
export async function takeKey(state, payload) {
  const { mode, key: joinerKey, nonce: joinerNonce } = readKey(payload);
  if (state.offer.linkOnly && mode !== MODE.LINK) throw new Fault("downgraded");
  const { publicKey, nonce, secret } = readOffer(state.offer);
  const keys = await deriveKeys(state.offer.privateKey, joinerKey, secret, {
    mode, code: state.code, commit: ownBase64url(state.commit),
    joinerKey, joinerNonce, creatorKey: publicKey, creatorNonce: nonce,
  });
  return stepTo({
    ...commonOf(state),
    phase: "awaiting-confirm",
    channel: openChannel("creator", mode, keys),
    confirmKey: toBase64url(keys.confirmJoiner),
    answer: null,
  }, writeEnvelope(TYPE.REVEAL, publicKey, nonce),
  await writeConfirm(keys.confirmCreator, keys.th));
}

/**
 * The joiner takes the reveal. It does not send its confirm yet: it first has to
 * verify the creator's.
 * @param {import("./state.js").AwaitingReveal} state
 * @param {Bytes} payload
 * @returns {Promise<Step>}
 * @throws {Fault} `commit` or `point`
 */
export async function takeReveal(state, payload) {
  const [creatorKey, creatorNonce] = [payload.slice(0, 65), payload.slice(65)];
  const commit = ownBase64url(state.commit);
  const opened = await commitment(creatorKey, creatorNonce, state.code);
  if (!sameBytes(commit, opened)) throw new Fault("commit");
  const { publicKey, nonce, secret } = readOffer(state.offer);
  const mode = secret ? MODE.LINK : MODE.CODE;
  const keys = await deriveKeys(state.offer.privateKey, creatorKey, secret, {
    mode, code: state.code, commit,
    joinerKey: publicKey, joinerNonce: nonce, creatorKey, creatorNonce,
  });
  return stepTo({
    ...commonOf(state),
    phase: "awaiting-confirm",
    channel: openChannel("joiner", mode, keys),
    confirmKey: toBase64url(keys.confirmCreator),
    answer: await writeConfirm(keys.confirmJoiner, keys.th),
  });
}

/**
 * Either side takes the confirm of the other. The joiner then sends its own.
 * @param {import("./state.js").AwaitingConfirm} state
 * @param {Bytes} payload
 * @returns {Promise<Step>}
 * @throws {Fault} `intercepted` or `confirm`
 */
export async function takeConfirm(state, payload) {
  const { channel, confirmKey, answer } = state;
  const isLink = channel.mode === MODE.LINK;
  const th = ownBase64url(channel.th);
  if (!await hmacVerify(ownBase64url(confirmKey), payload, th)) {
    throw new Fault(isLink ? "intercepted" : "confirm");
  }
  const verified = isLink ? "link" : "no";
  const step = stepTo(
    { ...commonOf(state), phase: "established", channel, verified },
    ...(answer === null ? [] : [answer]));
  const mode = isLink ? "link" : "code";
  const { safety } = channel;
  return { ...step, events: [{ type: "established", mode, safety, verified }] };
}
