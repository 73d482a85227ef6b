// SPDX-License-Identifier: BSD-3-Clause
//
// Starts an authority that signs certificates by the protocol ACME: Pebble, which Let's
// Encrypt makes for tests. It looks for proofs at port 80 of this network.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { execute, waitPort } from "../lib/children.mjs";
import { request } from "../lib/server.mjs";

const PORT = 14000;
const MANAGEMENT = 15000;

/** Where a client of the authority begins. */
export const directory = `https://localhost:${PORT}/dir`;

/**
 * @param {string} dir  gets the file authority.pem, the certificate by which a client
 *   knows the authority
 * @returns {Promise<{ca: Buffer, stop: () => Promise<void>}>} ca: what the authority
 *   signs certificates with
 */
export async function startAuthority(dir) {
  const certificate = path.join(dir, "authority.pem");
  const key = path.join(dir, "authority.key");
  await execute("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    "-keyout", key, "-out", certificate,
  ], {});
  const config = path.join(dir, "pebble.json");
  await writeFile(config, JSON.stringify({
    pebble: {
      listenAddress: `127.0.0.1:${PORT}`,
      managementListenAddress: `127.0.0.1:${MANAGEMENT}`,
      certificate, privateKey: key, httpPort: 80, tlsPort: 443,
    },
  }));
  const child = spawn("pebble", ["-config", config], {
    // The authority does not pause, and refuses no request for no reason.
    env: { PATH: process.env.PATH, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
    stdio: "ignore",
  });
  await waitPort(MANAGEMENT);
  const { bytes } = await request(
    { url: `https://localhost:${MANAGEMENT}`, ca: await readFile(certificate) },
    "GET", "/roots/0");
  await writeFile(path.join(dir, "roots.pem"), bytes);
  return {
    ca: bytes,
    async stop() {
      child.kill();
      await once(child, "close");
    },
  };
}
