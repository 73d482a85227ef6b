// SPDX-License-Identifier: BSD-3-Clause
//
// Runs one of the programs directly, as any CGI/1.1 server would: an
// environment, a body on standard input, an answer on standard output. Reads
// the answer as strictly as RFC 3875 (section 6) allows.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

import { build, storeKind } from "./server.mjs";

/** No program may take longer than this, whatever it is given. */
export const PATIENCE_MS = 20000;

/** @returns {string} where the program is */
export function locate(program) {
  return path.join(build, storeKind, "cgi-bin", program);
}

/**
 * @param {string} text  what a program wrote
 * @returns {{status: number, headers: Record<string, string>, body: string}}
 */
export function parseAnswer(text) {
  const end = text.indexOf("\r\n\r\n");
  assert.ok(end > 0, `no header: ${JSON.stringify(text.slice(0, 200))}`);
  const headers = {};
  for (const line of text.slice(0, end).split("\r\n")) {
    const [, name, value] = /^([A-Za-z-]+): ([\x20-\x7e]+)$/.exec(line) ??
      assert.fail(`a bad header line: ${JSON.stringify(line)}`);
    assert.ok(!(name.toLowerCase() in headers), `${name} stands there twice`);
    headers[name.toLowerCase()] = value;
  }
  const body = text.slice(end + 4);
  assert.match(headers.status, /^\d{3} \S/);
  assert.equal(headers["content-length"], String(Buffer.byteLength(body)));
  return { status: Number(headers.status.slice(0, 3)), headers, body };
}

/**
 * @param {string} program
 * @param {object} [options]
 * @param {Record<string, string>} [options.env]  all that it gets
 * @param {string | Buffer} [options.body]
 * @param {boolean} [options.open]  the input stays open behind the body
 * @returns {Promise<{status: number, headers: Record<string, string>,
 *   json: any, stderr: string, milliseconds: number}>}
 */
export async function runProgram(program, { env = {}, body, open } = {}) {
  const start = Date.now();
  const child = spawn(locate(program), { env });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => { stderr += text; });
  // A program need not read what it does not want.
  child.stdin.on("error", () => {});
  if (body !== undefined) child.stdin.write(body);
  if (!open) child.stdin.end();
  const [code, signal] = await once(child, "close");
  clearTimeout(timer);
  child.stdin.destroy();
  assert.equal(signal, null, `ended by ${signal}: ${stderr}`);
  assert.equal(code, 0, stderr);
  const answer = parseAnswer(stdout);
  assert.equal(
    answer.headers["content-type"], "application/json; charset=utf-8");
  assert.equal(answer.headers["cache-control"], "no-store");
  const json = JSON.parse(answer.body);
  assert.equal(json.results.code, answer.status);
  return { ...answer, json, stderr, milliseconds: Date.now() - start };
}
