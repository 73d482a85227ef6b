// SPDX-License-Identifier: BSD-3-Clause
/**
 * Keeps the invitation that the user is about to use, and the user token that the
 * page has chosen for the join. A reload then loses neither: the join is sent again
 * with the same user token, and the server answers it again.
 *
 * Both are kept in `window.name` (E2EE, "Invitation"), which lives as long as the
 * tab.
 */

import { newId } from "./saved-chat.js";
import { keep, recall } from "./window-name.js";

const WHAT = " invited";
const KEPT = /^([0-9a-f]{24})\.([\w-]{22})?\.([0-9a-f]{24})$/;

/** @typedef {import("../e2ee/invite.js").Invite} Invite */

/** @returns {(Invite & { userToken: string }) | null} null: none is kept */
export function loadInvited() {
  const found = recall(WHAT).match(KEPT);
  return found
    ? { code: found[1], secret: found[2] ?? null, userToken: found[3] }
    : null;
}

/**
 * Keeps an invitation in place of any other one.
 * @param {Invite} invite
 * @returns {string} the user token to join with; the same one for the same code
 */
export function keepInvited({ code, secret }) {
  const kept = loadInvited();
  const userToken = kept?.code === code ? kept.userToken : newId();
  keep(WHAT, `${code}.${secret ?? ""}.${userToken}`);
  return userToken;
}

export function forgetInvited() {
  keep(WHAT, "");
}
