// SPDX-License-Identifier: BSD-3-Clause
//
// Runs other programs for a test, waits for them, and ends them with it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @param {() => Promise<any>} look  until it returns something true
 * @param {string} what  that is waited for
 * @returns {Promise<any>} what it returned
 */
export async function waitFor(look, what, seconds = 90) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}

/** @param {number} port @param {string} [address] */
export function waitPort(port, address = "127.0.0.1") {
  return waitFor(async () => {
    const socket = net.connect(port, address);
    try {
      await once(socket, "connect");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }, `somebody listens at port ${port}`);
}

/**
 * @param {string} file
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {string} [input]
 * @returns {Promise<{code: number | null, stdout: string, stderr: string}>}
 */
export async function execute(file, args, env, input = "") {
  const child = spawn(file, args, { env: { PATH: "/usr/bin:/bin", ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => { stderr += text; });
  child.stdin.on("error", () => {}).end(input);
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** @type {WeakMap<object, (() => unknown)[]>} */
const ends = new WeakMap();

/**
 * What is begun last is ended first: a directory goes after those who use it.
 *
 * @param {{after: Function}} context  of a test
 * @param {() => unknown} end
 */
export function atEnd(context, end) {
  const stack = ends.get(context) ?? [];
  if (stack.length === 0) {
    ends.set(context, stack);
    context.after(async () => {
      while (stack.length > 0) await stack.pop()?.();
    });
  }
  stack.push(end);
}
