// SPDX-License-Identifier: BSD-3-Clause
/**
 * The other one of two people, without a page: speaks the REST interface and
 * the encryption by itself, and does on purpose what no page would do.
 */

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { Session } from "../../../html/js/sfChat/e2ee/session.js";
import { api } from "../../lib/server.mjs";

const newId = () => randomBytes(12).toString("hex");

export class Peer {
  #server;
  #headers;
  /** @type {Session} */
  #session;
  /** What came in, decrypted, as the encryption tells it. */
  events = [];

  constructor(server, session, { chatToken, userToken }) {
    this.#server = server;
    this.#session = session;
    this.#headers = { "X-SFC-chatToken": chatToken, "X-SFC-userToken": userToken };
  }

  /** @param {{ code: string, secret: string | null }} invite */
  static async join(server, invite) {
    const { json } = await api(server, "POST", "join.json", {
      body: { data: { chatToken: invite.code } },
    });
    return new Peer(server, await Session.join(invite),
      { chatToken: invite.code, userToken: json.results.userToken });
  }

  static async create(server) {
    const { json: { results } } = await api(server, "POST", "create.json");
    return new Peer(server, await Session.create(results.chatToken), results);
  }

  get state() {
    return this.#session.state;
  }

  get invite() {
    return { code: this.state.code, secret: this.#session.secret };
  }

  #ask(method, resource, messages) {
    const body = messages && { data: { messages } };
    return api(this.#server, method, resource, { headers: this.#headers, body });
  }

  /** Posts what a step wants sent, after `change` has had its way with it. */
  async post(step, change = (msg) => [msg]) {
    this.events.push(...step.events);
    for (const { msg } of step.send) {
      for (const changed of change(msg)) await this.postRaw({ msg: changed, sealed: true });
    }
  }

  async postRaw(item) {
    const answer = await this.#ask("POST", "messages.json", [{ _id: newId(), ...item }]);
    if (answer.status !== 202) throw new Error(`posting was answered ${answer.status}`);
  }

  say(text, change) {
    return this.#session.sendText(text).then((step) => this.post(step, change));
  }

  thank(ns) {
    return this.#session.sendDelivered(ns).then((step) => this.post(step));
  }

  hint() {
    return this.#session.sendTyping().then((step) => this.post(step));
  }

  start(change) {
    return this.#session.start().then((step) => this.post(step, change));
  }

  /** Receives once and answers; true when the chat is closed. */
  async listen(change) {
    const { json: { results } } = await this.#ask("GET", "messages.json");
    for (const message of results.messages) {
      if (message.system) continue;
      await this.post(await this.#session.receive(message), change);
    }
    const ids = results.messages.map(({ _id }) => ({ _id }));
    if (ids.length > 0) await this.#ask("DELETE", "messages.json", ids);
    return results.status === "closed";
  }

  /** Listens until this phase of the handshake is over. */
  async pass(phase) {
    while (this.state.phase === phase) await this.listen();
  }

  /** Listens until the channel is established. */
  async establish(change) {
    while (this.state.phase !== "established") {
      if (await this.listen(change)) throw new Error("the chat was closed");
    }
  }

  /** Listens until something of this type was heard. */
  async hear(type) {
    for (;;) {
      const at = this.events.findIndex((event) => event.type === type);
      if (at >= 0) return this.events.splice(at, 1)[0];
      if (await this.listen()) throw new Error("the chat was closed");
    }
  }

  /** Until the chat is closed; what else comes is left lying. */
  async waitClosed() {
    const isClosed = async () => {
      const { json } = await this.#ask("GET", "messages.json?longPolling=false");
      return json.results.status === "closed";
    };
    while (!await isClosed()) await delay(50);
  }
}
