// SPDX-License-Identifier: BSD-3-Clause
//
// Machines for a test: network namespaces. A virtual cable connects each with
// this machine, so traffic between two of them crosses a network. Each has a name
// server of its own. Needs root.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync,
} from "node:fs";
import net from "node:net";
import path from "node:path";

import { execute, waitPort } from "../lib/children.mjs";
import { killProcess } from "../lib/process.mjs";
import { findPort, root, startServer } from "../lib/server.mjs";
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
  // For the processes of this namespace, ip-netns(8) puts this file over the
  // machine's own.
  mkdirSync(`/etc/netns/${name}`, { recursive: true });
  writeFileSync(`/etc/netns/${name}/resolv.conf`, `nameserver ${hub}\n`);
  ip(`netns add ${name}`);
  context.after(() => {
    crash();
    ip(`netns delete ${name}`);
    rmSync(`/etc/netns/${name}`, { recursive: true });
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
 * Starts the name server of a host. All names are below sfchat.test: redis and
 * mongodb are the host's hub; store has an SRV record with that port of mongodb,
 * shut one with a closed port, and strange one that names a foreign host.
 *
 * @param {{after: Function}} context
 * @param {Host} host
 * @param {number} port
 * @returns {Promise<import("node:child_process").ChildProcess>}
 */
export async function startNames(context, host, port) {
  const srv = (name, target) => `--srv-host=_mongodb._tcp.${name}.sfchat.test,${target}`;
  const child = spawn("dnsmasq", [
    "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root",
    "--no-resolv", "--no-hosts", "--local=/test/", "--bind-interfaces",
    "--except-interface=lo", `--listen-address=${host.hub}`,
    `--address=/redis.sfchat.test/${host.hub}`,
    `--address=/mongodb.sfchat.test/${host.hub}`,
    srv("store", `mongodb.sfchat.test,${port}`), srv("shut", "mongodb.sfchat.test,1"),
    srv("strange", `mongodb.example.org,${port}`),
  ], { stdio: "ignore" });
  context.after(() => child.kill("SIGKILL"));
  await waitPort(53, host.hub);
  return child;
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
 * Starts the one Redis of the site, which all hosts can reach by TLS as
 * redis.sfchat.test. It has the user that docs/SCALING.md describes.
 *
 * @param {{after: Function}} context
 * @param {Host[]} hosts
 * @param {string} password
 * @returns {Promise<{port: number, certificate: string,
 *   countChannels: () => Promise<number>}>}
 *   certificate: the file of the only authority that vouches for this Redis;
 *   countChannels: returns how many channels have a subscriber
 */
export async function startRedis(context, hosts, password) {
  const port = await findPort();
  const folder = mkdtempSync("/dev/shm/sfchat-redis-");
  const certificate = path.join(folder, "ca.pem");
  const key = path.join(folder, "key.pem");
  context.after(() => rmSync(folder, { recursive: true }));
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes",
    "-subj", "/CN=x", "-addext", "subjectAltName=DNS:redis.sfchat.test",
    "-days", "2", "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const [, user] = /^ {4}user (sfchat on >PASSWORD .*)$/m.exec(
    readFileSync(path.join(root, "docs/SCALING.md"), "utf8")) ?? [];
  const child = spawn("redis-server", [
    "--bind", ...hosts.map(({ hub }) => hub), "--port", "0",
    "--tls-port", String(port), "--tls-auth-clients", "no",
    "--tls-cert-file", certificate, "--tls-key-file", key,
    "--user", ...user.replace("PASSWORD", password).split(" "),
    "--requirepass", password, "--save", "", "--loglevel", "warning",
  ], { stdio: "ignore" });
  context.after(() => child.kill("SIGKILL"));
  await waitPort(port, hosts[0].hub);
  return {
    port,
    certificate,
    async countChannels() {
      const { stdout } = await execute("redis-cli",
        ["-h", hosts[0].hub, "-p", String(port), "--tls", "--insecure",
          "PUBSUB", "CHANNELS"], { REDISCLI_AUTH: password });
      return stdout.split("\n").filter(Boolean).length;
    },
  };
}
