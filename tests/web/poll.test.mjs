// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "Long polling": each rule, and that the process of a poll ends after
// the poll's client has left.

import assert from "node:assert/strict";
import http2 from "node:http2";
import { after, before, describe, it } from "node:test";

import { create, join, meet, texts } from "../lib/chat.mjs";
import { waitFor } from "../lib/children.mjs";
import { waitPolls } from "../lib/process.mjs";
import { startServer, traits } from "../lib/server.mjs";

// With so many looks, no poll ends by itself while a test waits.
const env = { SFCHAT_POLL_ITERATION: "10000" };

for (const h2 of [false, true]) {
  describe(`long polling by HTTP/${h2 ? 2 : 1.1}`, () => {
    let server;
    before(async () => { server = await startServer({ env }); });
    after(() => server.stop());

    const pair = async () => {
      const people = await meet(server);
      for (const person of people) person.h2 = h2;
      return people;
    };

    it("a poll returns a message that was sent before it", async () => {
      const [alice, bob] = await pair();
      await alice.send("Hi");
      assert.deepEqual(texts(await bob.poll()), ["Hi"]);
    });

    it("a message wakes the receiver's poll", async () => {
      const [alice, bob] = await pair();
      const poll = bob.poll();
      await waitPolls(server, 1);
      await alice.send("Hi");
      assert.deepEqual(texts(await poll), ["Hi"]);
      await waitPolls(server, 0);
    });

    it("a join wakes the creator's poll", async () => {
      const alice = await create(server);
      await alice.drain();
      const poll = alice.poll();
      await waitPolls(server, 1);
      await join(server, alice.chat);
      const { results } = (await poll).json;
      assert.equal(results.messages[0].event, "joined");
      assert.equal(results.status, "ready");
    });

    it("a message does not wake the sender's poll", async () => {
      const [alice, bob] = await pair();
      const poll = alice.poll();
      await waitPolls(server, 1);
      await alice.send("for Bob");
      assert.deepEqual(texts(await bob.look()), ["for Bob"]);
      await waitPolls(server, 1);
      await bob.send("for Alice");
      assert.deepEqual(texts(await poll), ["for Alice"]);
    });

    it("a close ends the polls of both participants", async () => {
      const [alice, bob] = await pair();
      const polls = [alice.poll(), bob.poll()];
      await waitPolls(server, 2);
      await bob.close();
      const events = (await Promise.all(polls)).map(
        ({ json }) => [json.results.status, json.results.messages[0].event]);
      assert.deepEqual(events,
        [["closed", "closed_by_talker"], ["closed", "closed_by_you"]]);
    });

    it("a poll of a closed chat ends even without a message", async () => {
      const [alice, bob] = await pair();
      await bob.close();
      await alice.drain();
      const { results } = (await alice.poll()).json;
      assert.deepEqual([results.status, results.count], ["closed", 0]);
    });

    it("a newer poll of the same person ends the older with count 0", async () => {
      const [alice, bob] = await pair();
      const older = bob.poll();
      await waitPolls(server, 1);
      const newer = bob.poll();
      const { results } = (await older).json;
      assert.deepEqual(
        [results.code, results.count, results.messages], [200, 0, []]);
      await alice.send("Hi");
      assert.deepEqual(texts(await newer), ["Hi"]);
    });

    it("of five polls begun at the same moment one stays", async () => {
      const [alice, bob] = await pair();
      const counts = [];
      const polls = Array.from({ length: 5 }, () => bob.poll().then(
        ({ json }) => counts.push(json.results.count)));
      await waitFor(async () => counts.length >= 4, "four polls have ended");
      await waitPolls(server, 1);
      await alice.send("Hi");
      await Promise.all(polls);
      assert.deepEqual(counts, [0, 0, 0, 0, 1]);
    });

    it("a poll does not end the other participant's poll", async () => {
      const [alice, bob] = await pair();
      const polls = [alice.poll(), bob.poll()];
      await waitPolls(server, 2);
      await Promise.all([alice.send("for Bob"), bob.send("for Alice")]);
      assert.deepEqual(
        (await Promise.all(polls)).map(texts), [["for Alice"], ["for Bob"]]);
    });

    it("a poll ends after its client has closed the connection", async () => {
      const [alice, bob] = await pair();
      const client = new AbortController();
      const poll = bob.poll(client.signal);
      await waitPolls(server, 1);
      client.abort();
      await assert.rejects(poll);
      await waitPolls(server, 0);
      await alice.send("Hi");
      assert.deepEqual(texts(await bob.poll()), ["Hi"]);
    });

    it("twenty polls end after their clients have left", async () => {
      const people = (await Promise.all(
        Array.from({ length: 10 }, pair))).flat();
      const clients = people.map(() => new AbortController());
      const polls = people.map((person, i) => person.poll(clients[i].signal));
      await waitPolls(server, people.length);
      for (const client of clients) client.abort();
      await Promise.allSettled(polls);
      await waitPolls(server, 0);
    });
  });
}

describe("long polling on a shared HTTP/2 connection", () => {
  let server;
  before(async () => { server = await startServer({ env }); });
  after(() => server.stop());

  it("other requests are served while two polls wait", async () => {
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
    await waitPolls(server, 2);
    const body = JSON.stringify({ data: { messages: [{ msg: "Hi" }] } });
    const sent = await ask("POST", target, {
      ...alice.headers(), "content-type": "application/json",
      "content-length": body.length,
    }, body);
    assert.equal(sent.results.code, 202);
    assert.equal((await polls[1]).results.messages[0].msg, "Hi");
    session.destroy();
    await waitPolls(server, 0);
  });

  const cancelling = traits.noticesCancel ? it : () => {};
  cancelling("a cancelled poll ends, and the connection stays", async () => {
    const [alice] = await meet(server);
    const session = http2.connect(server.url, { ca: server.ca });
    const poll = session.request(
      { ":path": "/api/v1/messages.json", ...alice.headers() });
    await waitPolls(server, 1);
    poll.close(http2.constants.NGHTTP2_CANCEL);
    await waitPolls(server, 0);
    const page = session.request({ ":path": "/" });
    const status = await new Promise((resolve) => {
      page.on("response", (headers) => resolve(headers[":status"]));
    });
    assert.equal(status, 200);
    session.destroy();
  });
});

describe("the length of a poll", () => {
  it("a poll ends with count 0 after sleep times iteration", async (t) => {
    const server = await startServer(
      { env: { SFCHAT_POLL_SLEEP: "1", SFCHAT_POLL_ITERATION: "2" } });
    t.after(() => server.stop());
    const [alice] = await meet(server);
    const start = performance.now();
    const { results } = (await alice.poll()).json;
    const took = performance.now() - start;
    assert.deepEqual(
      [results.code, results.count, results.status], [200, 0, "ready"]);
    assert.ok(took >= 1900, `the poll ended after ${took} ms`);
  });

  it("a message wakes a poll that sleeps for an hour", async (t) => {
    const server = await startServer({ env: { SFCHAT_POLL_SLEEP: "3600" } });
    t.after(() => server.stop());
    const [alice, bob] = await meet(server);
    for (const text of ["one", "two", "three"]) {
      const poll = bob.poll();
      await waitPolls(server, 1);
      await alice.send(text);
      assert.deepEqual(texts(await poll), [text]);
      await bob.drain();
    }
  });
});
