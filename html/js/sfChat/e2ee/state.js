// SPDX-License-Identifier: BSD-3-Clause
/**
 * The state of a session (E2EE, "State"): plain JSON, a new object after every
 * step, never changed in place. The state of a phase has only what that phase
 * still needs, so no secret is kept longer than it is needed.
 */

/** @typedef {import("./fault.js").FaultCode} FaultCode */
/** @typedef {import("./ratchet.js").Chain} Chain */
/** @typedef {import("./ratchet.js").ReceivingChain} ReceivingChain */

/**
 * The members of every state. Byte strings are base64url. `heard`: the envelopes
 * of the handshake that were accepted, to recognise one that is delivered again.
 * @typedef {object} Common
 * @property {1} v
 * @property {"creator" | "joiner"} role
 * @property {string} code
 * @property {string[]} heard
 */

/**
 * The values that one side needs until the keys exist. `linkOnly`: the creator
 * demands that the joiner uses the link.
 * @typedef {object} Offer
 * @property {JsonWebKey} privateKey
 * @property {string} publicKey
 * @property {string} nonce
 * @property {string | null} secret
 * @property {boolean} linkOnly
 */

/**
 * @typedef {object} Channel
 * @property {0 | 1} mode
 * @property {string} safety the safety number, as people read it
 * @property {string} th
 * @property {Chain} sending
 * @property {ReceivingChain} receiving
 */

/** @typedef {Common & { offer: Offer }} Offering */
/** @typedef {Offering & { commit: string }} Committed */

/** @typedef {Offering & { phase: "created" }} Created */
/** @typedef {Committed & { phase: "awaiting-key" }} AwaitingKey */
/** @typedef {Offering & { phase: "awaiting-commit" }} AwaitingCommit */
/** @typedef {Committed & { phase: "awaiting-reveal" }} AwaitingReveal */

/**
 * `answer`: this side's confirm, if it has not been sent; `confirmKey`: the key of
 * Talker's confirm.
 * @typedef {Common & { phase: "awaiting-confirm", channel: Channel,
 *   confirmKey: string, answer: string | null }} AwaitingConfirm
 */

/**
 * @typedef {Common & { phase: "established", channel: Channel,
 *   verified: "no" | "link" | "number" }} Established
 */

/** @typedef {Common & { phase: "failed", fault: FaultCode }} Failed */

/**
 * @typedef {Created | AwaitingKey | AwaitingCommit | AwaitingReveal
 *   | AwaitingConfirm | Established | Failed} State
 */

/**
 * @typedef {{ type: "established", mode: "code" | "link", safety: string,
 *     verified: "no" | "link" }
 *   | { type: "text", n: number, text: string }
 *   | { type: "delivered", n: number, ns: number[] }
 *   | { type: "typing" | "other", n: number }
 *   | { type: "missing", ns: number[] }
 *   | { type: "found", n: number }
 *   | { type: "fault", code: FaultCode }} Event
 */

/**
 * An envelope to send. `n`: the number of a data message, null in the handshake.
 * @typedef {{ msg: string, n: number | null }} Envelope
 */

/**
 * The result of a step. The page has to save `state`, `send` and the result of
 * `events` together, before it sends or acknowledges anything.
 * @typedef {object} Step
 * @property {State} state
 * @property {Envelope[]} send
 * @property {Event[]} events
 */

/**
 * @param {State} state
 * @param {string[]} envelopes of the handshake
 * @returns {Step}
 */
export function stepTo(state, ...envelopes) {
  return {
    state,
    send: envelopes.map((msg) => ({ msg, n: null })),
    events: [],
  };
}

/** @param {State} state @returns {Common} */
export function commonOf({ v, role, code, heard }) {
  return { v, role, code, heard };
}
