// SPDX-License-Identifier: BSD-3-Clause
/**
 * The state of a session: plain JSON, a new object for every step, never
 * changed in place. Each phase holds only what is still needed, so a secret is
 * gone once the phase that needs it is over.
 */

/** @typedef {import("./fault.js").FaultCode} FaultCode */
/** @typedef {import("./ratchet.js").Chain} Chain */
/** @typedef {import("./ratchet.js").ReceivingChain} ReceivingChain */

/**
 * Byte strings are base64url. `heard`: the envelopes of the handshake that were
 * accepted, to know them again when they are delivered a second time.
 * @typedef {object} Common
 * @property {1} v
 * @property {"creator" | "joiner"} role
 * @property {string} code
 * @property {string[]} heard
 */

/**
 * What one side brings along until the keys exist. `linkOnly`: the creator
 * demands the link.
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
 * @property {string} safety the number as people read it
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
 * `answer`: our own confirm when it is still to be sent; `confirmKey`: the
 * talker's.
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
 *   | { type: "typing", n: number }
 *   | { type: "missing", ns: number[] }
 *   | { type: "found", n: number }
 *   | { type: "fault", code: FaultCode }} Event
 */

/** @typedef {{ msg: string, n: number | null }} Outgoing */

/**
 * What one input did. `state` is to be saved together with `send` and what the
 * events say, before anything is sent or acknowledged.
 * @typedef {object} Step
 * @property {State} state
 * @property {Outgoing[]} send
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
