// SPDX-License-Identifier: BSD-3-Clause
/**
 * The REST interface (PROTOCOL, "REST API"), one function for each request. A
 * request returns its reply or throws an `ApiError`. This module knows nothing
 * of pages and never tries again.
 */

import { BELOW } from "./settings.js";

const BASE = `${BELOW}/api/v1/`;
// A request without a reply after this time has lost its connection.
const PATIENCE_MS = 20_000;
const STATUSES = ["draft", "ready", "closed"];

/**
 * @typedef {{ chatToken: string, userToken: string }} Tokens
 * @typedef {{ _id: string, msg: string, sealed?: boolean }} Item
 * @typedef {Item & { system: boolean, event?: string }} Message
 * @typedef {"draft" | "ready" | "closed"} Status
 * @typedef {object} Answer
 * @property {Status} status
 * @property {Message[]} messages
 * @property {number | null} left milliseconds until the chat expires; null if
 *   the server did not say
 * @property {number} seen minutes since Talker was last there
 */

export class ApiError extends Error {
  /**
   * @param {number} code HTTP status; 0 if there was no reply; 502 if the reply
   *   was not the API's, so that a proxy or a firewall never ends a chat
   * @param {string} message
   * @param {number} [retryAfter] how many seconds the server asks to wait
   */
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether every further request with these tokens would fail as well. */
  get isFinal() {
    return this.code === 401 || this.code === 403;
  }
}

/**
 * Creates a chat.
 * @returns {Promise<Tokens>}
 * @throws {ApiError}
 */
export async function create() {
  const { results } = await request("create.json", { method: "POST" });
  return { chatToken: results.chatToken, userToken: results.userToken };
}

/**
 * Joins a chat. The same request can be sent again, with the same result.
 * @param {string} chatToken
 * @param {string} userToken the joiner's own choice, see `newId()`
 * @returns {Promise<Tokens>}
 * @throws {ApiError}
 */
export async function join(chatToken, userToken) {
  const body = { chatToken, userToken };
  const { results } = await request("join.json", { method: "POST", body });
  return { chatToken, userToken: results.userToken };
}

/**
 * The requests of one participant. Each of them throws `ApiError`.
 * @param {Tokens} tokens
 * @param {import("./settings.js").ApiSettings} settings
 */
export function createApi({ chatToken, userToken }, settings) {
  const { userHeader, chatHeader, away } = settings;
  const headers = { [userHeader]: userToken, [chatHeader]: chatToken };

  return {
    /**
     * @param {number} wait how many seconds the server may hold the poll until
     *   there is a message
     * @param {AbortSignal} signal
     * @returns {Promise<Answer>}
     */
    async receive(wait, signal) {
      const answer = await request(`messages.json?wait=${wait}&away=${away}`, {
        method: "GET",
        headers,
        signal,
        patience: PATIENCE_MS + wait * 1_000,
      });
      return { ...readAnswer(answer.results), left: readLeft(answer.headers) };
    },
    /** @param {Item[]} items */
    send: (items) => request(
      "messages.json", { method: "POST", headers, body: { messages: items } }),
    /** @param {string[]} ids */
    acknowledge: (ids) =>
      remove("messages.json", { headers, body: { messages: ids.map((_id) => ({ _id })) } }),
    close: () => remove("chat.json", { headers, keepalive: true }),
    /**
     * Tells the server that the user has left the page. If the user does not come
     * back, the server gives the user up after the usual time, not after `away`.
     * The request outlives the page.
     */
    leave: () => request("messages.json?wait=0", { method: "GET", headers, keepalive: true }),
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */

/** Whether something between the page and the server lets no DELETE through. */
let isDeleteRefused = false;

/**
 * Sends a DELETE. If the DELETE does not reach the API, sends the same request as
 * a POST that asks the API to treat it as a DELETE.
 * @param {string} resource
 * @param {Omit<Asked, "method">} asked
 */
async function remove(resource, asked) {
  if (!isDeleteRefused) {
    try {
      return await request(resource, { ...asked, method: "DELETE" });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 502) throw error;
    }
  }
  const headers = { ...asked.headers, "X-SFC-Method": "DELETE" };
  const answer = await request(resource, { ...asked, method: "POST", headers });
  isDeleteRefused = true;
  return answer;
}

/**
 * @typedef {object} Asked
 * @property {string} method
 * @property {Record<string, string>} [headers]
 * @property {unknown} [body]
 * @property {AbortSignal} [signal]
 * @property {number} [patience]
 * @property {boolean} [keepalive]
 *
 * @param {string} resource
 * @param {Asked} asked
 * @returns {Promise<{ results: any, headers: Headers }>}
 */
async function request(resource, asked) {
  const { method, headers, body, signal, keepalive = false } = asked;
  const patience = AbortSignal.timeout(asked.patience ?? PATIENCE_MS);
  let response;
  let json;
  try {
    response = await fetch(BASE + resource, {
      method,
      headers: body ? { ...headers, "Content-Type": "application/json" } : headers,
      body: body ? JSON.stringify({ data: body }) : undefined,
      signal: signal ? anyOf(patience, signal) : patience,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      keepalive,
    });
    json = await response.text();
  } catch (error) {
    throw new ApiError(0, String(error));
  }
  return { results: readResults(response, json), headers: response.headers };
}

/**
 * Does what `AbortSignal.any()` does. WebKit 2.50 collects the signal of
 * `AbortSignal.any()` as garbage while it is in use; listeners are kept.
 * @param {AbortSignal[]} signals
 */
function anyOf(...signals) {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener("abort", () => controller.abort(signal.reason));
  }
  return controller.signal;
}

/**
 * @param {Response} response
 * @param {string} json
 * @throws {ApiError} with code 502, if this is not a reply of the API
 */
function readResults(response, json) {
  let results;
  try {
    ({ results } = JSON.parse(json));
  } catch {
    // The page of a proxy, a firewall or a captive portal.
  }
  if (results?.code !== response.status) {
    throw new ApiError(502, `HTTP ${response.status}`);
  }
  if (response.ok) return results;
  const wait = Number(response.headers.get("Retry-After")) || 0;
  throw new ApiError(response.status, results.detail ?? results.msg ?? "", wait);
}

/**
 * Checks the reply to a poll. Throws 502 for a malformed reply, so that the
 * poll tries again.
 * @param {any} results
 * @returns {{ status: Status, messages: Message[], seen: number }}
 * @throws {ApiError}
 */
function readAnswer({ status, messages, seen = 0 }) {
  const isSound = STATUSES.includes(status) && Array.isArray(messages) &&
    messages.every((message) =>
      typeof message?._id === "string" && typeof message.msg === "string");
  if (!isSound) throw new ApiError(502, "HTTP 200");
  return { status, messages, seen: Number(seen) };
}

/**
 * How long the chat has left by the server's clock, as the clock of this device
 * may be wrong.
 * @param {Headers} headers
 * @returns {number | null} milliseconds
 */
function readLeft(headers) {
  const left = Date.parse(headers.get("Sunset") ?? "") -
    Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(left) ? null : left;
}
