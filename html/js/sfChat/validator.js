// SPDX-License-Identifier: BSD-3-Clause
/**
 * Checks the form of a token (PROTOCOL, "Words"), and finds the invitation in
 * what the user typed or pasted.
 */

import { isInviteLink, parseInvite } from "./e2ee/invite.js";

const TOKEN = /^[0-9a-f]{24}$/;

/** @param {unknown} value */
export function isToken(value) {
  return typeof value === "string" && TOKEN.test(value);
}

/** @param {string} typed */
function tidy(typed) {
  return typed.replace(/\p{Cf}/gu, "").replace(/\p{Pd}/gu, "-");
}

/**
 * Finds a code or a link. Spaces, dashes of all kinds, invisible characters and
 * upper case do no harm.
 * @param {string} typed
 * @returns {import("./e2ee/invite.js").Invite | null} null: there is none
 */
export function readInvite(typed) {
  return parseInvite(tidy(typed));
}

/**
 * Whether a text holds an invitation link, even a damaged one.
 * @param {string} typed
 */
export function isLink(typed) {
  return isInviteLink(tidy(typed));
}
