// SPDX-License-Identifier: BSD-3-Clause
// The invitation as text: `CODE` or, in a link, `CODE.SECRET`. Forgives what
// people and their chat programs do to it, but never takes a damaged link for
// a bare code: that would quietly give up what the link is there for.

import { fromBase64url } from "./bytes.js";
import { SECRET_LENGTH } from "./keys.js";

/** @typedef {{ code: string, secret: string | null }} Invite */

/** @param {string} code */
export const isCode = (code) => /^[0-9a-f]{24}$/.test(code);

/**
 * @param {string} secret 22 base64url characters
 */
export const isSecret = (secret) => {
  const bytes = fromBase64url(secret);
  // Zeros stand for "no secret" in the key schedule.
  return bytes?.length === SECRET_LENGTH && bytes.some((byte) => byte !== 0);
};

/**
 * @param {string} code
 * @param {string} secret
 * @returns {string} the fragment of an invitation link, without `#`
 */
export const formatInvite = (code, secret) => `j=${code}.${secret}`;

/**
 * @param {string} typed a code in any case and grouping, `CODE.SECRET`, or a
 *   whole link
 * @returns {Invite | null} null when it is neither
 */
export const parseInvite = (typed) => {
  const compact = typed.replace(/^.*#j=/s, "").replace(/\s/g, "");
  const [first, secret = null, ...rest] = compact.split(".");
  const code = first.replace(/-/g, "").toLowerCase();
  if (!isCode(code) || rest.length) return null;
  return secret === null || isSecret(secret) ? { code, secret } : null;
};
