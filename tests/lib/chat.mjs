// SPDX-License-Identifier: BSD-3-Clause
//
// People in chats, for tests of the API: what one participant can ask for, and
// the ways to get two of them together. Checks nothing but what it needs to
// go on.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

import { api } from "./server.mjs";

/** @returns {string} a token that nobody has */
export function makeToken() {
  return randomBytes(12).toString("hex");
}

/** One participant of one chat. */
export class Person {
  /**
   * @param {import("./server.mjs").Server} server
   * @param {string} chat
   * @param {string} user
   * @param {{chat?: string, user?: string}} [names]  of the token headers
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

  /** What waits at this moment. */
  look() {
    return this.ask("GET", "messages.json?longPolling=false");
  }

  /** @param {AbortSignal} [signal]  closes the connection */
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

  /** Acknowledges all that waits, and says what it was. */
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

/** The answer to somebody who comes with that code. */
export function askToJoin(server, code) {
  return api(
    server, "POST", "join.json", { body: { data: { chatToken: code } } });
}

/** @returns {Promise<Person>} who entered with that code */
export async function join(server, code, names) {
  const { status, json, body } = await askToJoin(server, code);
  assert.equal(status, 201, body);
  return new Person(server, code, json.results.userToken, names);
}

/** @returns {Promise<[Person, Person]>} two in a chat, greetings read */
export async function meet(server, names) {
  const alice = await create(server, names);
  const bob = await join(server, alice.chat, names);
  await alice.drain();
  await bob.drain();
  return [alice, bob];
}

/** @returns {string[]} what the messages of an answer to GET say */
export function texts({ json }) {
  return json.results.messages.map(({ msg }) => msg);
}
