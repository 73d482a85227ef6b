// SPDX-License-Identifier: BSD-3-Clause
/**
 * The ways in which a conversation ends because what came in is not what the
 * protocol allows. Each has its own code, so that the page can tell the two
 * people what happened; the texts are the page's.
 */

/**
 * | code          | what came in                                              |
 * |---------------|-----------------------------------------------------------|
 * | `plaintext`   | a message that is not sealed                              |
 * | `malformed`   | no envelope: not base64url, wrong length, unknown mode    |
 * | `version`     | an envelope of an unknown version                         |
 * | `type`        | an envelope of an unknown type                            |
 * | `order`       | a known type at the wrong time, or twice and different    |
 * | `commit`      | a revealed key that is not the one committed to           |
 * | `point`       | a public key that is not a point of the curve             |
 * | `intercepted` | link mode: the proof is wrong, someone stands in between  |
 * | `confirm`     | code mode: the proof is wrong, what was sent was altered  |
 * | `downgraded`  | the joiner used the code although the link was demanded   |
 * | `tag`         | a message that was altered or made by someone else        |
 * | `skipped`     | more messages missing than can be waited for              |
 * | `content`     | the talker's client sent what the protocol doesn't know   |
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
