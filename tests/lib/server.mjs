// SPDX-License-Identifier: BSD-3-Clause
//
// Starts the product for a test: scripts/run with the web server and the
// programs as built, at a port and in a runtime directory of the test's own.
// Sends requests by HTTP/1.1 or HTTP/2 over TLS, and checks the server's certificate,
// or by HTTP/1.1 without TLS. Must not know what the replies mean.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { PATIENCE_MS } from "./children.mjs";
import { fronts, startFront } from "./fronts.mjs";

/** The top of the source tree. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The folder with everything that is built: SFCHAT_BUILD, or build/. */
export const build = path.resolve(root, process.env.SFCHAT_BUILD || "build");

/** The store that the programs under test are linked with. */
export const storeKind = process.env.SFCHAT_STORE_KIND || "lmdb";

/** How the programs are served: cgi or scgi, from SFCHAT_SERVE. */
export const serve = process.env.SFCHAT_SERVE || "cgi";

/** The web server: "lighttpd", or the name of another one from SFCHAT_FRONT. */
export const front = process.env.SFCHAT_FRONT || "lighttpd";

/** How that web server differs from the others. */
export const { traits } = fronts[front] ?? {
  traits: { name: undefined, encodings: ["br", "gzip"], noticesCancel: true },
};

/** The ports that findPort() has returned. */
const found = new Set();

/**
 * @returns {Promise<number>} a port that no process uses at this moment, and that this
 *   function has not returned before
 */
export async function findPort() {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = /** @type {net.AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, "close");
  if (found.has(port)) return findPort();
  found.add(port);
  return port;
}

/**
 * Starts scripts/run and waits until the site answers or the script has ended.
 *
 * @param {Record<string, string>} env  settings, all SFCHAT_*
 * @param {import("node:child_process").SpawnOptions & {before?: string[],
 *   command?: string[]}} [options]  before: the words of a command that starts
 *   the script, put before its path; command: is started instead of the script
 * @returns {Promise<{child: import('node:child_process').ChildProcess,
 *   ready: boolean, output: () => string}>} ready: the site answers; output:
 *   all that the script has written so far
 */
export async function spawnRun(env, {
  before = [], command = [path.join(root, "scripts/run")], ...options
} = {}) {
  const [file, ...words] = [...before, ...command];
  const child = spawn(file, words, {
    env: {
      PATH: process.env.PATH, SFCHAT_CONF: "", SFCHAT_BUILD: build,
      SFCHAT_STORE_KIND: storeKind, SFCHAT_SERVE: serve,
      ...(process.getuid?.() === 0 && !options.uid ? { SFCHAT_USER: "root" } : {}),
      ...(storeKind === "lmdb" ? {} : { SFCHAT_STORE: process.env.SFCHAT_STORE }),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"], ...options,
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text) => { output += text; });
  const lines = createInterface(child.stdout);
  const ready = await new Promise((resolve) => {
    lines.on("line", (line) => {
      output += `${line}\n`;
      if (line.startsWith("SFChat is at ")) resolve(true);
    });
    child.on("close", () => resolve(false));
  });
  return { child, ready, output: () => output };
}

/**
 * @typedef {object} Server
 * @property {string} url       without a slash at its end
 * @property {number} port
 * @property {string} dir       the runtime directory
 * @property {Record<string, string>} env  the settings that it was started with
 * @property {Buffer} ca        the certificate to trust
 * @property {number} pid       of scripts/run
 * @property {() => string} log all that lighttpd and the programs have logged
 * @property {() => Promise<void>} stop  ends it and removes the directory
 */

/**
 * @param {{env?: Record<string, string>, port?: number, before?: string[]}}
 *   [options]  before as in spawnRun()
 * @returns {Promise<Server>} a server that answers
 */
export function startServer(options = {}) {
  return front === "lighttpd" ? startLighttpd(options) : startOther(options.env);
}

/** The same as startServer(), whatever SFCHAT_FRONT says. */
export async function startLighttpd({ env = {}, port, before } = {}) {
  port ??= await findPort();
  const dir = await mkdtemp("/dev/shm/sfchat-test-");
  // Tests create more chats than the limit lets one person create.
  const settings = {
    SFCHAT_CREATE_LIMIT: "0", SFCHAT_PORT: String(port),
    SFCHAT_RUNTIME_DIR: dir, ...env,
  };
  const { child, ready, output } = await spawnRun(settings, { before });
  const kill = () => child.kill("SIGTERM");
  process.on("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    kill();
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, "close");
    }
    await rm(dir, { recursive: true, force: true });
  };
  if (!ready) {
    await stop();
    throw new Error(`scripts/run did not start:\n${output()}`);
  }
  return {
    url: `https://localhost:${port}`, port, dir, env: settings,
    ca: await readFile(
      settings.SFCHAT_CERT || path.join(settings.SFCHAT_BUILD ?? build, "localhost.pem")),
    pid: /** @type {number} */ (child.pid), log: output, stop,
  };
}

