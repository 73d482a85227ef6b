// SPDX-License-Identifier: BSD-3-Clause
/**
 * One side of an encrypted conversation. It takes Talker's messages and returns
 * envelopes to send and events to show. It takes one step at a time, in the order
 * of the calls, and knows no network, no storage and no clock.
 *
 * The page saves `step.state`, `step.send` and the result of `step.events` in one
 * write, and only then sends, shows or acknowledges. That order is part of the
 * protocol (E2EE, "State"): a server that could make the page forget an answer to
 * a key, and answer another key, could try out safety numbers.
 */

import { toBase64url } from "./bytes.js";
import { sendData, takeData } from "./channel.js";
import { writeDelivered, writeText, writeTyping } from "./content.js";
import { TYPE, readEnvelope } from "./envelope.js";
import { Fault } from "./fault.js";
import { sendCommit, takeCommit, takeConfirm, takeKey, takeReveal }
  from "./handshake.js";
import { isCode, isSecret } from "./invite.js";
import { SECRET_LENGTH } from "./keys.js";
import { missingNumbers } from "./ratchet.js";
import { splitText } from "./split.js";
import { commonOf, stepTo } from "./state.js";
import { webRandom } from "./suite.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Step} Step */
/** @typedef {import("./suite.js").Random} Random */

/**
 * A message of Talker's, as `GET messages.json` returns it.
 * @typedef {{ msg: string, sealed?: boolean }} Message
 */

const STATE_VERSION = 1;
const NONCE_LENGTH = 32;
const IV_LENGTH = 12;

/**
 * @param {string | null} secret
 * @param {Random} random
 */
async function makeOffer(secret, random) {
  const { privateKey, publicKey } = await random.keyPair();
  return {
    privateKey,
    publicKey: toBase64url(publicKey),
    nonce: toBase64url(random.bytes(NONCE_LENGTH)),
    secret,
    linkOnly: false,
  };
}

/**
 * @param {State} state
 * @param {number} type
 * @param {Bytes} payload
 * @returns {Promise<Step>}
 * @throws {Fault}
 */
async function takeHandshake(state, type, payload) {
  if (state.phase === "awaiting-commit" && type === TYPE.COMMIT) {
    return takeCommit(state, payload);
  }
  if (state.phase === "awaiting-key" && type === TYPE.KEY) {
    return takeKey(state, payload);
  }
  if (state.phase === "awaiting-reveal" && type === TYPE.REVEAL) {
    return takeReveal(state, payload);
  }
  if (state.phase === "awaiting-confirm" && type === TYPE.CONFIRM) {
    return takeConfirm(state, payload);
  }
  throw new Fault("order");
}

/**
 * @param {State} state
 * @param {Message} message
 * @returns {Promise<Step>}
 * @throws {Fault}
 */
async function take(state, { msg, sealed }) {
  if (sealed !== true) throw new Fault("plaintext");
  const { type, payload } = readEnvelope(msg);
  if (state.phase === "established" && type === TYPE.DATA) {
    return takeData(state, payload);
  }
  // The acknowledgement was lost, so the server delivers the envelope again.
  if (state.heard.includes(msg)) return stepTo(state);
  const step = await takeHandshake(state, type, payload);
  const heard = [...step.state.heard, msg];
  return { ...step, state: { ...step.state, heard } };
}

/**
 * Ends the session by a fault, and drops its secrets.
 * @param {State} state
 * @param {unknown} error anything but a `Fault` is thrown again
 * @returns {Step}
 */
function fail(state, error) {
  if (!(error instanceof Fault)) throw error;
  const { code } = error;
  const failed = stepTo({ ...commonOf(state), phase: "failed", fault: code });
  return { ...failed, events: [{ type: "fault", code }] };
}

/**
 * @param {State} state
 * @param {Bytes[]} contents
 * @param {Random} random
 * @returns {Promise<Step>} has one envelope for each content
 * @throws {Error} the channel is not established
 */
async function sendAll(state, contents, random) {
  let step = stepTo(state);
  for (const content of contents) {
    if (step.state.phase !== "established") {
      throw new Error("the channel is not open");
    }
    const iv = random.bytes(IV_LENGTH);
    const next = await sendData(step.state, content, iv);
    step = { ...next, send: [...step.send, ...next.send] };
  }
  return step;
}

export class Session {
  #state;
  #random;
  /** @type {Promise<unknown>} */
  #busy = Promise.resolve();

