// SPDX-License-Identifier: BSD-3-Clause
/**
 * The invitation as text (E2EE, "Invitation"): `CODE` or, in a link,
 * `CODE.SECRET`. `parseInvite` finds the invitation among other words, also in a
 * link that a mailer has rewritten. It does not fall back to the code of a link
 * whose secret is damaged or lost: the chat would then not be verified by the link,
 * and nobody would notice.
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
const CODE = "([0-9a-f](?:[\\s-]*[0-9a-f]){23})(?![\\w=%])";
const SECRET = "\\s*\\.(\\s*[\\w-]{22}|[\\w-](?:\\s*[\\w-]){21})(?![\\w-])";
// A link has both.
const LINKED = new RegExp(`^\\s*${CODE}${SECRET}`, "i");
// A lookahead consumes nothing, so a code is looked for at every place. The last
// group matches what may be a damaged secret, or one that has lost its dot.
const BARE = new RegExp(
  `(?<![\\w/?&=#%])(?=${CODE}(?:${SECRET}|(\\s*\\.[\\w-]|\\W*[\\w-]{18}))?)`, "gi");
const ENCODED = /%([2-7][0-9a-f])|&#(?:x([2-7][0-9a-f])|(\d{2,3}));/gi;
// The line breaks and the characters of quoted-printable (RFC 2045, section 6.7).
const PRINTED = /(?<!\bj)=\r?\n|=([2-7][0-9A-F])/g;

/**
 * Undoes what mailers do to links: percent-encoding, also repeated, character
 * references, and the marks of quoted lines.
 * @param {string} typed
 */
function decode(typed) {
  let text = typed.replace(/\n[\s>|]+/g, "\n");
  for (let round = 0; round < 3; round += 1) {
    text = text.replace(ENCODED, (_, percent, hex, decimal) =>
      String.fromCharCode(decimal ?? parseInt(percent ?? hex, 16)));
  }
  return text;
}

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

/** @param {string} text */
function findInvite(text) {
  // If there is a link, a code beside it is ignored.
  const [, ...linked] = text.split(/\bj=/);
  const found = linked.length > 0
    ? linked.map((part) => part.match(LINKED))
    : [...text.matchAll(BARE)];
  const [first = null, ...others] = found.map(readFound);
  const isSame = (/** @type {Invite | null} */ other) =>
    other?.code === first?.code && other?.secret === first?.secret;
  return others.every(isSame) ? first : null;
}

/**
 * @param {string} typed a code, `CODE.SECRET` or a whole link, perhaps with words
 *   around it
 * @returns {Invite | null} null if there is none, or if there are several
 *   different ones
 */
export function parseInvite(typed) {
  const text = decode(typed);
  const found = findInvite(text);
  if (found) return found;
  // A code may look like quoted-printable, as in `j=2e…`: only a whole secret
  // shows that the text was really printed so.
  const printed = findInvite(text.replace(PRINTED, (_, hex) =>
    (hex ? String.fromCharCode(parseInt(hex, 16)) : "")));
  return printed?.secret ? printed : null;
}

/**
 * @param {string} typed
 * @returns {boolean} whether it holds a link, perhaps a damaged one
 */
export function isInviteLink(typed) {
  return /\bj=/.test(decode(typed));
}
