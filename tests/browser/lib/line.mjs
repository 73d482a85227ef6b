// SPDX-License-Identifier: BSD-3-Clause
/**
 * A person's line to the network: a proxy of CONNECT on this machine that all
 * their tabs go through. It can be cut, which no browser can tell from a
 * lost network, and it leads to this machine alone: whatever else is asked
 * for is refused and remembered. One name without TLS can be given a server.
 */

import net from "node:net";

const REQUEST = /^CONNECT ([^ ]+):(\d+) HTTP\/1\.[01]\r\n/;
const HERE = ["127.0.0.1", "localhost"];

/** Where a page is that was loaded without TLS, and not from this machine. */
export const INSECURE_URL = "http://insecure.test/";

export async function openLine() {
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  /** @type {string[]} */
  const strangers = [];
  let isCut = false;
  /** @type {number | null} */
  let insecurePort = null;

  /** @param {net.Socket} socket @param {net.Socket} [other] its far end */
  function keep(socket, other) {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      other?.destroy();
    });
  }

  /** @param {net.Socket} near @param {number} port @param {string} [request] */
  function join(near, port, request) {
    const far = net.connect(port, "127.0.0.1", () => {
      if (request) far.write(request);
      else near.write("HTTP/1.1 200 Connected\r\n\r\n");
      near.pipe(far).pipe(near);
    });
    keep(far, near);
    near.on("close", () => far.destroy());
  }

  /** @param {net.Socket} near @param {string} request */
  function connect(near, request) {
    if (insecurePort && request.startsWith(`GET ${INSECURE_URL}`)) {
      join(near, insecurePort, request);
      return;
    }
    const [, host, port] = REQUEST.exec(request) ?? [];
    if (!HERE.includes(host)) {
      strangers.push(host ?? request);
      near.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    join(near, Number(port));
  }

  const server = net.createServer((near) => {
    keep(near);
    if (isCut) near.destroy();
    else near.once("data", (request) => connect(near, request.toString()));
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const { port } = /** @type {net.AddressInfo} */ (server.address());

  /** Breaks every connection there is; new ones are welcome. */
  function drop() {
    for (const socket of sockets) socket.destroy();
  }

  return {
    address: `127.0.0.1:${port}`,
    /** Hosts that somebody wanted to reach and that are not this machine. */
    strangers,
    drop,
    cut() {
      isCut = true;
      drop();
    },
    mend() {
      isCut = false;
    },
    /** @param {number} port of a server on this machine, for INSECURE_URL */
    serveInsecure(port) {
      insecurePort = port;
    },
    close() {
      server.close();
      drop();
    },
  };
}
