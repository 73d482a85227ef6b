// SPDX-License-Identifier: BSD-3-Clause
/** Closes a chat that no page goes on with. */

import { createApi } from "./api.js";
import { claim } from "./claim.js";
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
 * Deletes what the tab keeps at once, and closes the chat, unless another tab has it: what
 * this tab keeps is then a copy.
 * @param {Promise<import("./saved-chat.js").SavedChat | null>} loading null: there
 *   is no chat to close
 * @returns {Promise<void>} resolves when the request is over; never rejects
 */
export async function abandon(loading) {
  wipe();
  const saved = await loading.catch(() => null);
  if (saved && await claim(saved.tab)) await closeUnseen(saved);
}
