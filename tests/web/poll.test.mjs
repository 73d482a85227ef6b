// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "Long polling": each rule, and that a poll whose client has gone
// is gone too, proved by the processes that run.

import assert from "node:assert/strict";
import http2 from "node:http2";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { create, join, meet, texts } from "../lib/chat.mjs";
import { waitPrograms } from "../lib/process.mjs";
import { startServer } from "../lib/server.mjs";

for (const h2 of [false, true]) {
  describe(`long polling by HTTP/${h2 ? 2 : 1.1}`, () => {
    let server;
    before(async () => { server = await startServer(); });
    after(() => server.stop());

    const pair = async () => {
      const people = await meet(server);
      for (const person of people) person.h2 = h2;
      return people;
    };

    it("answers at once when something waits", async () => {
      const [alice, bob] = await pair();
      await alice.send("Hi");
      assert.deepEqual(texts(await bob.poll()), ["Hi"]);
    });

    it("is woken by a message", async () => {
      const [alice, bob] = await pair();
      const poll = bob.poll();
      await waitPrograms(server, 1);
      await alice.send("Hi");
      assert.deepEqual(texts(await poll), ["Hi"]);
      await waitPrograms(server, 0);
    });

    it("is woken by the joiner", async () => {
      const alice = await create(server);
      await alice.drain();
      const poll = alice.poll();
      await waitPrograms(server, 1);
      await join(server, alice.chat);
      const { results } = (await poll).json;
      assert.equal(results.messages[0].event, "joined");
      assert.equal(results.status, "ready");
    });

    it("is not woken by what is for somebody else", async () => {
      const [alice, bob] = await pair();
      const poll = alice.poll();
      await waitPrograms(server, 1);
      await alice.send("for Bob");
      assert.deepEqual(texts(await bob.look()), ["for Bob"]);
      await waitPrograms(server, 1);
      await bob.send("for Alice");
      assert.deepEqual(texts(await poll), ["for Alice"]);
    });

    it("ends when the chat is closed, on both sides", async () => {
      const [alice, bob] = await pair();
      const polls = [alice.poll(), bob.poll()];
      await waitPrograms(server, 2);
      await bob.close();
      const events = (await Promise.all(polls)).map(
        ({ json }) => [json.results.status, json.results.messages[0].event]);
      assert.deepEqual(events,
        [["closed", "closed_by_talker"], ["closed", "closed_by_you"]]);
    });

    it("ends at once in a closed chat, even with nothing to say", async () => {
      const [alice, bob] = await pair();
      await bob.close();
      await alice.drain();
      const { results } = (await alice.poll()).json;
      assert.deepEqual([results.status, results.count], ["closed", 0]);
    });

    it("ends with count 0 when a newer one replaces it", async () => {
      const [alice, bob] = await pair();
      const older = bob.poll();
      await waitPrograms(server, 1);
      const newer = bob.poll();
      const { results } = (await older).json;
      assert.deepEqual(
        [results.code, results.count, results.messages], [200, 0, []]);
      await alice.send("Hi");
      assert.deepEqual(texts(await newer), ["Hi"]);
    });

    it("of many at the same moment one stays", async () => {
      const [alice, bob] = await pair();
      const counts = [];
      const polls = Array.from({ length: 5 }, () => bob.poll().then(
        ({ json }) => counts.push(json.results.count)));
      while (counts.length < 4) await sleep(50);
      await waitPrograms(server, 1);
      await alice.send("Hi");
      await Promise.all(polls);
      assert.deepEqual(counts, [0, 0, 0, 0, 1]);
    });

    it("one person's does not replace the other's", async () => {
      const [alice, bob] = await pair();
      const polls = [alice.poll(), bob.poll()];
      await waitPrograms(server, 2);
      await Promise.all([alice.send("for Bob"), bob.send("for Alice")]);
      assert.deepEqual(
        (await Promise.all(polls)).map(texts), [["for Alice"], ["for Bob"]]);
    });

    it("is gone within 5 s after its client closed the connection", async () => {
      const [alice, bob] = await pair();
      const client = new AbortController();
      const poll = bob.poll(client.signal);
      await waitPrograms(server, 1);
      client.abort();
      await assert.rejects(poll);
      await waitPrograms(server, 0);
      await alice.send("Hi");
      assert.deepEqual(texts(await bob.poll()), ["Hi"], "nothing is left behind");
    });

    it("many whose clients have gone are gone within 5 s", async () => {
      const people = (await Promise.all(
        Array.from({ length: 10 }, pair))).flat();
      const clients = people.map(() => new AbortController());
      const polls = people.map((person, i) => person.poll(clients[i].signal));
      await waitPrograms(server, people.length, 20000);
      for (const client of clients) client.abort();
      await Promise.allSettled(polls);
      await waitPrograms(server, 0);
    });
  });
}

describe("long polling on a shared HTTP/2 connection", () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it("other requests pass a poll that waits", async () => {
    const [alice, bob] = await meet(server);
    const session = http2.connect(server.url, { ca: server.ca });
    const ask = (method, path, headers, body) => new Promise((resolve) => {
      const stream = session.request(
        { ":method": method, ":path": path, ...headers });
      if (body) stream.end(body);
      let text = "";
      stream.on("data", (chunk) => { text += chunk; });
      stream.on("end", () => resolve(text && JSON.parse(text)));
    });
    const target = "/api/v1/messages.json";
    const polls = [alice, bob].map(
      (person) => ask("GET", target, person.headers()));
    await waitPrograms(server, 2);
    const body = JSON.stringify({ data: { messages: [{ msg: "Hi" }] } });
    const sent = await ask("POST", target, {
      ...alice.headers(), "content-type": "application/json",
      "content-length": body.length,
    }, body);
    assert.equal(sent.results.code, 202);
    assert.equal((await polls[1]).results.messages[0].msg, "Hi");
    session.destroy();
    await waitPrograms(server, 0);
  });

  it("a poll that is cancelled is gone, the connection stays", async () => {
    const [alice] = await meet(server);
    const session = http2.connect(server.url, { ca: server.ca });
    const poll = session.request(
      { ":path": "/api/v1/messages.json", ...alice.headers() });
    await waitPrograms(server, 1);
    poll.close(http2.constants.NGHTTP2_CANCEL);
    await waitPrograms(server, 0);
    const page = session.request({ ":path": "/" });
    const status = await new Promise((resolve) => {
      page.on("response", (headers) => resolve(headers[":status"]));
    });
    assert.equal(status, 200);
    session.destroy();
  });
});

describe("long polling, sleep and iteration", () => {
  it("ends with count 0 when the iterations are used up", async (t) => {
    const server = await startServer(
      { env: { SFCHAT_POLL_SLEEP: "1", SFCHAT_POLL_ITERATION: "2" } });
    t.after(() => server.stop());
    const [alice] = await meet(server);
    const start = Date.now();
    const { results } = (await alice.poll()).json;
    const took = Date.now() - start;
    assert.deepEqual(
      [results.code, results.count, results.status], [200, 0, "ready"]);
    assert.ok(took >= 1900, `it took only ${took} ms`);
  });

  it("sleep is not the delay: a sleeper of an hour is woken", async (t) => {
    const server = await startServer({ env: { SFCHAT_POLL_SLEEP: "3600" } });
    t.after(() => server.stop());
    const [alice, bob] = await meet(server);
    for (const text of ["one", "two", "three"]) {
      const poll = bob.poll();
      await waitPrograms(server, 1);
      await alice.send(text);
      assert.deepEqual(texts(await poll), [text]);
      await bob.drain();
    }
  });
});
