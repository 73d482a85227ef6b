// SPDX-License-Identifier: BSD-3-Clause
/**
 * The REST interface (PROTOCOL §3), one function per request. Knows nothing
 * of pages or retries: a request either answers or throws an ApiError.
 */

const BASE = "/api/v1/";
const PATIENCE_MS = 20_000;
// Longer than any sensible sleep × iteration: only a dead line lasts so long.
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
 * @property {number | null} left milliseconds until the chat expires, if told
 */

export class ApiError extends Error {
  /**
   * @param {number} code HTTP status; 0 when there was no answer
   * @param {string} message
   * @param {number} [retryAfter] seconds the server asks to wait
   */
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** The tokens open nothing any more: there is no point in going on. */
  get isFinal() {
    return this.code === 401 || this.code === 403;
  }
}

/** @returns {Promise<Tokens>} */
export async function create() {
  const { results } = await request("create.json", { method: "POST" });
  return { chatToken: results.chatToken, userToken: results.userToken };
}

/**
 * @param {string} chatToken
 * @param {string} userToken chosen here: with the same one it may be repeated
 * @returns {Promise<Tokens>}
 */
export async function join(chatToken, userToken) {
  const body = { chatToken, userToken };
  const { results } = await request("join.json", { method: "POST", body });
  return { chatToken, userToken: results.userToken };
}

/**
 * The requests of one participant.
 * @param {Tokens} tokens
 * @param {{ user: string, chat: string }} names of the headers they travel in
 */
export function createApi({ chatToken, userToken }, names) {
  const headers = { [names.user]: userToken, [names.chat]: chatToken };

  /** @param {string} method @param {unknown} messages */
  const change = (method, messages) =>
    request("messages.json", { method, headers, body: { messages } });

  return {
    /**
     * @param {boolean} hold whether the server may wait for something to say
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
 * As AbortSignal.any, which WebKit 2.50 loses when it collects garbage: who
 * listens is kept.
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
    // A proxy's own error page: what counts is its status.
  }
  if (response.ok && results) return results;
  const wait = Number(response.headers.get("Retry-After")) || 0;
  const code = response.ok ? 502 : response.status;
  throw new ApiError(code, results?.detail ?? results?.msg ?? "", wait);
}

/**
 * What is no answer, whoever made it up, is worth another try.
 * @param {any} results
 * @returns {{ status: Status, messages: Message[] }}
 */
function readAnswer({ status, messages }) {
  const isSound = STATUSES.includes(status) && Array.isArray(messages) &&
    messages.every((message) =>
      typeof message?._id === "string" && typeof message.msg === "string");
  if (!isSound) throw new ApiError(502, "");
  return { status, messages };
}

/**
 * By the server's clock, as this device's may be wrong.
 * @param {Headers} headers
 */
function readLeft(headers) {
  const left = Date.parse(headers.get("Sunset") ?? "") -
    Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(left) ? null : left;
}
