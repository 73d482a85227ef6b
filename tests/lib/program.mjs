// SPDX-License-Identifier: BSD-3-Clause
//
// Runs one of the programs directly, as any CGI/1.1 server would: an
// environment, a body on standard input, a reply on standard output. Reads
// the reply as strictly as RFC 3875, section 6, allows.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { PATIENCE_MS } from "./children.mjs";
import { build, storeKind } from "./server.mjs";

/** @returns {string} the path of a program of the API */
export function locateProgram(program) {
  return path.join(build, storeKind, "cgi-bin", program);
}

/**
 * @param {string} text  what a program wrote
 * @returns {{status: number, headers: Record<string, string>, body: string}}
 */
export function parseHead(text) {
  const end = text.indexOf("\r\n\r\n");
  assert.ok(end > 0, `no header: ${JSON.stringify(text.slice(0, 200))}`);
  const headers = {};
  for (const line of text.slice(0, end).split("\r\n")) {
    const [, name, value] = /^([A-Za-z-]+): ([\x20-\x7e]+)$/.exec(line) ??
      assert.fail(`a malformed header line: ${JSON.stringify(line)}`);
    assert.ok(!(name.toLowerCase() in headers), `two headers are named ${name}`);
    headers[name.toLowerCase()] = value;
  }
  assert.match(headers.status, /^\d{3} \S/);
  return {
    status: Number(headers.status.slice(0, 3)), headers, body: text.slice(end + 4),
  };
}

/**
 * The same, for a reply with a body.
 *
 * @param {string} text
 */
export function parseReply(text) {
  const reply = parseHead(text);
  assert.equal(
    reply.headers["content-length"], String(Buffer.byteLength(reply.body)));
  return reply;
}

/**
 * Starts a program that is killed if it has not ended within PATIENCE_MS, and that reads
 * no file of settings unless its environment names one.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 */
export function startProgram(file, args, options) {
  return spawn(file, args,
    {
      ...options, timeout: PATIENCE_MS, killSignal: "SIGKILL",
      env: { SFCHAT_CONF: "", ...options.env },
    });
}

/**
 * Runs a program of the API and checks that it ends by itself, with a reply of
 * the right form.
 *
 * @param {string} program
 * @param {object} [options]
 * @param {Record<string, string>} [options.env]  its whole environment
 * @param {string | Buffer} [options.body]
 * @param {boolean} [options.keepInputOpen]  the program sees no end of its
 *   input behind the body
 * @returns {Promise<{status: number, headers: Record<string, string>,
 *   json: any, stderr: string}>}
 */
export async function runProgram(
  program, { env = {}, body, keepInputOpen } = {}) {
  const child = startProgram(locateProgram(program), [], { env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => { stderr += text; });
  // A program may end without having read its whole input.
  child.stdin.on("error", () => {});
  if (body !== undefined) child.stdin.write(body);
  if (!keepInputOpen) child.stdin.end();
  const [code, signal] = await once(child, "close");
  child.stdin.destroy();
  assert.equal(signal, null, `ended by ${signal}: ${stderr}`);
  assert.equal(code, 0, stderr);
  if (env.REQUEST_METHOD === "HEAD") {
    const reply = parseHead(stdout);
    assert.equal(reply.body, "");
    return { ...reply, json: undefined, stderr };
  }
  const reply = parseReply(stdout);
  assert.equal(
    reply.headers["content-type"], "application/json; charset=utf-8");
  assert.equal(reply.headers["cache-control"], "no-store");
  const json = JSON.parse(reply.body);
  assert.equal(json.results.code, reply.status);
  return { ...reply, json, stderr };
}
