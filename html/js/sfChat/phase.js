// SPDX-License-Identifier: BSD-3-Clause
/**
 * The phase that a chat page is in. There are four, in this order:
 *
 * - `open`: messages go in both directions.
 * - `refused`: the server has refused a message because the chat is closed.
 *   The page still receives, as Talker may have written before the end.
 * - `over`: the chat is closed, or the request to close it is under way. A
 *   page that is left in this phase keeps nothing of the chat.
 * - `ended`: the page saves, asks and sends nothing any more.
 *
 * A phase can be skipped, but the page never goes back to an earlier one, with
 * one exception: `reopen()`.
 */

export function createPhase() {
  /** @type {"open" | "refused" | "over" | "ended"} */
  let now = "open";
  /** @type {"open" | "refused"} where `reopen()` leads */
  let beforeOver = "open";
  /** @type {(() => void)[]} */
  const stops = [];

  return {
    /** Whether the server has refused a message, also if the chat is over now. */
    get isRefused() {
      return beforeOver === "refused";
    },
    get isOver() {
      return now === "over";
    },
    get hasEnded() {
      return now === "ended";
    },
    /** The server has refused a message. */
    refuse() {
      beforeOver = "refused";
      if (now === "open") now = "refused";
    },
    /** The chat is closed, or is about to be. */
    finish() {
      if (now !== "ended") now = "over";
    },
    /**
     * The request to close the chat failed, so the chat is not over: the user
     * can go on and try again, and a page that is left has to keep the chat.
     */
    reopen() {
      if (now === "over") now = beforeOver;
    },
    /** Runs what `onEnd()` was given. Called again, does nothing. */
    end() {
      if (now === "ended") return;
      now = "ended";
      for (const stop of stops) stop();
    },
    /** @param {() => void} stop called once, when the page ends the chat */
    onEnd(stop) {
      stops.push(stop);
    },
  };
}

/** @typedef {ReturnType<typeof createPhase>} Phase */
