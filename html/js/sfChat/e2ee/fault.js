// SPDX-License-Identifier: BSD-3-Clause
/**
 * The faults (E2EE, "Faults"). A fault ends the conversation because a message
 * broke the rules of the protocol. Each fault has a code, for which the page has
 * a text.
 */

/**
 * | code          | what came in                                              |
 * |---------------|-----------------------------------------------------------|
 * | `plaintext`   | a message that is not sealed                              |
 * | `malformed`   | no envelope: not base64url, wrong length, unknown mode    |
 * | `version`     | an envelope of an unknown version                         |
 * | `type`        | an envelope of an unknown type                            |
 * | `order`       | a known type at the wrong time, or twice but different    |
 * | `commit`      | a revealed key that does not match the commit             |
 * | `point`       | a public key that is not a point of the curve             |
 * | `intercepted` | link mode: a wrong proof, as somebody stands in between   |
 * | `confirm`     | code mode: a wrong proof, as messages were altered        |
 * | `downgraded`  | the joiner used the code although the link was demanded   |
 * | `tag`         | a message that was altered, or made by somebody else      |
 * | `skipped`     | a message that has overtaken too many others              |
 * | `content`     | decrypted, but unknown to the protocol                    |
 * @typedef {"plaintext" | "malformed" | "version" | "type" | "order" | "commit"
 *   | "point" | "intercepted" | "confirm" | "downgraded" | "tag" | "skipped"
 *   | "content"} FaultCode
 */

export class Fault extends Error {
  /** @param {FaultCode} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}