/**
 * Starts the web server that SFCHAT_FRONT names, as docs/hosting says.
 *
 * @param {Record<string, string>} [env]
 * @param {string} [name]  of the web server
 * @returns {Promise<Server>}
 */
export async function startOther(env = {}, name = front) {
  const port = await findPort();
  const dir = await mkdtemp("/dev/shm/sfchat-test-");
  const url = `https://localhost:${port}${fronts[name].below ?? ""}`;
  const settings = {
    PATH: process.env.PATH, SFCHAT_CONF: "", SFCHAT_CREATE_LIMIT: "0",
    SFCHAT_RUNTIME_DIR: dir, ...env,
  };
  const ready = (ca) => request({ url, ca }, "OPTIONS", "/api/v1/create.json").then(
    ({ status }) => status === 501, () => false);
  const { stop, ...server } =
    await startFront(name, {
      root, build, port, behind: await findPort(), dir, env: settings, ready,
    });
  return {
    ...server, url, port, dir, env: settings,
    stop: async () => {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, string>} headers  names in lower case
 * @property {Buffer} bytes  the body as received, perhaps compressed
 * @property {string} body
 * @property {any} json  the body, parsed if it is JSON
 */

/**
 * Sends one request, on a connection of its own, and returns the reply. Throws
 * if the connection is silent for PATIENCE_MS.
 *
 * @param {Pick<Server, 'url' | 'ca'> & {socketPath?: string}} server  socketPath: a
 *   Unix socket to connect to, by HTTP/1.1
 * @param {string} method
 * @param {string} target  path and query, sent unchanged after the path of the URL
 * @param {{headers?: Record<string, string>, body?: string | Buffer | object,
 *   h2?: boolean, length?: false, signal?: AbortSignal}} [options]  an object as body
 *   is sent as JSON; without a length, the body is sent in chunks; a signal closes the
 *   connection
 * @returns {Promise<Answer>}
 */
export async function request(server, method, target, options = {}) {
  const headers = { ...options.headers };
  let { body } = options;
  if (body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body)) {
    body = JSON.stringify(body);
    headers["content-type"] ??= "application/json";
  }
  if (options.length === false) {
    if (!options.h2) headers["transfer-encoding"] = "chunked";
  } else if (body !== undefined || method === "POST") {
    headers["content-length"] ??= String(Buffer.byteLength(body ?? ""));
  }
  const send = options.h2 ? requestHttp2 : requestHttp1;
  const { status, headers: got, chunks } =
    await send(server, method, target, headers, body, options.signal);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString();
  const isJson = String(got["content-type"]).startsWith("application/json");
  return {
    status, headers: got, bytes, body: text,
    json: isJson && text ? JSON.parse(text) : undefined,
  };
}

async function requestHttp1(server, method, target, headers, body, signal) {
  const { protocol, hostname, port, pathname } = new URL(server.url);
  const host = hostname.replace(/[[\]]/g, "");
  const { request: send } = protocol === "https:" ? https : http;
  const req = send({
    hostname: host, port, method, headers, ca: server.ca,
    socketPath: server.socketPath,
    path: pathname.replace(/\/$/, "") + target,
    servername: net.isIP(host) ? "localhost" : host, agent: false, signal,
  });
  req.setTimeout(PATIENCE_MS, () => req.destroy(new Error("no reply comes")));
  req.end(body);
  const [res] = await once(req, "response");
  return {
    status: res.statusCode, headers: res.headers, chunks: await collect(res),
  };
}

async function requestHttp2(server, method, target, headers, body, signal) {
  const { origin, pathname } = new URL(server.url);
  const session = http2.connect(origin, { ca: server.ca });
  const abort = () => session.destroy(new Error("aborted"));
  signal?.addEventListener("abort", abort);
  try {
    const stream = session.request(
      { ":method": method, ":path": pathname.replace(/\/$/, "") + target, ...headers },
      { endStream: body === undefined });
    session.on("error", (error) => stream.destroy(error));
    stream.setTimeout(
      PATIENCE_MS, () => session.destroy(new Error("no reply comes")));
    if (body !== undefined) stream.end(body);
    const [got] = await once(stream, "response");
    return {
      status: got[":status"], headers: got, chunks: await collect(stream),
    };
  } finally {
    signal?.removeEventListener("abort", abort);
    session.destroy();
  }
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/**
 * Sends one request to the API, version 1, and returns the reply.
 *
 * @param {Pick<Server, 'url' | 'ca'>} server
 * @param {string} method
 * @param {string} resource  such as "messages.json?longPolling=false"
 * @param {Parameters<typeof request>[3]} [options]
 */
export function api(server, method, resource, options) {
  return request(server, method, `/api/v1/${resource}`, options);
}
