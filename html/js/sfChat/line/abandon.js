// SPDX-License-Identifier: BSD-3-Clause
/** Closes a chat for which no page is open, or is to stay open. */

import { createApi } from "./api.js";
import { wipe } from "./saved-chat.js";
import { tokenHeaders } from "./settings.js";

/**
 * Closes a chat. A failure is not reported: nobody is there to read of it, and
 * the chat expires anyway.
 * @param {import("./api.js").Tokens} tokens
 * @returns {Promise<unknown>} resolves when the server has answered, or cannot
 */
export function closeUnseen(tokens) {
  return createApi(tokens, tokenHeaders()).close().catch(() => {});
}

/**
 * Deletes what the tab keeps, and closes the chat.
 * @param {import("./saved-chat.js").SavedChat | null} saved null: there is no
 *   chat to close
 * @returns {Promise<unknown>} resolves when the server has answered, or cannot
 */
export function abandon(saved) {
  wipe();
  return saved ? closeUnseen(saved) : Promise.resolve();
}
