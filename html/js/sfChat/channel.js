// SPDX-License-Identifier: BSD-3-Clause
/**
 * The one door between what people write and what the server carries: every
 * text goes out through `seal` and comes in through `open`.
 */

import { newId } from "./session.js";

/**
 * @typedef {import("./api.js").Item} Item
 * @typedef {import("./api.js").Message} Message
 */

/**
 * @param {string} text a message as PROTOCOL §3 allows it
 * @returns {Promise<Item>}
 */
export async function seal(text) {
  return { _id: newId(), msg: text };
}

/**
 * @param {Message} message not a system message
 * @returns {Promise<string>} the text that was written
 */
export async function open(message) {
  return message.msg;
}
