// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "Long polling": a poll is gone within 5 s after its client, also
// where the client leaves at the worst moment: together with its request, or
// while the program is being started, or after a pause, when the server may
// have stopped to listen to it.

import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";

import { meet } from "../lib/chat.mjs";
import { waitPrograms } from "../lib/process.mjs";
import { startServer } from "../lib/server.mjs";

const TARGET = "/api/v1/messages.json";
const GONE_MS = 5000;

for (const serve of ["cgi", "scgi"]) {
  describe(`polls whose clients leave early, by ${serve}`, () => {
    let server;
    let people;
    before(async () => {
      server = await startServer({ env: { SFCHAT_SERVE: serve } });
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

    // Polls one after the other, as a server without load gets them.
    const each = async (leave) => {
      for (const [i, person] of people.entries()) await leave(person, i);
      await people[0].look();
      await waitPrograms(server, 0);
    };

    it("HTTP/1.1: the end comes with the request", async () => {
      const ends = [];
      await each(async (person) => {
        const socket = await connect();
        ends.push(once(
          socket, "close", { signal: AbortSignal.timeout(2 * GONE_MS) }));
        socket.end(compose(person));
      });
      await Promise.all(ends);
    });

    it("HTTP/1.1: the connection breaks at any moment", () =>
      each(async (person, i) => {
        const socket = await connect();
        socket.on("error", () => {}).write(compose(person));
        await sleep(i);
        socket.destroy();
      }));

    it("HTTP/1.1: the connection breaks later", async () => {
      const sockets = await Promise.all(people.map(async (person) => {
        const socket = await connect();
        socket.on("error", () => {}).write(compose(person));
        return socket;
      }));
      await waitPrograms(server, people.length, 4 * GONE_MS);
      for (const socket of sockets) socket.destroy();
      await waitPrograms(server, 0);
    });

    const poll = (session, person) => session.request(
      { ":path": TARGET, ...person.headers() }).on("error", () => {});

    it("HTTP/2: the connection breaks at any moment", () =>
      each(async (person, i) => {
        const session = http2.connect(server.url, { ca: server.ca });
        await once(session, "connect");
        poll(session, person);
        await sleep(i);
        session.destroy();
      }));

    // One to a connection: lighttpd of Debian 13 takes many for an attack.
    it("HTTP/2: the poll is cancelled at any moment", () =>
      each(async (person, i) => {
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
