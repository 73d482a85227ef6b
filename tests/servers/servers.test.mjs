// SPDX-License-Identifier: BSD-3-Clause
// Each web server of docs/hosting serves a whole chat, sends the headers that lighttpd
// sends, loses no reply, notices a client that leaves, and logs nothing secret.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import http2 from "node:http2";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { create, join, meet, texts } from "../lib/chat.mjs";
import { waitFor } from "../lib/children.mjs";
import { waitPolls } from "../lib/process.mjs";
import { fronts } from "../lib/fronts.mjs";
import { api, build, front, request, startLighttpd, startOther } from "../lib/server.mjs";

// "Vary" and "Server" may differ.
const HEADERS = [
  "allow", "cache-control", "content-security-policy", "content-type",
  "cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy",
  "referrer-policy", "retry-after", "strict-transport-security", "sunset",
  "www-authenticate", "x-content-type-options",
];
const TARGETS = [
  ["GET", "/"], ["GET", "/chat"], ["HEAD", "/faq"], ["GET", "/robots.txt"],
  ["GET", "/favicon.ico"], ["GET", "/es/"], ["GET", "/en/faq"], ["GET", "/fr/faq"],
  ["GET", "/nothing"], ["GET", "/index.html"],
  ["GET", "/%23j=CODE.SECRET"], ["GET", "/api/"], ["GET", "/api/v1/nothing.json"],
  ["GET", "/api/v2/chat.json"], ["PUT", "/api/v1/chat.json"],
  ["GET", "/api/v1/messages.json"], ["GET", "/api/v1/health.json"],
  ...readdirSync(path.join(build, "html/js")).map((name) => ["GET", `/js/${name}`]),
];

/** Returns a reply as far as it has to be the same by every server. */
const pick = ({ status, headers, body }, below) => ({
  status, ...Object.fromEntries(HEADERS.map((name) => [name, headers[name]])),
  // The text of a redirect is each server's own, and an error page names the path of
  // the site.
  ...(status === 302
    ? { "content-type": "" } : { body: body.trim().replaceAll(`="${below}/`, '="/') }),
});

