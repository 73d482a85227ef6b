// SPDX-License-Identifier: BSD-3-Clause
/**
 * The chat page: puts the pieces together and holds the rules of the
 * conversation (PROTOCOL §8). What is received is saved before it is
 * acknowledged, so a crash between the two loses nothing, and what comes
 * again is known.
 */

import { ApiError, createApi } from "./line/api.js";
import { createAttention } from "./page/attention.js";
import { createClock, showState } from "./page/bar.js";
import { openEncryption } from "./encryption.js";
import { closeUnseen } from "./line/abandon.js";
import { createClosing } from "./page/closing.js";
import { createPanic } from "./page/panic.js";
import { createComposer } from "./page/composer.js";
import { createConversation } from "./conversation.js";
import { find } from "./page/dom.js";
import { hideInvitation, showInvitation } from "./page/invitation.js";
import { createOutbox } from "./line/outbox.js";
import { createPoll } from "./line/poll.js";
import { newId, save, wipe } from "./line/saved-chat.js";
import { tokenHeaders } from "./line/settings.js";
import { createTyping } from "./page/typing.js";
import { createVerification } from "./page/verification.js";
import { createView } from "./page/view.js";

const ACKNOWLEDGE_LIMIT = 100;
// How long one waits for what should have come already, before it is told.
const MISSING_MS = 10_000;
const HANDSHAKE_MS = 30_000;
const FAREWELL = /^closed_/;
// For what the server says, as for what Talker says, one wants to be called.
const CALLING = /^(joined$|closed_)/;

/**
 * @typedef {import("./line/api.js").Answer} Answer
 * @typedef {import("./line/api.js").Message} Message
 * @typedef {import("./encryption.js").Encryption} Encryption
 * @typedef {import("./e2ee/state.js").Event} Event
 * @typedef {import("./line/outbox.js").SendState} SendState
 * @typedef {import("./line/saved-chat.js").SavedChat} SavedChat
 */

/**
 * @param {SavedChat} saved
 * @param {AbortSignal} left when the page is left before it has started
 */
export async function startChat(saved, left) {
  const encryption = await openEncryption(saved);
  if (left.aborted) return;
  save(saved);
  new Chat(saved, encryption).start();
}

class Chat {
  #saved;
  #encryption;
  #api;
  #conversation;
  #attention;
  #composer;
  #typing;
  #outbox;
  #poll;
  #verification;
  #closing;
  #clock = createClock();
  #ended = false;
  #refused = false;
  /** Closed, by whoever it was, or about to be: nothing of it is to be kept. */
  #over = false;
  /** @type {import("./line/poll.js").PollState} */
  #line = "going";
  #writing = Promise.resolve();
  /** @type {string[]} */
  #unsealed = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;

