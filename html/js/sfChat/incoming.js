// SPDX-License-Identifier: BSD-3-Clause
/**
 * Handles the answers of the poll (PROTOCOL, "The chat page"), the arrival of
 * Talker and the start of the encryption. The page saves the messages of an
 * answer before it acknowledges them. A crash between the two loses nothing: the
 * server delivers the messages again, and the page recognises them by their ids.
 */

import { joinParts } from "./e2ee/split.js";
import { createPoll } from "./line/poll.js";
import { createSlots } from "./line/slots.js";
import { formatMinutes, showState } from "./page/bar.js";
import { hideInvitation, showInvitation } from "./page/invitation.js";

const ACKNOWLEDGE_LIMIT = 100;
// How long an overtaken message may take before the user is told.
const MISSING_MS = 10_000;
const HANDSHAKE_MS = 30_000;
const FAREWELL = /^(closed_|absent$|was_absent$)/;
// The events of the server for which an absent user is called.
const CALLING = /^(joined$|closed_|absent$|was_absent$)/;
// Talker polls once a minute at least, so a shorter silence says nothing.
const ABSENT_MINUTES = 2;

/**
 * @typedef {import("./line/api.js").Answer} Answer
 * @typedef {import("./line/api.js").Message} Message
 * @typedef {import("./line/api.js").ApiError} ApiError
 * @typedef {import("./line/poll.js").PollState} PollState
 * @typedef {import("./e2ee/state.js").Event} Event
 */

/**
 * @param {object} options
 * @param {import("./line/saved-chat.js").SavedChat} options.saved
 * @param {import("./encryption.js").Encryption} options.encryption
 * @param {import("./phase.js").Phase} options.phase
 * @param {import("./line/api.js").Api} options.api
 * @param {import("./conversation.js").Conversation} options.conversation
 * @param {import("./ending.js").Ending} options.ending
 * @param {import("./outgoing.js").Outgoing} options.outgoing
 * @param {import("./page/attention.js").Attention} options.attention
 * @param {import("./page/awake.js").Awake} options.awake
 * @param {import("./page/bar.js").Clock} options.clock
 * @param {import("./page/composer.js").Composer} options.composer
 * @param {import("./page/typing.js").Typing} options.typing
 * @param {import("./page/verification.js").Verification} options.verification
 */
