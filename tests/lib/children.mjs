// SPDX-License-Identifier: BSD-3-Clause
//
// Runs other programs for a test, waits for them, and calls the functions that
// clean up when the test ends.

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * The longest that a wait of these helpers may take. It proves nothing about
 * speed: a wait that reaches it has hung.
 */
export const PATIENCE_MS = 240_000;

const LOOK_AGAIN_MS = 20;

/**
 * Waits until a condition holds; throws if it does not hold within PATIENCE_MS.
 *
 * @template T
 * @param {() => Promise<T>} look  is called until it returns something true
 * @param {string} condition  what is waited for, for the error message
 * @returns {Promise<T>} what `look` returned last
 */
export async function waitFor(look, condition) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > end) throw new Error(`waited in vain: ${condition}`);
    await sleep(LOOK_AGAIN_MS);
  }
}

/**
 * Waits until a server accepts connections at that port.
 *
 * @param {number} port
 * @param {string} [address]
 */
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
  }, `a server accepts connections at port ${port}`);
}

/**
 * Runs a program to its end; kills it if it has not ended within PATIENCE_MS.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @param {string} [input]
 * @returns {Promise<{code: number | null, stdout: string, stderr: string}>
 *   & {log: () => string}}  log: what is on standard error so far
 */
export function execute(file, args, env, input = "") {
  const child = spawn(file, args, {
    env: { PATH: "/usr/bin:/bin", SFCHAT_CONF: "", ...env },
    timeout: PATIENCE_MS, killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => { stderr += text; });
  child.stdin.on("error", () => {}).end(input);
  const ended =
    once(child, "close").then(([code]) => ({ code, stdout, stderr }));
  return Object.assign(ended, { log: () => stderr });
}

/** @type {WeakMap<object, (() => unknown)[]>} */
const ends = new WeakMap();

/**
 * Calls `end` when the test ends. The call registered last is made first, so
 * that a directory is removed after the programs that use it have ended.
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
