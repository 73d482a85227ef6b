// SPDX-License-Identifier: BSD-3-Clause
//
// A Redis and a MongoDB of a test's own. The test can kill each and start it
// again with the data that it had.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";

import { atEnd, execute, waitFor, waitPort } from "./children.mjs";
import { findPort, root } from "./server.mjs";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/** @param {ChildProcess} child */
async function killChild(child) {
  if (!child.kill("SIGKILL")) return;
  await once(child, "close");
}

/**
 * @typedef {object} Redis
 * @property {string} address  for SFCHAT_REDIS
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} kill  by SIGKILL; the data is kept
 * @property {(...words: string[]) => Promise<string>} run  sends one command
 *   and returns the reply
 */

/**
 * @param {{after: Function}} context  of the test whose end ends the Redis
 * @param {string} dir  where Redis keeps its data
 * @returns {Promise<Redis>}
 */
export async function startRedis(context, dir) {
  const socket = path.join(dir, "redis.sock");
  /** @type {ChildProcess} */
  let child;
  /** @param {string[]} words */
  const runCommand = (...words) => execute("redis-cli", ["-s", socket, ...words], {});
  const redis = {
    address: `unix:${socket}`,
    async start() {
      child = spawn("redis-server", [
        "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "",
        "--appendonly", "yes", "--appendfsync", "always",
        "--loglevel", "warning", "--logfile", "redis.log"],
      { stdio: "ignore" });
      child.on("error", (error) => { throw error; });
      child.on("exit", (code, signal) => {
        if (signal === "SIGKILL") return;
        console.error(`redis-server ended by itself: ${code ?? signal}`);
      });
      await waitFor(async () => (await runCommand("ping")).stdout === "PONG\n",
        "redis-server answers");
    },
    kill: () => killChild(child),
    /** @param {string[]} words */
    async run(...words) {
      return (await runCommand(...words)).stdout.trim();
    },
  };
  await redis.start();
  atEnd(context, redis.kill);
  return redis;
}

/**
 * @typedef {object} MongoDB
 * @property {number} port  on this machine
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} kill  by SIGKILL; the data that MongoDB has
 *   acknowledged is kept
 */

/**
 * @param {{after: Function}} context  of the test whose end ends the MongoDB
 * @returns {Promise<MongoDB>}
 */
export async function startMongodb(context) {
  const port = await findPort();
  const folder = await mkdtemp("/dev/shm/sfchat-mongodb-");
  /** @type {ChildProcess} */
  let child;
  const mongodb = {
    port,
    async start() {
      child = spawn(path.join(root, "scripts/test-mongodb"),
        ["serve", String(port), folder, "alone"], { stdio: "ignore" });
      await waitPort(port);
    },
    kill: () => killChild(child),
  };
  await mongodb.start();
  atEnd(context, async () => {
    await mongodb.kill();
    await rm(folder, { recursive: true, force: true });
  });
  return mongodb;
}
