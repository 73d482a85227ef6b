// SPDX-License-Identifier: BSD-3-Clause
/**
 * The invitation as text: `CODE` or, in a link, `CODE.SECRET`. Finds it in what
 * people and their chat programs put around it, but never takes a damaged link
 * for a bare code: that would quietly give up what the link is there for.
 */

import { fromBase64url } from "./bytes.js";
import { SECRET_LENGTH } from "./keys.js";

/** @typedef {{ code: string, secret: string | null }} Invite */

/** @param {string} code */
export function isCode(code) {
  return /^[0-9a-f]{24}$/.test(code);
}

/**
 * @param {string} secret 22 base64url characters
 */
export function isSecret(secret) {
  const bytes = fromBase64url(secret);
  // Zeros stand for "no secret" in the key schedule.
  return bytes?.length === SECRET_LENGTH && bytes.some((byte) => byte !== 0);
}

/**
 * @param {string} code
 * @param {string} secret
 * @returns {string} the fragment of an invitation link, without `#`
 */
export function formatInvite(code, secret) {
  return `j=${code}.${secret}`;
}

// The code in any case and grouping, and the secret, broken where lines were.
// What follows a code like a secret, but is none, is caught by the last group.
const CODE = "([0-9a-f](?:[\\s-]*[0-9a-f]){23})(?!\\w)";
const SECRET = "\\.(\\s*[\\w-]{22}|[\\w-](?:\\s*[\\w-]){21})(?![\\w-])";
const LINKED = new RegExp(`^${CODE}(?:${SECRET}|(\\.))?`, "i");
// Ahead only, so that all places where a code could begin are looked at.
const BARE = new RegExp(`(?<![\\w/?&=#%])(?=${CODE}(?:${SECRET}|(\\.[\\w-]))?)`, "gi");

/**
 * @param {RegExpMatchArray | null} found
 * @returns {Invite | null}
 */
function readFound(found) {
  if (!found || found[3]) return null;
  const code = found[1].replace(/[\s-]/g, "").toLowerCase();
  const secret = found[2]?.replace(/\s/g, "") ?? null;
  return secret === null || isSecret(secret) ? { code, secret } : null;
}

/**
 * @param {string} typed a code, `CODE.SECRET` or a whole link, and maybe words
 *   around it
 * @returns {Invite | null} null when there is none, or when there are several
 *   that differ
 */
export function parseInvite(typed) {
  // Next to a link, a code is not looked at.
  const [, ...linked] = typed.split(/\bj=/);
  const found = linked.length > 0
    ? linked.map((text) => text.match(LINKED))
    : [...typed.matchAll(BARE)];
  const [first = null, ...others] = found.map(readFound);
  const isSame = (/** @type {Invite | null} */ other) =>
    other?.code === first?.code && other?.secret === first?.secret;
  return others.every(isSame) ? first : null;
}
