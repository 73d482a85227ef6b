// SPDX-License-Identifier: BSD-3-Clause
/**
 * The REST interface (PROTOCOL, "REST API"), one function for each request. A
 * request returns its reply or throws an `ApiError`. This module knows nothing
 * of pages and never tries again.
 */

const BASE = "/api/v1/";
const PATIENCE_MS = 20_000;
// Longer than any sensible `SFCHAT_POLL_SLEEP` × `SFCHAT_POLL_ITERATION`: a poll
// without a reply after this time has lost its connection.
const POLL_PATIENCE_MS = 600_000;
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
 */

export class ApiError extends Error {
  /**
   * @param {number} code HTTP status; 0 if there was no reply
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
 * @param {{ user: string, chat: string }} names the names of the headers that
 *   carry the tokens
 */
export function createApi({ chatToken, userToken }, names) {
  const headers = { [names.user]: userToken, [names.chat]: chatToken };

  /** @param {string} method @param {unknown} messages */
  const change = (method, messages) =>
    request("messages.json", { method, headers, body: { messages } });

  return {
    /**
     * @param {boolean} hold whether the server may hold the poll until there is
     *   a message
     * @param {AbortSignal} signal
     * @returns {Promise<Answer>}
     */
    async receive(hold, signal) {
      const answer = await request(`messages.json?longPolling=${hold}`, {
        method: "GET",
        headers,
        signal,
        patience: hold ? POLL_PATIENCE_MS : PATIENCE_MS,
      });
      return { ...readAnswer(answer.results), left: readLeft(answer.headers) };
    },
    /** @param {Item[]} items */
    send: (items) => change("POST", items),
    /** @param {string[]} ids */
    acknowledge: (ids) =>
      change("DELETE", ids.map((_id) => ({ _id }))),
    close: () => request("chat.json", { method: "DELETE", headers, keepalive: true }),
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */

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
    signal.addEventListener("abort", () => controller.abort(signal.reason));
  }
  return controller.signal;
}

/**
 * @param {Response} response
 * @param {string} json
 */
function readResults(response, json) {
  let results;
  try {
    ({ results } = JSON.parse(json));
  } catch {
    // The error page of a proxy is no JSON, but it has a status.
  }
  if (response.ok && results) return results;
  const wait = Number(response.headers.get("Retry-After")) || 0;
  const code = response.ok ? 502 : response.status;
  throw new ApiError(code, results?.detail ?? results?.msg ?? "", wait);
}

/**
 * Checks the reply to a poll. Throws 502 for a malformed reply, so that the
 * poll tries again.
 * @param {any} results
 * @returns {{ status: Status, messages: Message[] }}
 * @throws {ApiError}
 */
function readAnswer({ status, messages }) {
  const isSound = STATUSES.includes(status) && Array.isArray(messages) &&
    messages.every((message) =>
      typeof message?._id === "string" && typeof message.msg === "string");
  if (!isSound) throw new ApiError(502, "");
  return { status, messages };
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
