// SPDX-License-Identifier: BSD-3-Clause
//
// Machines for a test: network namespaces. A virtual cable connects each with
// this machine, so traffic between two of them crosses a network. Needs root.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

import { execute, waitPort } from "../lib/children.mjs";
import { killProcess } from "../lib/process.mjs";
import { findPort, startServer } from "../lib/server.mjs";
import { startMongodb } from "../lib/stores.mjs";

/** Runs ip(8). @param {string} words */
function ip(words) {
  return execFileSync("ip", words.split(" "), { encoding: "utf8" });
}

/** Returns whether this machine can have network namespaces. */
export function canHaveHosts() {
  try {
    ip("netns add sfchat-probe");
    ip("netns delete sfchat-probe");
    return true;
  } catch {
    return false;
  }
}

/**
 * @typedef {object} Host
 * @property {string} name
 * @property {string} address  its own address
 * @property {string} hub      the address at which it reaches this machine
 * @property {() => void} crash   kills all its processes at once
 */

/**
 * Makes a host, which is removed when the test ends.
 *
 * @param {import("node:test").TestContext | {after: Function}} context
 * @param {number} number  1 to 200; no other host has it
 * @returns {Host}
 */
export function makeHost(context, number) {
  const name = `sfchat${process.pid}-${number}`;
  const cable = `sf${process.pid}-${number}`;
  const hub = `10.213.${number}.1`;
  const address = `10.213.${number}.2`;
  const crash = () => {
    for (const pid of ip(`netns pids ${name}`).split("\n").filter(Boolean)) {
      killProcess(Number(pid));
    }
  };
  ip(`netns add ${name}`);
  context.after(() => {
    crash();
    ip(`netns delete ${name}`);
  });
  ip(`link add ${cable} type veth peer name eth0 netns ${name}`);
  ip(`address add ${hub}/24 dev ${cable}`);
  ip(`link set ${cable} up`);
  ip(`-n ${name} address add ${address}/24 dev eth0`);
  ip(`-n ${name} link set eth0 up`);
  ip(`-n ${name} link set lo up`);
  return { name, address, hub, crash };
}

/**
 * Starts the product's own server on a host, which makes it a web machine.
 *
 * @param {Host} host
 * @param {Record<string, string>} env
 */
export async function startNode(host, env) {
  const port = await findPort();
  const server = await startServer({
    port, env: { SFCHAT_BIND: host.address, ...env },
    before: ["ip", "netns", "exec", host.name],
  });
  return { ...server, url: `https://${host.address}:${port}` };
}

/**
 * Starts the one store of the site, which all hosts can reach.
 *
 * @param {{after: Function}} context
 * @param {Host[]} hosts
 * @returns {Promise<number>} the store's port
 */
export async function startStore(context, hosts) {
  const { port } = await startMongodb(context);
  // The MongoDB listens at 127.0.0.1 alone: a relay per host leads to it.
  for (const { hub } of hosts) {
    const relay = net.createServer((client) => {
      const store = net.connect(port, "127.0.0.1");
      client.pipe(store).pipe(client);
      client.on("error", () => store.destroy());
      store.on("error", () => client.destroy());
    }).listen(port, hub);
    context.after(() => relay.close());
    await once(relay, "listening");
  }
  return port;
}

/**
 * Starts the one Redis of the site, which all hosts can reach.
 *
 * @param {{after: Function}} context
 * @param {Host[]} hosts
 * @param {string} password
 * @returns {Promise<{port: number, countChannels: () => Promise<number>}>}
 *   countChannels: returns how many channels have a subscriber
 */
export async function startRedis(context, hosts, password) {
  const port = await findPort();
  const child = spawn("redis-server", [
    "--bind", ...hosts.map(({ hub }) => hub), "--port", String(port),
    "--requirepass", password, "--save", "", "--loglevel", "warning",
  ], { stdio: "ignore" });
  context.after(() => child.kill("SIGKILL"));
  await waitPort(port, hosts[0].hub);
  return {
    port,
    async countChannels() {
      const { stdout } = await execute("redis-cli",
        ["-h", hosts[0].hub, "-p", String(port), "PUBSUB", "CHANNELS"],
        { REDISCLI_AUTH: password });
      return stdout.split("\n").filter(Boolean).length;
    },
  };
}
