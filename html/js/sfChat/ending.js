// SPDX-License-Identifier: BSD-3-Clause
/**
 * How the chat page ends its chat: because the user closes it, because the
 * server says that it is closed or gone, because something failed, by panic,
 * or because the page is left.
 */

import { closeUnseen } from "./line/abandon.js";
import { ApiError } from "./line/api.js";
import { wipe } from "./line/saved-chat.js";
import { showState } from "./page/bar.js";
import { find } from "./page/dom.js";

/**
 * @param {object} options
 * @param {import("./line/saved-chat.js").SavedChat} options.saved
 * @param {import("./encryption.js").Encryption} options.encryption
 * @param {import("./phase.js").Phase} options.phase
 * @param {import("./line/api.js").Api} options.api
 * @param {import("./conversation.js").Conversation} options.conversation
 * @param {import("./page/attention.js").Attention} options.attention
 * @param {() => Promise<void>} options.settle waits for an attempt to send what the
 *   user has written
 * @param {() => void} options.look asks the server at once
 * @param {() => void} options.showLine shows how the chat is doing
 * @param {() => void} options.clear takes from the page what only a running
 *   chat needs
 */
export function createEnding(options) {
  const { saved, encryption, phase, api, conversation, attention } = options;
  // Whether the chat is about to be closed, and the server does not know it yet.
  let isUntold = false;

  /**
   * @param {string} [note] the last line of the conversation
   * @param {{ close?: boolean }} [how] `close`: the server has to be told
   */
  function end(note, { close = false } = {}) {
    if (phase.hasEnded) return;
    phase.end();
    wipe();
    attention.remove();
    if (note) conversation.tell(note);
    conversation.keepSoon();
    if (close) closeUnseen(saved);
    options.clear();
    showState("closed");
    const again = find("again", HTMLElement);
    again.hidden = false;
    again.focus();
  }

  /**
   * Ends the chat because one of the page's own promises was rejected. A chat
   * must not go on after a step that could not be taken or saved.
   * @param {unknown} error
   */
  function fail(error) {
    console.error(error);
    end("note.broken", { close: true });
  }

  /** Ends the chat if a message broke the rules of the encryption. */
  function endByFault() {
    const { fault } = encryption;
    if (fault) end(`fault.${fault}`, { close: true });
  }

  /** @param {ApiError} error one that ends the chat */
  function endByError({ code }) {
    end(code === 403 || phase.isRefused ? "note.refused" : "note.gone");
  }

  /** @param {unknown} error why the request to close the chat failed */
  function stayOpen(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.isFinal) {
      endByError(error);
      return;
    }
    phase.reopen();
    conversation.announce("note.unclosed");
    options.showLine();
  }

  /** @returns {Promise<boolean>} whether the chat is closed */
  async function close() {
    phase.finish();
    showState("closing");
    isUntold = true;
    try {
      // The last words go first: a closed chat takes none.
      await options.settle();
      isUntold = false;
      await api.close();
    } catch (error) {
      stayOpen(error);
      return false;
    }
    // The poll brings the farewell, but the poll may be in a pause.
    options.look();
    return true;
  }

  return {
    end,
    fail,
    endByFault,
    endByError,
    /** @returns {Promise<boolean>} whether the chat is closed; never rejects */
    close: () => close().catch((error) => {
      fail(error);
      return false;
    }),
    /**
     * Nothing can be sent any more. If the chat is closed, Talker may have
     * written before the end: the poll brings those messages and the farewell.
     * @param {ApiError} error
     */
    stopSending(error) {
      if (error.code !== 403) {
        endByError(error);
        return;
      }
      phase.refuse();
      options.look();
    },
    /** @returns {Promise<unknown>} resolves when the server was told */
    panic() {
      const told = phase.hasEnded ? Promise.resolve() : closeUnseen(saved);
      phase.end();
      attention.silence();
      wipe();
      return told;
    },
    /**
     * The page is left, and the next page goes on from the saved chat. The
     * browser may keep this page in memory and show it again later. This page
     * must then save nothing: its state is out of date, and the chat may have
     * been wiped.
     */
    leave() {
      const wasOpen = !phase.isOver && !phase.hasEnded;
      if (phase.isOver) wipe();
      if (isUntold) closeUnseen(saved);
      phase.end();
      attention.silence();
      if (wasOpen) api.leave().catch(() => {});
    },
  };
}

/** @typedef {ReturnType<typeof createEnding>} Ending */