  /**
   * @param {State} state from a step
   * @param {Random} [random]
   */
  constructor(state, random = webRandom) {
    if (state.v !== STATE_VERSION) throw new Error("state of another version");
    this.#state = state;
    this.#random = random;
  }

  /**
   * Makes the creator's side and the secret of the link.
   * @param {string} code
   * @param {Random} [random]
   */
  static async create(code, random = webRandom) {
    const secret = toBase64url(random.bytes(SECRET_LENGTH));
    return Session.#begin("creator", { code, secret }, random);
  }

  /**
   * Makes the joiner's side.
   * @param {import("./invite.js").Invite} invite `secret`: null if the joiner has
   *   only the code
   * @param {Random} [random]
   */
  static async join(invite, random = webRandom) {
    return Session.#begin("joiner", invite, random);
  }

  /**
   * @param {"creator" | "joiner"} role
   * @param {import("./invite.js").Invite} invite
   * @param {Random} random
   */
  static async #begin(role, { code, secret }, random) {
    if (!isCode(code)) throw new TypeError("not a code");
    if (secret !== null && !isSecret(secret)) {
      throw new TypeError("not a secret");
    }
    const phase = role === "creator" ? "created" : "awaiting-commit";
    const offer = await makeOffer(secret, random);
    const v = STATE_VERSION;
    return new Session({ v, role, code, heard: [], phase, offer }, random);
  }

  /** Plain JSON to be saved, for the constructor. */
  get state() {
    return this.#state;
  }

  /** The secret of the link; null once it was used. */
  get secret() {
    return "offer" in this.#state ? this.#state.offer.secret : null;
  }

  /**
   * @returns {number[]} the numbers of Talker's messages that were overtaken and
   *   have not come
   */
  get missing() {
    const { phase } = this.#state;
    return phase === "established"
      ? missingNumbers(this.#state.channel.receiving) : [];
  }

  /**
   * Starts the handshake, on the creator's side, when the joiner is there. Called
   * again, sends nothing.
   * @returns {Promise<Step>}
   */
  start() {
    return this.#run((state) =>
      (state.phase === "created" ? sendCommit(state) : stepTo(state)));
  }

  /**
   * Decides, on the creator's side and before the keys exist, whether the joiner
   * needs the link.
   * @param {boolean} linkOnly whether a joiner with only the code is a fault
   * @returns {Promise<Step>}
   */
  demandLink(linkOnly) {
    return this.#run((state) => {
      if (!("offer" in state)) return stepTo(state);
      return stepTo({ ...state, offer: { ...state.offer, linkOnly } });
    });
  }

  /**
   * Takes a message. A fault does not reject the promise: it is an event, and ends
   * the session. After that every message is ignored.
   * @param {Message} message
   * @returns {Promise<Step>}
   */
  receive(message) {
    return this.#run(async (state) => {
      if (state.phase === "failed") return stepTo(state);
      return take(state, message).catch((error) => fail(state, error));
    });
  }

  /**
   * @param {string} text
   * @returns {Promise<Step>} has one envelope for each part of the text; rejects if
   *   the channel is not established or the text is empty
   */
  sendText(text) {
    return this.#sendAll(() => {
      const parts = splitText(text);
      return (parts.length === 0 ? [""] : parts).map(writeText);
    });
  }

  /**
   * @param {Iterable<number>} ns the numbers of Talker's texts; there is no receipt
   *   for a receipt or a typing hint
   * @returns {Promise<Step>} rejects if the channel is not established
   */
  sendDelivered(ns) {
    return this.#sendAll(() => writeDelivered(ns));
  }

  /** @returns {Promise<Step>} rejects if the channel is not established */
  sendTyping() {
    return this.#sendAll(() => [writeTyping()]);
  }

  /**
   * The two people say that their safety numbers match.
   * @returns {Promise<Step>}
   */
  confirmSafety() {
    return this.#run((state) => stepTo(state.phase === "established"
      ? { ...state, verified: "number" } : state));
  }

  /** @param {() => Bytes[]} write */
  #sendAll(write) {
    return this.#run(async (state) => sendAll(state, write(), this.#random));
  }

  /**
   * Takes a step when the steps before it are done.
   * @param {(state: State) => Step | Promise<Step>} work
   * @returns {Promise<Step>}
   */
  #run(work) {
    const result = this.#busy.then(async () => {
      const step = await work(this.#state);
      this.#state = step.state;
      return step;
    });
    this.#busy = result.catch(() => {});
    return result;
  }
}
