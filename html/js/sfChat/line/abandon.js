// SPDX-License-Identifier: BSD-3-Clause
/** Closes a chat that no page goes on with. */

import { createApi } from "./api.js";
import { wipe } from "./saved-chat.js";
import { apiSettings } from "./settings.js";

/**
 * Closes a chat. A failure is ignored: no page is left to show it, and the chat
 * expires anyway.
 * @param {import("./api.js").Tokens} tokens
 * @returns {Promise<unknown>} resolves when the request is over; never rejects
 */
export function closeUnseen(tokens) {
  return createApi(tokens, apiSettings()).close().catch(() => {});
}

/**
 * Deletes what the tab keeps, and closes the chat.
 * @param {import("./saved-chat.js").SavedChat | null} saved null: there is no
 *   chat to close
 * @returns {Promise<unknown>} resolves when the request is over; never rejects
 */
export function abandon(saved) {
  wipe();
  return saved ? closeUnseen(saved) : Promise.resolve();
}
