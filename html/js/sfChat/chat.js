// SPDX-License-Identifier: BSD-3-Clause
/**
 * The chat page: puts the pieces together and holds the rules of the
 * conversation (PROTOCOL §8). What is received is saved before it is
 * acknowledged, so a crash between the two loses nothing, and what comes
 * again is known by its id.
 */

import { ApiError, createApi } from "./api.js";
import * as channel from "./channel.js";
import { createComposer } from "./composer.js";
import { find } from "./dom.js";
import { say } from "./i18n.js";
import { createOutbox } from "./outbox.js";
import { createPoll } from "./poll.js";
import { newId, save, wipe } from "./session.js";
import { createUnread } from "./unread.js";
import { createView } from "./view.js";

const ACKNOWLEDGE_LIMIT = 100;

/**
 * @typedef {import("./api.js").Answer} Answer
 * @typedef {import("./api.js").Message} Message
 * @typedef {import("./outbox.js").SendState} SendState
 * @typedef {import("./session.js").Entry} Entry
 * @typedef {import("./session.js").Session} Session
 */

/** @param {Session} session */
export function startChat(session) {
  const api = createApi(session);
  const seen = new Set(session.entries.map(({ id }) => id));
  const unread = createUnread();
  const composer = createComposer(write);
  const view = createView(find("log", HTMLElement), {
    values: { code: session.chatToken },
    onTryAgain: () => outbox.flush(),
  });
  const outbox = createOutbox({
    waiting: session.waiting,
    save: keep,
    send: api.send,
    onState: markSent,
    onEnd: endByError,
  });
  const poll = createPoll({
    receive: api.receive,
    handle: receive,
    onState: changeLine,
    onEnd: endByError,
  });
  const closing = createClosing(close);
  let ended = false;
  let writing = Promise.resolve();
  /** @type {import("./poll.js").PollState} */
  let line = "going";

  function keep() {
    if (!ended) save(session);
  }

  /** @param {Entry} entry */
  function add(entry) {
    session.entries.push(entry);
    seen.add(entry.id);
    view.add(entry);
  }

  /** @param {string} event something this page itself has to say */
  function tell(event) {
    add({ id: newId(), from: "system", at: Date.now(), text: "", event });
    keep();
  }

  /** @param {string[]} parts */
  function write(parts) {
    // One after the other: what is sealed first must be sent first.
    writing = writing.then(() => writeParts(parts));
  }

  /** @param {string[]} parts */
  async function writeParts(parts) {
    const items = [];
    for (const text of parts) {
      const item = await channel.seal(text);
      add({ id: item._id, from: "you", at: Date.now(), text, state: "sending" });
      items.push(item);
    }
    outbox.add(items);
  }

  /** @param {string[]} ids @param {SendState} reached */
  function markSent(ids, reached) {
    const changed = new Set(ids);
    for (const entry of session.entries) {
      if (!changed.has(entry.id)) continue;
      entry.state = reached;
      view.mark(entry);
    }
    keep();
    if (reached === "failed" && !ended) tell("unsent");
  }

  /** @param {Message} message */
  async function take(message) {
    const entry = { id: message._id, at: Date.now() };
    if (message.system) {
      add({ ...entry, from: "system", text: message.msg, event: message.event });
      return;
    }
    add({ ...entry, from: "talker", text: await channel.open(message) });
    unread.add();
  }

  /** @param {Answer} answer */
  async function receive({ status, messages }) {
    for (const message of messages) {
      if (!seen.has(message._id)) await take(message);
    }
    if (status === "ready") setReady();
    keep();
    const ids = messages.map(({ _id }) => _id);
    while (ids.length > 0) {
      await api.acknowledge(ids.splice(0, ACKNOWLEDGE_LIMIT));
    }
    if (status === "closed") end();
  }

  function setReady() {
    session.status = "ready";
    composer.unlock();
    showLine();
  }

  function showLine() {
    showState(line === "going" ? session.status : line);
  }

  /** @param {import("./poll.js").PollState} now */
  function changeLine(now) {
    if (ended) return;
    line = now;
    if (line === "going") outbox.flush();
    if (line === "offline") tell("offline");
    showLine();
  }

  async function close() {
    showState("closing");
    try {
      await api.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isFinal) {
        endByError(error);
      } else {
        tell("unclosed");
        showLine();
      }
      return false;
    }
    // The poll brings the farewell; it may be in a pause.
    poll.start();
    return true;
  }

  /** @param {ApiError} error one that ends the chat */
  function endByError({ code }) {
    tell(code === 403 ? "refused" : "gone");
    end();
  }

  function end() {
    ended = true;
    poll.stop();
    outbox.stop();
    composer.remove();
    closing.remove();
    wipe();
    showState("closed");
    find("again", HTMLElement).hidden = false;
  }

  for (const entry of session.entries) view.add(entry);
  showLine();
  if (session.status === "ready") setReady();
  poll.start();
  outbox.flush();
  window.addEventListener("online", poll.start);
  window.addEventListener("offline", poll.start);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) poll.start();
  });
}

/** @param {string} name */
function showState(name) {
  const state = find("state", HTMLElement);
  state.textContent = say(`state.${name}`);
  state.dataset.state = name;
}

/**
 * The ✕ and its question.
 * @param {() => Promise<boolean>} close answers whether it was done
 */
function createClosing(close) {
  const button = find("close", HTMLButtonElement);
  const dialog = find("sure", HTMLDialogElement);
  button.disabled = false;
  button.addEventListener("click", () => {
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "close") return;
    button.disabled = true;
    button.disabled = await close();
  });
  return {
    remove() {
      if (dialog.open) dialog.close();
      button.remove();
    },
  };
}

/** What a duplicated tab shows: the chat lives in the other one. */
export function refuseSecondTab() {
  showState("elsewhere");
  const view = createView(find("log", HTMLElement), {
    values: {},
    onTryAgain() {},
  });
  view.add({
    id: newId(), from: "system", at: Date.now(), text: "", event: "elsewhere",
  });
}
