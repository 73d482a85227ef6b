// SPDX-License-Identifier: BSD-3-Clause
//
// A Redis and a MongoDB of a test's own, to be killed and started again where
// they were.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";

import { atEnd, execute, waitFor, waitPort } from "./children.mjs";
import { findPort, root } from "./server.mjs";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/** As kill -9. @param {ChildProcess} child */
async function kill(child) {
  if (!child.kill("SIGKILL")) return;
  await once(child, "close");
}

/**
 * @typedef {object} Redis
 * @property {string} address  for SFCHAT_REDIS
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} kill  as kill -9; what it knew is kept
 * @property {(...words: string[]) => Promise<string>} run  one command
 */

/**
 * @param {{after: Function}} context  ends it in the end
 * @param {string} dir  where it keeps what it knows
 * @returns {Promise<Redis>}
 */
export async function startRedis(context, dir) {
  const socket = path.join(dir, "redis.sock");
  /** @type {ChildProcess} */
  let child;
  /** @param {string[]} words */
  const ask = (...words) => execute("redis-cli", ["-s", socket, ...words], {});
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
      await waitFor(async () => (await ask("ping")).stdout === "PONG\n",
        "redis-server answers");
    },
    kill: () => kill(child),
    /** @param {string[]} words */
    async run(...words) {
      return (await ask(...words)).stdout.trim();
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
 * @property {() => Promise<void>} kill  as kill -9; what it has acknowledged
 *   is kept
 */

/**
 * @param {{after: Function}} context  ends it in the end
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
        ["serve", String(port), folder], { stdio: "ignore" });
      await waitPort(port);
    },
    kill: () => kill(child),
  };
  await mongodb.start();
  atEnd(context, async () => {
    await mongodb.kill();
    await rm(folder, { recursive: true, force: true });
  });
  return mongodb;
}