  /** @param {SavedChat} saved @param {Encryption} encryption */
  constructor(saved, encryption) {
    this.#saved = saved;
    this.#encryption = encryption;
    this.#api = createApi(saved, tokenHeaders());
    this.#conversation = createConversation(saved, createView({
      values: { code: saved.chatToken },
      onTryAgain: () => this.#outbox.flush(),
    }));
    this.#outbox = createOutbox({
      waiting: saved.waiting,
      save: () => this.#conversation.keep(),
      send: (items) => this.#send(items),
      onState: (ids, state) => this.#markSent(ids, state),
      onEnd: (error) => this.#stopSending(error),
    });
    this.#poll = createPoll({
      receive: this.#api.receive,
      handle: (answer) => this.#receive(answer),
      onState: (state) => this.#changeLine(state),
      onEnd: (error) => this.#endByError(error),
    });
    this.#attention = createAttention(saved.options, () => this.#conversation.keep());
    this.#typing = createTyping(() => this.#hint());
    this.#composer = createComposer({
      draft: saved.draft,
      onSend: (texts) => this.#write(texts),
      onWrite: () => this.#typing.write(),
      onLeave: (draft) => this.#leave(draft),
    });
    saved.draft = "";
    this.#verification = createVerification({
      onMatch: () => this.#confirm(),
      onDiffer: () => this.#end("note.differ", { close: true }),
    });
    this.#closing = createClosing(() => this.#close());
  }

  start() {
    createPanic(() => this.#panic());
    this.#conversation.keep();
    if (this.#saved.status === "ready") this.#meet();
    else this.#invite();
    this.#showLine();
    this.#watchMissing();
    this.#poll.start();
    this.#outbox.flush();
    // The page may have gone between finding a fault and ending by it.
    this.#endByFault();
    const look = () => this.#poll.start();
    find("retry", HTMLElement).addEventListener("click", look);
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    document.addEventListener("visibilitychange", () => document.hidden || look());
    // Nothing is left to chance: what could not be saved cannot go on.
    window.addEventListener("unhandledrejection", () =>
      this.#end("note.broken", { close: true }));
  }

  // --- what comes in --------------------------------------------------------

  /** @param {Answer} answer */
  async #receive({ status, messages, left }) {
    const isLast = status === "closed" || this.#refused;
    if (left !== null) this.#clock.set(left);
    for (const message of messages) await this.#take(message, status);
    if (status === "ready") await this.#beginEncryption();
    await this.#encryption.thank();
    if (this.#ended) return;
    this.#over ||= isLast;
    this.#post();
    this.#endByFault();
    const ids = messages.map(({ _id }) => _id);
    while (ids.length > 0) {
      await this.#api.acknowledge(ids.splice(0, ACKNOWLEDGE_LIMIT));
    }
    if (isLast) this.#end(this.#refused ? "note.refused" : undefined);
  }

  /** @param {Message} message @param {Answer["status"]} status it came with */
  async #take(message, status) {
    const { _id: id, system } = message;
    if (!system) await this.#encryption.take(message, (heard) => this.#hear(heard, id));
    else if (!this.#conversation.has(id)) this.#hearServer(message, status);
  }

  /** @param {Message} message @param {Answer["status"]} status */
  #hearServer({ _id: id, msg: text, event = "" }, status) {
    // Nobody is to believe that a chat is closed while it goes on.
    const isTrue = status === "closed" || !FAREWELL.test(event);
    this.#conversation.add({ id, from: "system", text, event: isTrue ? event : "" });
    if (CALLING.test(event)) this.#attention.call();
  }

  /** @param {Event} event @param {string} id of the message */
  #hear(event, id) {
    this.#typing.hear();
    switch (event.type) {
      case "established":
        this.#conversation.tell(`note.secured_${event.mode}`);
        this.#showSecurity();
        break;
      case "text":
        this.#conversation.add({ id, from: "talker", text: event.text });
        this.#saved.owed.push(event.n);
        this.#typing.hide();
        this.#attention.call();
        break;
      case "delivered":
        this.#conversation.mark("delivered",
          ({ n }) => n !== undefined && event.ns.includes(n));
        break;
      case "typing":
        this.#typing.show();
        break;
      case "missing":
        this.#watchMissing();
        break;
      case "found":
        if (event.n < this.#saved.missed) this.#conversation.tell("note.found");
        break;
    }
  }

  /** Tells of messages that were overtaken and still have not come. */
  #watchMissing() {
    if (this.#encryption.missing.length === 0) return;
    setTimeout(() => {
      const lost = this.#encryption.missing.filter((n) => n >= this.#saved.missed);
      if (lost.length === 0 || this.#ended) return;
      this.#saved.missed = Math.max(...lost) + 1;
      this.#tell("note.missing");
    }, MISSING_MS);
  }

  async #beginEncryption() {
    this.#saved.status = "ready";
    if (this.#saved.role === "creator") await this.#encryption.start();
    this.#meet();
  }

  #invite() {
    const { secret, linkOnly } = this.#encryption;
    if (secret === null) return;
    showInvitation({
      code: this.#saved.chatToken,
      secret,
      linkOnly,
      onLinkOnly: (only) =>
        this.#encryption.demandLink(only).then(() => this.#conversation.keep()),
    });
  }

  /** Talker is there. */
  #meet() {
    hideInvitation();
    if (this.#encryption.established) this.#showSecurity();
    else this.#patience ??= setTimeout(() => this.#tell("note.noHandshake"), HANDSHAKE_MS);
    this.#showLine();
  }

  #showSecurity() {
    const known = this.#encryption.established;
    if (!known) return;
    clearTimeout(this.#patience);
    this.#verification.show(known);
    this.#composer.unlock();
    this.#showLine();
  }

  // --- what goes out --------------------------------------------------------

  /** @param {string[]} texts */
  #write(texts) {
    this.#unsealed.push(...texts);
    // One after the other: what is sealed first must be sent first.
    this.#writing = this.#writing.then(async () => {
      for (const text of texts) {
        if (this.#ended) return;
        await this.#encryption.write(text, (id, n) => {
          this.#unsealed.shift();
          this.#conversation.add(
            { id, from: "you", text, n: n ?? undefined, state: "sending" });
        });
      }
      this.#post();
    });
  }

  #post() {
    this.#conversation.keep();
    this.#outbox.start();
  }

  /** @param {import("./line/api.js").Item[]} items */
  async #send(items) {
    try {
      await this.#api.send(items);
    } catch (error) {
      // A held poll does not notice that the line is dead; a new one does.
      const isUnheard = error instanceof ApiError && error.code === 0;
      if (isUnheard && this.#line === "going") this.#poll.start();
      throw error;
    }
  }

  /** @returns {boolean} */
  #hint() {
    const isQuiet = this.#saved.waiting.items.length === 0 &&
      this.#conversation.isDelivered && this.#line === "going";
    if (isQuiet) this.#encryption.hint().then(() => this.#post());
    return isQuiet;
  }

  /** @param {string[]} ids @param {SendState} state */
  #markSent(ids, state) {
    const wanted = new Set(ids);
    const marked = this.#conversation.mark(state, ({ id }) => wanted.has(id));
    const isNews = state === "failed" && marked > 0 && !this.#refused;
    if (isNews && !this.#ended) this.#tell("note.unsent");
    else this.#conversation.keep();
  }

  async #confirm() {
    await this.#encryption.confirm();
    this.#tell("note.verified");
    this.#showSecurity();
  }

  // --- how it is doing ------------------------------------------------------

  /** @param {string} note */
  #tell(note) {
    if (this.#ended) return;
    this.#conversation.tell(note);
    this.#conversation.keep();
  }

  #showLine() {
    if (this.#ended) return;
    if (this.#line !== "going") showState(this.#line);
    else if (this.#saved.status === "draft") showState("draft");
    else showState(this.#encryption.established ? "ready" : "securing");
  }

  /** @param {import("./line/poll.js").PollState} now */
  #changeLine(now) {
    this.#line = now;
    if (now === "going") this.#outbox.flush();
    if (now === "offline") this.#tell("note.offline");
    this.#showLine();
  }

  // --- how it ends ----------------------------------------------------------

  /** @returns {Promise<boolean>} whether it is closed */
  async #close() {
    this.#over = true;
    showState("closing");
    try {
      await this.#api.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isFinal) {
        this.#endByError(error);
      } else {
        this.#over = false;
        this.#tell("note.unclosed");
        this.#showLine();
      }
      return false;
    }
    // The poll brings the farewell; it may be in a pause.
    this.#poll.start();
    return true;
  }

  /** What came in was not what the encryption allows. */
  #endByFault() {
    const { fault } = this.#encryption;
    if (fault) this.#end(`fault.${fault}`, { close: true });
  }

  /**
   * Talker may have said something before closing: the poll brings it, and
   * the farewell.
   * @param {ApiError} error one after which nothing can be sent
   */
  #stopSending(error) {
    if (error.code !== 403) {
      this.#endByError(error);
      return;
    }
    this.#refused = true;
    this.#poll.start();
  }

  /** @param {ApiError} error one that ends the chat */
  #endByError({ code }) {
    this.#end(code === 403 || this.#refused ? "note.refused" : "note.gone");
  }

  /**
   * @param {string} [note] a last word
   * @param {{ close?: boolean }} [how] whether the server is still to be told
   */
  #end(note, { close = false } = {}) {
    if (this.#ended) return;
    this.#stop();
    wipe();
    this.#attention.remove();
    if (note) this.#conversation.tell(note);
    this.#conversation.keep();
    if (close) closeUnseen(this.#saved);
    this.#composer.remove();
    this.#closing.remove();
    this.#verification.remove();
    hideInvitation();
    this.#typing.hide();
    this.#clock.stop();
    showState("closed");
    const again = find("again", HTMLElement);
    again.hidden = false;
    again.focus();
  }

  /** @returns {Promise<unknown>} until the server was told */
  #panic() {
    const told = this.#ended ? Promise.resolve() : closeUnseen(this.#saved);
    this.#stop();
    this.#attention.silence();
    wipe();
    return told;
  }

  /**
   * The page is left, for another to go on from what is kept. A browser may
   * hold this one in memory and wake it later: what it then kept would be the
   * past, of a chat that may have been wiped meanwhile.
   * @param {string} draft
   */
  #leave(draft) {
    const unsent = [...this.#unsealed, draft].filter(Boolean).join("\n");
    if (this.#over) {
      wipe();
    } else if (unsent !== "") {
      this.#saved.draft = unsent;
      this.#conversation.keep();
    }
    this.#stop();
    this.#attention.silence();
  }

  /** Nothing is kept, asked or sent from now on. */
  #stop() {
    this.#ended = true;
    this.#conversation.close();
    this.#poll.stop();
    this.#outbox.stop();
    clearTimeout(this.#patience);
  }
}

/**
 * What a duplicated tab shows: the chat lives in the other one. Its copy would
 * go on from where it was made, were this tab reloaded after the other's end.
 */
export function refuseSecondTab() {
  wipe();
  showState("elsewhere");
  tellAlone("note.elsewhere");
}

/** What a page shows that cannot even begin. */
export function giveUp() {
  for (const id of ["composer", "close", "show-options"]) find(id, HTMLElement).remove();
  hideInvitation();
  showState("closed");
  tellAlone("note.broken");
  find("again", HTMLElement).hidden = false;
}

/** @param {string} note */
function tellAlone(note) {
  createView({ values: {}, onTryAgain() {} }).show([{
    id: newId(), from: "system", at: Date.now(), text: "", note,
  }]);
}
