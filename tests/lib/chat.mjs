// SPDX-License-Identifier: BSD-3-Clause
//
// Participants of chats, for tests of the API: the requests that a participant
// can make, and the ways to bring two participants together in a chat. Checks no
// more of a reply than the next step needs.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { api } from "./server.mjs";

/** @returns {string} a token that no chat, participant or message has */
export function makeToken() {
  return randomBytes(12).toString("hex");
}

/** One participant of one chat. */
export class Person {
  /**
   * @param {import("./server.mjs").Server} server
   * @param {string} chat
   * @param {string} user
   * @param {{chat?: string, user?: string}} [names]  the names of the headers
   *   with the chat token and the user token
   */
  constructor(server, chat, user, names = {}) {
    Object.assign(this, { server, chat, user, names, h2: false });
  }

  headers() {
    return {
      [this.names.user ?? "X-SFC-userToken"]: this.user,
      [this.names.chat ?? "X-SFC-chatToken"]: this.chat,
    };
  }

  ask(method, resource, { headers = {}, ...options } = {}) {
    return api(this.server, method, resource, {
      h2: this.h2, ...options, headers: { ...this.headers(), ...headers },
    });
  }

  /** Asks for the messages without waiting. */
  look() {
    return this.ask("GET", "messages.json?longPolling=false");
  }

  /**
   * Asks for the messages and waits until there are any.
   *
   * @param {AbortSignal} [signal]  closes the connection
   */
  poll(signal) {
    return this.ask("GET", "messages.json", { signal });
  }

  /** @param {(string | object)[]} items  a string is a plain message */
  send(...items) {
    const messages = items.map(
      (item) => (typeof item === "string" ? { msg: item } : item));
    return this.ask("POST", "messages.json", { body: { data: { messages } } });
  }

  /** @param {string[]} ids */
  acknowledge(...ids) {
    const messages = ids.map((id) => ({ _id: id }));
    return this.ask(
      "DELETE", "messages.json", { body: { data: { messages } } });
  }

  /** Acknowledges all waiting messages and returns them. */
  async drain() {
    const { json, status, body } = await this.look();
    assert.equal(status, 200, body);
    const { messages } = json.results;
    if (messages.length > 0) {
      await this.acknowledge(...messages.map(({ _id }) => _id));
    }
    return messages;
  }

  close() {
    return this.ask("DELETE", "chat.json");
  }
}

/** @returns {Promise<Person>} the creator of a new chat */
export async function create(server, names) {
  const { status, json, body } = await api(server, "POST", "create.json");
  assert.equal(status, 201, body);
  const { chatToken, userToken } = json.results;
  return new Person(server, chatToken, userToken, names);
}

/** Asks to join the chat with that code; returns the reply, even if it is a refusal. */
export function askToJoin(server, code) {
  return api(
    server, "POST", "join.json", { body: { data: { chatToken: code } } });
}

/** @returns {Promise<Person>} the joiner of the chat with that code */
export async function join(server, code, names) {
  const { status, json, body } = await askToJoin(server, code);
  assert.equal(status, 201, body);
  return new Person(server, code, json.results.userToken, names);
}

/**
 * @returns {Promise<[Person, Person]>} creator and joiner of a new chat, who
 *   have acknowledged the system messages
 */
export async function meet(server, names) {
  const alice = await create(server, names);
  const bob = await join(server, alice.chat, names);
  await alice.drain();
  await bob.drain();
  return [alice, bob];
}

/** @returns {string[]} the texts of the messages in a reply */
export function texts({ json }) {
  return json.results.messages.map(({ msg }) => msg);
}
