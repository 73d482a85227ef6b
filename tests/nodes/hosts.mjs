// SPDX-License-Identifier: BSD-3-Clause
//
// Machines for a test: network namespaces, each joined to this one by a cable
// of its own, so that what passes between them crosses a network. Needs root.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

import { waitPort } from "../lib/children.mjs";
import { kill } from "../lib/process.mjs";
import { findPort, startServer } from "../lib/server.mjs";
import { startMongodb } from "../lib/stores.mjs";

/** @param {string} words */
function ip(words) {
  return execFileSync("ip", words.split(" "), { encoding: "utf8" });
}

/** Whether this machine can have others in it. */
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
 * @property {string} address  its own
 * @property {string} hub      this machine's, as it sees it
 * @property {() => void} crash   ends all that runs on it, as a power cut would
 */

/**
 * @param {import("node:test").TestContext | {after: Function}} context
 *   removes it in the end
 * @param {number} number  1 to 200, its own
 * @returns {Host}
 */
export function makeHost(context, number) {
  const name = `sfchat${process.pid}-${number}`;
  const cable = `sf${process.pid}-${number}`;
  const hub = `10.213.${number}.1`;
  const address = `10.213.${number}.2`;
  const crash = () => {
    for (const pid of ip(`netns pids ${name}`).split("\n").filter(Boolean)) {
      kill(Number(pid));
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
 * A web machine: the product's own server, on a host.
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
 * The one store of the site, reachable from all hosts.
 *
 * @param {{after: Function}} context
 * @param {Host[]} hosts
 * @returns {Promise<number>} its port
 */
export async function startStore(context, hosts) {
  const { port } = await startMongodb(context);
  // The server listens for this machine alone.
  for (const { hub } of hosts) {
    const relay = net.createServer((near) => {
      const far = net.connect(port, "127.0.0.1");
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    }).listen(port, hub);
    context.after(() => relay.close());
    await once(relay, "listening");
  }
  return port;
}

/**
 * The one Redis of the site.
 *
 * @param {{after: Function}} context
 * @param {Host[]} hosts
 * @param {string} password
 * @returns {Promise<number>} its port
 */
export async function startRedis(context, hosts, password) {
  const port = await findPort();
  const child = spawn("redis-server", [
    "--bind", ...hosts.map(({ hub }) => hub), "--port", String(port),
    "--requirepass", password, "--save", "", "--loglevel", "warning",
  ], { stdio: "ignore" });
  context.after(() => child.kill("SIGKILL"));
  await waitPort(port, hosts[0].hub);
  return port;
}
