// SPDX-License-Identifier: BSD-3-Clause
/**
 * What a token may look like (PROTOCOL §3), and how an invitation is read out
 * of what people type and paste.
 */

import { parseInvite } from "./e2ee/invite.js";

const TOKEN = /^[0-9a-f]{24}$/;

/** @param {unknown} value */
export function isToken(value) {
  return typeof value === "string" && TOKEN.test(value);
}

/**
 * The invitation in what somebody typed or pasted: spaces, dashes of all
 * kinds, invisible marks and upper case are forgiven, a whole link will do.
 * @param {string} typed
 * @returns {import("./e2ee/invite.js").Invite | null} null: there is none
 */
export function readInvite(typed) {
  return parseInvite(typed.replace(/\p{Cf}/gu, "").replace(/\p{Pd}/gu, "-"));
}
