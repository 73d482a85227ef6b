// SPDX-License-Identifier: BSD-3-Clause
/**
 * The invitation as text (E2EE, "Invitation"): `CODE` or, in a link,
 * `CODE.SECRET`. `parseInvite` finds the invitation among other words. If a dot
 * follows the code, but no whole secret, it does not fall back to the code: the
 * chat would then not be verified by the link, and nobody would notice.
 */

import { fromBase64url } from "./bytes.js";
import { SECRET_LENGTH } from "./keys.js";

/** @typedef {{ code: string, secret: string | null }} Invite */

/** @param {string} code */
export function isCode(code) {
  return /^[0-9a-f]{24}$/.test(code);
}

/** @param {string} secret in base64url */
export function isSecret(secret) {
  const bytes = fromBase64url(secret);
  // For the keys of code mode, zeros stand in for the secret.
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

// The code may be in upper case and in groups; white space may divide the secret.
// The last group of `LINKED` and `BARE` matches the beginning of a damaged secret.
const CODE = "([0-9a-f](?:[\\s-]*[0-9a-f]){23})(?!\\w)";
const SECRET = "\\.(\\s*[\\w-]{22}|[\\w-](?:\\s*[\\w-]){21})(?![\\w-])";
const LINKED = new RegExp(`^${CODE}(?:${SECRET}|(\\.))?`, "i");
// A lookahead consumes nothing, so a code is looked for at every place.
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
 * @param {string} typed a code, `CODE.SECRET` or a whole link, perhaps with words
 *   around it
 * @returns {Invite | null} null if there is none, or if there are several
 *   different ones
 */
export function parseInvite(typed) {
  // If there is a link, a code beside it is ignored.
  const [, ...linked] = typed.split(/\bj=/);
  const found = linked.length > 0
    ? linked.map((text) => text.match(LINKED))
    : [...typed.matchAll(BARE)];
  const [first = null, ...others] = found.map(readFound);
  const isSame = (/** @type {Invite | null} */ other) =>
    other?.code === first?.code && other?.secret === first?.secret;
  return others.every(isSame) ? first : null;
}
