// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "Long polling": a poll ends after its client has left, also when the
// client leaves at the worst moment: together with its request, while the
// program is being started, or later, when lighttpd may have stopped reading
// from the connection.

import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";

import { meet } from "../lib/chat.mjs";
import { PATIENCE_MS } from "../lib/children.mjs";
import { waitPolls } from "../lib/process.mjs";
import { front, startServer, traits } from "../lib/server.mjs";

const TARGET = "/api/v1/messages.json";

// lighttpd serves in both ways, another server in one of them.
for (const serve of front === "lighttpd" ? ["cgi", "scgi"] : [front]) {
  describe(`a poll ends after its client has left, served by ${serve}`, () => {
    let server;
    let people;
    before(async () => {
      // With so many looks, no poll ends by itself while the test waits.
      server = await startServer({ env: {
        SFCHAT_SERVE: serve, SFCHAT_POLL_ITERATION: "10000",
      } });
      people = (await Promise.all(
        Array.from({ length: 15 }, () => meet(server)))).flat();
    });
    after(() => server.stop());

    const connect = async () => {
      const socket = tls.connect({
        host: "127.0.0.1", port: server.port, servername: "localhost",
        ca: server.ca,
      });
      await once(socket, "secureConnect");
      return socket.resume();
    };

    const compose = (person) => [
      `GET ${TARGET} HTTP/1.1`, "Host: localhost",
      ...Object.entries(person.headers()).map(
        ([name, value]) => `${name}: ${value}`), "", "",
    ].join("\r\n");

    // One poll after the other, as at a server without load; then a look, which
    // shows that the server still replies.
    const pollAndLeave = async (leave) => {
      for (const [i, person] of people.entries()) await leave(person, i);
      await people[0].look();
      await waitPolls(server, 0);
    };

    it("HTTP/1.1: the client ends its side together with the request", async () => {
      const ends = [];
      await pollAndLeave(async (person) => {
        const socket = await connect();
        // nginx resets the connection.
        ends.push(once(socket, "close", { signal: AbortSignal.timeout(PATIENCE_MS) })
          .catch((error) => assert.equal(error.code, "ECONNRESET")));
        socket.end(compose(person));
      });
      await Promise.all(ends);
    });

    it("HTTP/1.1: the connection breaks up to 30 ms after the request", () =>
      pollAndLeave(async (person, i) => {
        const socket = await connect();
        socket.on("error", () => {}).write(compose(person));
        await sleep(i);
        socket.destroy();
      }));

    it("HTTP/1.1: the connection breaks while the poll sleeps", async () => {
      const sockets = await Promise.all(people.map(async (person) => {
        const socket = await connect();
        socket.on("error", () => {}).write(compose(person));
        return socket;
      }));
      await waitPolls(server, people.length);
      for (const socket of sockets) socket.destroy();
      await waitPolls(server, 0);
    });

    const poll = (session, person) => session.request(
      { ":path": TARGET, ...person.headers() }).on("error", () => {});

    it("HTTP/2: the connection breaks up to 30 ms after the request", () =>
      pollAndLeave(async (person, i) => {
        const session = http2.connect(server.url, { ca: server.ca });
        await once(session, "connect");
        poll(session, person);
        await sleep(i);
        session.destroy();
      }));

    // One poll per connection: the lighttpd of Debian 13 takes many cancelled
    // streams on one connection for an attack.
    const leaving = traits.noticesCancel ? it : () => {};
    leaving("HTTP/2: the poll is cancelled up to 30 ms after the request", () =>
      pollAndLeave(async (person, i) => {
        const session = http2.connect(server.url, { ca: server.ca });
        await once(session, "connect");
        const stream = poll(session, person);
        await sleep(i);
        stream.close(http2.constants.NGHTTP2_CANCEL);
        await sleep(1);
        assert.equal(session.destroyed, false);
        session.destroy();
      }));
  });
}