describe("web servers", () => {
  let reference;
  before(async () => {
    reference = await startLighttpd(
      { env: { SFCHAT_PUBLIC_URL: "https://chat.example.org" } });
  });
  after(() => reference.stop());

  it("lighttpd takes a body without Content-Length, by HTTP/2 if it is new", async () => {
    for (const h2 of [false, true]) {
      const { chat } = await create(reference);
      const body = { data: { chatToken: chat } };
      const { status } = await api(reference, "POST", "join.json", { body, h2, length: false });
      assert.ok(status === 201 || (h2 && status === 411), `${status}`);
    }
  });

  const names = Object.keys(fronts).filter((name) => front === "lighttpd" || front === name);
  for (const name of names) {
    const { serve, below = "", socket } = fronts[name];
    describe(name, () => {
      let server;
      before(async () => {
        server = await startOther({ SFCHAT_POLL_ITERATION: "10000" }, name);
      });
      after(() => server.stop());

      it("two participants talk from create to close", async () => {
        const [alice, bob] = await meet(server);
        for (const h2 of [false, true]) {
          alice.h2 = bob.h2 = h2;
          const poll = bob.poll();
          await waitPolls(server, 1);
          await alice.send("Hi");
          assert.deepEqual(texts(await poll), ["Hi"]);
          await bob.drain();
        }
        const poll = bob.poll();
        await waitPolls(server, 1);
        assert.equal((await alice.close()).status, 202);
        assert.equal((await poll).json.results.status, "closed");
      });

      it("pages and replies have the headers that lighttpd sends", async () => {
        for (const [method, target] of TARGETS) {
          for (const [h2, language] of [[false, "de"], [true, "en"]]) {
            const options = { h2, headers: { "accept-language": language } };
            const [got, expected] = await Promise.all([server, reference].map(
              (site) => request(site, method, target, options)));
            assert.deepEqual(pick(got, below), pick(expected, ""), `${method} ${target}`);
          }
        }
      });

      it("405 names the methods that a page allows", async () => {
        for (const [method, target] of [
          ["POST", "/"], ["PUT", "/de/"], ["DELETE", "/nothing"], ["PATCH", "/robots.txt"],
          ["OPTIONS", "/faq"], ["POST", "/favicon.ico"],
          // Below a path nginx itself refuses TRACE.
          ...(below ? [] : [["TRACE", "/"]]),
        ]) {
          for (const h2 of [false, true]) {
            const { status, headers } = await request(server, method, target, { h2 });
            assert.deepEqual([status, headers.allow], [405, "GET, HEAD"], `${method} ${target}`);
          }
        }
      });

      it("a body without Content-Length is taken, or refused with 411 by Apache", async () => {
        for (const h2 of [false, true]) {
          const { chat } = await create(server);
          const body = { data: { chatToken: chat } };
          const { status } = await api(server, "POST", "join.json", { body, h2, length: false });
          assert.equal(status, name.startsWith("apache") ? 411 : 201);
        }
      });

      // The programs refuse the second and the third one before they read the body.
      for (const [what, resource, body, status] of [
        ["that the program does not need", "create.json", "{}", 201],
        ["over 64 KiB", "join.json", "x".repeat(70_000), 413],
        ["over 256 KiB", "join.json", "x".repeat(300_000), 413],
      ]) {
        it(`a body ${what} loses no reply`, async () => {
          const count = status === 201 ? 70 : 10;
          const replies = await Promise.all(Array.from({ length: count }, () =>
            api(server, "POST", resource,
              { body, headers: { "content-type": "application/json" } })));
          for (const reply of replies) {
            assert.equal(reply.status, status);
            // Below a path nginx replies with its own page.
            if (status === 413 && below && !reply.json) continue;
            assert.equal(reply.json.results.code, status);
          }
        });
      }

      // lighttpd does not watch a Unix socket while it waits for a program.
      (socket ? () => {} : it)("polls end after their clients have left", async () => {
        const [alice, bob] = await meet(server);
        const leave = new AbortController();
        const poll = alice.poll(leave.signal);
        const session = http2.connect(server.url, { ca: server.ca });
        await once(session, "connect");
        session.request({ ":path": `${below}/api/v1/messages.json`, ...bob.headers() })
          .on("error", () => {});
        await waitPolls(server, 2);
        leave.abort();
        await assert.rejects(poll);
        session.destroy();
        await waitPolls(server, 0);
      });

      it("nothing secret is logged, not even if no program answers", async () => {
        const secret = "what-was-said-in-confidence";
        // Some servers log at their start the address that they listen on.
        const known = new Set(server.log().split("\n"));
        const alice = await create(server);
        const bob = await join(server, alice.chat);
        await alice.send(secret);
        const query = `?code=${alice.chat}&${secret}`;
        const ask = async () => {
          for (const target of [
            `/chat${query}`, `/no/${secret}`, `/api/v1/messages.json${query}&wait=0`,
            `/api/v1/${alice.user}`, `/%23j=${alice.chat}.${secret}`,
          ]) {
            await request(server, "GET", target, { headers: alice.headers() });
          }
        };
        await ask();
        await server.stopBehind();
        await ask();
        // A line may come after the reply.
        await waitFor(async () => serve === "proxy" || [
          /GET \/chat 200 \d+$/m, /POST \/api\/v1\/messages\.json 202 \d+$/m,
          /GET \/- 404 \d+$/m, /GET \/api\/v1\/messages\.json \d+ \d+$/m,
        ].every((line) => line.test(server.log())), "the access log names the requests");
        const log = server.log().split("\n").filter((line) => !known.has(line)).join("\n");
        for (const text of [secret, alice.chat, alice.user, bob.user, "127.0.0.1", "code="]) {
          assert.ok(!log.includes(text), `${text} is in: ${log}`);
        }
      });
    });
  }
});
