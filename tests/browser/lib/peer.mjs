// SPDX-License-Identifier: BSD-3-Clause
/**
 * A participant without a page: speaks the REST interface and the encryption,
 * and can do on purpose what the page never does.
 */

import { randomBytes } from "node:crypto";

import { Session } from "../../../html/js/sfChat/e2ee/session.js";
import { waitFor } from "../../lib/children.mjs";
import { api } from "../../lib/server.mjs";
import { bound } from "./patience.mjs";

const newId = () => randomBytes(12).toString("hex");

export class Peer {
  #server;
  #headers;
  /** @type {Session} */
  #session;
  /** The events of all messages that were received and decrypted. */
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

  #request(method, resource, messages) {
    const body = messages && { data: { messages } };
    return api(this.#server, method, resource, { headers: this.#headers, body });
  }

  /** Posts the envelopes of a step; `change` maps an envelope to those to post instead. */
  async post(step, change = (msg) => [msg]) {
    this.events.push(...step.events);
    for (const { msg } of step.send) {
      for (const changed of change(msg)) await this.postRaw({ msg: changed, sealed: true });
    }
  }

  async postRaw(item) {
    const { status } = await this.#request("POST", "messages.json", [{ _id: newId(), ...item }]);
    if (status !== 202) throw new Error(`POST messages.json returned ${status}`);
  }

  say(text, change) {
    return this.#session.sendText(text).then((step) => this.post(step, change));
  }

  confirmDelivery(ns) {
    return this.#session.sendDelivered(ns).then((step) => this.post(step));
  }

  hintTyping() {
    return this.#session.sendTyping().then((step) => this.post(step));
  }

  start(change) {
    return this.#session.start().then((step) => this.post(step, change));
  }

  /**
   * Receives once, answers, acknowledges.
   * @returns {Promise<boolean>} whether the chat is closed
   */
  async listen(change) {
    const { json: { results } } = await this.#request("GET", "messages.json");
    for (const message of results.messages) {
      if (message.system) continue;
      await this.post(await this.#session.receive(message), change);
    }
    const ids = results.messages.map(({ _id }) => ({ _id }));
    if (ids.length > 0) await this.#request("DELETE", "messages.json", ids);
    return results.status === "closed";
  }

  /** Listens until `isDone` returns true; throws if the chat is closed before. */
  async #listenUntil(isDone, what, change) {
    await bound((async () => {
      while (!isDone()) {
        const isClosed = await this.listen(change);
        if (isClosed && !isDone()) throw new Error(`the chat was closed before ${what}`);
      }
    })(), what);
  }

  /** Listens until the handshake has left this phase. */
  pass(phase) {
    return this.#listenUntil(() => this.state.phase !== phase, `the end of ${phase}`);
  }

  /** Listens until the channel is established. */
  establish(change) {
    return this.#listenUntil(() => this.state.phase === "established", "the handshake", change);
  }

  /** Listens until an event of this type has come, and removes that event. */
  async hear(type) {
    const findEvent = () => this.events.findIndex((event) => event.type === type);
    await this.#listenUntil(() => findEvent() >= 0, `a message of type ${type}`);
    return this.events.splice(findEvent(), 1)[0];
  }

  /** Waits until the chat is closed, without taking any message. */
  waitClosed() {
    return waitFor(async () => {
      const { json } = await this.#request("GET", "messages.json?longPolling=false");
      return json.results.status === "closed";
    }, "the chat is closed");
  }
}