export function createIncoming(options) {
  const { saved, encryption, phase, api, conversation, ending, outgoing } = options;
  const { attention, awake, clock, composer, typing, verification } = options;
  /** @type {PollState} */
  let line = "going";
  /** @type {ApiError | undefined} why the line does not go */
  let trouble;
  let seen = 0;
  const held = saved.held ??= [];
  /** @type {(() => void)[]} shows what the messages of an answer bring, once saved */
  const shows = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;
  const poll = createPoll({
    receive: createSlots(api.receive).receive,
    handle: receive,
    onState: changeLine,
    onEnd: ending.endByError,
    onFail: ending.fail,
  });
  phase.onEnd(() => {
    poll.stop();
    awake.release();
    clearTimeout(patience);
    showWhole(true, Infinity);
  });

  // --- an answer of the poll ------------------------------------------------

  /** @param {Answer} answer */
  async function receive({ status, messages, left, seen: minutes }) {
    const isLast = status === "closed" || phase.isRefused;
    seen = minutes;
    if (left !== null) clock.set(left);
    for (const message of messages) await take(message, status);
    if (status === "ready") await beginEncryption();
    await encryption.thank();
    if (phase.hasEnded) return;
    if (isLast) phase.finish();
    if (held.length > 0) watchMissing();
    await outgoing.post();
    for (const show of shows.splice(0)) show();
    if (status === "ready") meet();
    showLine();
    ending.endByFault();
    const ids = messages.map(({ _id }) => _id);
    while (ids.length > 0) {
      await api.acknowledge(ids.splice(0, ACKNOWLEDGE_LIMIT));
    }
    if (isLast) ending.end(phase.isRefused ? "note.refused" : undefined);
  }

  /** @param {Message} message @param {Answer["status"]} status it came with */
  async function take(message, status) {
    const { _id: id, system } = message;
    if (!system) await encryption.take(message, (event) => hear(event, id));
    else if (!conversation.has(id)) hearServer(message, status);
  }

  /**
   * Takes a text of Talker, or a part of one. One that comes after the user was
   * told that it is missing is shown by itself, unless its text is not whole yet.
   * @param {import("./e2ee/split.js").Part} part
   */
  function hold(part) {
    saved.owed.push(part.n);
    const isInside = held.length > 0 && held[0].n < part.n;
    if (part.n < saved.missed && !isInside) {
      showText(joinParts([part], [], 0)[0]);
      return;
    }
    held.push(part);
    held.sort((a, b) => a.n - b.n);
  }

  /** @param {import("./e2ee/split.js").Joined} joined */
  function showText({ parts: [{ id, at }], text }) {
    if (!conversation.has(id) && !phase.hasEnded) shows.push(attention.call);
    conversation.put({ id, from: "talker", at, text });
  }

  /**
   * Shows the texts of Talker that are whole.
   * @param {boolean} [all] shows what has come of the others too
   * @param {number} [givenUp] missing numbers below this one are not waited for
   */
  function showWhole(all = false, givenUp = saved.missed) {
    for (const joined of joinParts(held, encryption.missing, givenUp)) {
      if (joined.isWhole) held.splice(0, joined.parts.length);
      if (joined.isWhole || all) showText(joined);
    }
  }

  /** @param {Message} message @param {Answer["status"]} status it came with */
  function hearServer({ _id: id, msg: text, event = "" }, status) {
    // The card with the invitation says the same, and more.
    if (event === "created") return;
    // The server must not make the user believe that an open chat is closed.
    const isTrue = status === "closed" || !FAREWELL.test(event);
    if (status === "closed") showWhole(true, Infinity);
    conversation.add({ id, from: "system", text, event: isTrue ? event : "" });
    if (CALLING.test(event)) shows.push(attention.call);
  }

  /** @param {Event} event @param {string} id of the message */
  function hear(event, id) {
    typing.hear();
    switch (event.type) {
      case "established":
        conversation.tell(`note.secured_${event.mode}`);
        shows.push(showSecurity);
        break;
      case "text":
        hold({ id, n: event.n, at: Date.now(), text: event.text });
        shows.push(typing.hide);
        break;
      case "delivered":
        conversation.mark("delivered", ({ n }) => n !== undefined && event.ns.includes(n));
        break;
      case "typing":
        shows.push(typing.show);
        break;
      case "missing":
        watchMissing();
        break;
      case "found":
        if (event.n < saved.missed) conversation.tell("note.found");
        break;
    }
    showWhole();
  }

  /**
   * Tells the user later of overtaken messages that have not come by then, and
   * shows what has come of texts that are not whole.
   */
  function watchMissing() {
    if (encryption.missing.length === 0 && held.length === 0) return;
    setTimeout(() => {
      if (phase.hasEnded) return;
      const lost = encryption.missing.filter((n) => n >= saved.missed);
      if (lost.length > 0) saved.missed = Math.max(...lost) + 1;
      showWhole(true);
      if (lost.length > 0) conversation.announce("note.missing");
      else conversation.keepSoon();
    }, MISSING_MS);
  }

  // --- Talker and the encryption --------------------------------------------

  function invite() {
    const { secret, linkOnly } = encryption;
    if (secret === null) return;
    awake.hold();
    showInvitation({
      code: saved.chatToken,
      secret,
      linkOnly,
      onLinkOnly: (only) => encryption.demandLink(only)
        .then(() => conversation.keep()).catch(ending.fail),
    });
  }

  async function beginEncryption() {
    saved.status = "ready";
    if (saved.role === "creator") await encryption.start();
  }

  /** Talker has joined. */
  function meet() {
    const note = saved.role === "creator" ? "note.noHandshake" : "note.awaited";
    hideInvitation();
    awake.release();
    if (encryption.established) showSecurity();
    else patience ??= setTimeout(() => conversation.announce(note), HANDSHAKE_MS);
    showLine();
  }

  function showSecurity() {
    const known = encryption.established;
    if (!known) return;
    clearTimeout(patience);
    verification.show(known);
    composer.unlock();
    showLine();
  }

  async function confirmSafety() {
    await encryption.confirm();
    conversation.tell("note.verified");
    await conversation.keep();
    showSecurity();
  }

  // --- the line to the server -----------------------------------------------

  function showLine() {
    if (phase.hasEnded || phase.isOver) return;
    if (line !== "going") showTrouble(line);
    else if (saved.status === "draft") showState("draft");
    else if (seen >= ABSENT_MINUTES) showAbsence();
    else showState(encryption.established ? "ready" : "securing");
  }

  /** Shows what came instead of an answer. @param {"retrying" | "offline"} state */
  function showTrouble(state) {
    const { code = 0, message = "" } = trouble ?? {};
    if (code === 502) showState(state, { what: message }, "foreign");
    else if (code > 0) showState(state, { what: `HTTP ${code}` }, "failing");
    else showState(state);
  }

  /** Shows since when Talker has not been there, and how many messages wait. */
  function showAbsence() {
    const count = conversation.countStored();
    const text = count > 0 ? "absentWaiting" : "absent";
    showState("absent", { time: formatMinutes(seen), count }, text);
  }

  /** @param {PollState} state @param {ApiError} [error] */
  function changeLine(state, error = trouble) {
    line = state;
    trouble = error;
    if (line === "going") outgoing.flush();
    if (line === "offline") conversation.announce("note.offline");
    showLine();
  }

  return {
    start() {
      if (saved.status === "ready") meet();
      else invite();
      showLine();
      watchMissing();
      poll.start();
    },
    showLine,
    /** Whether the last poll was answered. */
    get isGoing() {
      return line === "going";
    },
    /** Asks the server at once, in case the connection is dead. */
    look: () => poll.start(),
    /** The two people say that their safety numbers match. */
    confirm: () => confirmSafety().catch(ending.fail),
  };
}
