// SPDX-License-Identifier: BSD-3-Clause
/**
 * A person's line to the network: a CONNECT proxy on this machine, which all
 * tabs of the person go through. A browser cannot tell a line that is cut from
 * a lost network. The line leads to this machine alone; it refuses any other
 * host and remembers its name. INSECURE_URL can be given a server without TLS.
 */

import net from "node:net";

const REQUEST = /^CONNECT ([^ ]+):(\d+) HTTP\/1\.[01]\r\n/;
const HERE = ["127.0.0.1", "localhost"];

/** An address that is not of this machine, reached without TLS. */
export const INSECURE_URL = "http://insecure.test/";

export async function openLine() {
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  /** @type {string[]} */
  const strangers = [];
  let isCut = false;
  /** @type {number | null} */
  let insecurePort = null;

  /**
   * Keeps a socket until it closes.
   * @param {net.Socket} socket
   * @param {net.Socket} [other] the far end, which closes with it
   */
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

  /** Breaks every open connection. New connections are accepted. */
  function drop() {
    for (const socket of sockets) socket.destroy();
  }

  return {
    address: `127.0.0.1:${port}`,
    /** Hosts other than this machine that the browser asked for. */
    strangers,
    drop,
    /** Breaks every open connection and refuses new ones. */
    cut() {
      isCut = true;
      drop();
    },
    /** Accepts connections again. */
    mend() {
      isCut = false;
    },
    /** @param {number} port of the server for INSECURE_URL, on this machine */
    serveInsecure(port) {
      insecurePort = port;
    },
    close() {
      server.close();
      drop();
    },
  };
}
