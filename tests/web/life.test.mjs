// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "Life of a chat": each row of its two tables, through the server.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Person, askToJoin, create, join, makeToken, meet, texts } from "../lib/chat.mjs";
import { api, startServer } from "../lib/server.mjs";

const token = /^[0-9a-f]{24}$/;
const goodbye = "Thank you for using SFChat.\n";
const CLOSED = {
  closed_by_you: `${goodbye}Current chat was successfully closed.`,
  closed_by_talker: `${goodbye}Chat was successfully closed by Talker.`,
  closed_automatically: `${goodbye}Current chat was closed automatically.`,
};

/** The only message that waits for a person is this system message. */
async function hears(person, event, msg) {
  const { status, json } = await person.look();
  assert.equal(status, 200);
  const [message, ...more] = json.results.messages;
  assert.deepEqual(more, []);
  assert.match(message._id, token);
  assert.deepEqual(message, { _id: message._id, msg, system: true, event });
}

function says(answer, status, msg) {
  assert.equal(answer.status, status);
  assert.equal(answer.json.results.code, status);
  assert.equal(answer.json.results.msg, msg);
}

describe("life of a chat", () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it("create: a draft, one user token, the code to the creator", async () => {
    const alice = await create(server);
    assert.match(alice.chat, token);
    assert.match(alice.user, token);
    assert.notEqual(alice.chat, alice.user);
    await hears(alice, "created",
      `Welcome to SFChat!\nPlease send code: ${alice.chat} to Talker`);
    assert.equal((await alice.look()).json.results.status, "draft");
  });

  it("create: tokens are never the same nor alike", async () => {
    const people = await Promise.all(
      Array.from({ length: 20 }, () => create(server)));
    const all = people.flatMap(({ chat, user }) => [chat, user]);
    assert.equal(new Set(all).size, all.length);
    // An ObjectId made the usual way begins with the time.
    assert.ok(new Set(all.map((t) => t.slice(0, 4))).size > 30);
  });

  it("join: ready, one system message to each side", async () => {
    const alice = await create(server);
    await alice.drain();
    const bob = await join(server, alice.chat);
    assert.match(bob.user, token);
    assert.notEqual(bob.user, alice.user);
    await hears(alice, "joined", "Talker was successfully joined to chat");
    await hears(bob, "ready", "Chat is ready to use");
    assert.equal((await bob.look()).json.results.status, "ready");
  });

  it("join: a third one is refused and nothing changes", async () => {
    const [alice, bob] = await meet(server);
    says(await askToJoin(server, alice.chat), 409, "Conflict");
    assert.deepEqual(texts(await alice.look()), []);
    assert.deepEqual(texts(await bob.look()), []);
    assert.equal((await bob.look()).json.results.status, "ready");
  });

  it("join: again with the token that was chosen", async () => {
    const alice = await create(server);
    const userToken = makeToken();
    const ask = () => api(server, "POST", "join.json",
      { body: { data: { chatToken: alice.chat, userToken } } });
    for (const answer of [await ask(), await ask()]) {
      says(answer, 201, "Created");
      assert.equal(answer.json.results.userToken, userToken);
    }
    const bob = new Person(server, alice.chat, userToken);
    await hears(bob, "ready", "Chat is ready to use");
    says(await askToJoin(server, alice.chat), 409, "Conflict");
  });

  it("join: of many at the same moment exactly one gets in", async () => {
    const alice = await create(server);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => askToJoin(server, alice.chat)));
    const codes = answers.map(({ status }) => status).sort();
    assert.deepEqual(codes, [201, ...Array(7).fill(409)]);
  });

  it("send: stored for the other only", async () => {
    const [alice, bob] = await meet(server);
    says(await alice.send("Hi, how are you?"), 202, "Accepted");
    const { json } = await bob.look();
    const [message] = json.results.messages;
    assert.match(message._id, token);
    assert.deepEqual(json.results.messages,
      [{ _id: message._id, msg: "Hi, how are you?", system: false }]);
    assert.deepEqual(texts(await alice.look()), []);
  });

  it("send: two at the same moment are both stored, once each", async () => {
    const [alice, bob] = await meet(server);
    const sent = Array.from({ length: 10 }, (_, i) => `message ${i}`);
    await Promise.all(sent.map((text, i) => (i % 2 ? alice : bob).send(text)));
    const got = [...texts(await alice.look()), ...texts(await bob.look())];
    assert.deepEqual(got.sort(), sent);
  });

  it("receive: messages stay until acknowledged", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("one", "two");
    const first = await bob.look();
    assert.deepEqual(texts(first), ["one", "two"]);
    assert.deepEqual((await bob.look()).json, first.json);
  });

  it("acknowledge: removes what it names, and nothing else", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("one", "two", "three");
    const { messages } = (await bob.look()).json.results;
    says(await bob.acknowledge(messages[1]._id, makeToken()), 202, "Accepted");
    assert.deepEqual(texts(await bob.look()), ["one", "three"]);
  });

  it("acknowledge: nobody can remove the other's messages", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("for Bob");
    const [{ _id }] = (await bob.look()).json.results.messages;
    says(await alice.acknowledge(_id), 202, "Accepted");
    assert.deepEqual(texts(await bob.look()), ["for Bob"]);
  });

  it("close: both are told, and nothing can be sent any more", async () => {
    const [alice, bob] = await meet(server);
    says(await bob.close(), 202, "Accepted");
    await hears(bob, "closed_by_you", CLOSED.closed_by_you);
    await hears(alice, "closed_by_talker", CLOSED.closed_by_talker);
    assert.equal((await alice.look()).json.results.status, "closed");
    for (const person of [alice, bob]) {
      says(await person.send("too late"), 403, "Forbidden");
    }
    assert.equal(texts(await alice.look()).length, 1);
  });

  it("close: what was sent before can still be read", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("last words");
    await alice.close();
    assert.deepEqual(
      texts(await bob.look()), ["last words", CLOSED.closed_by_talker]);
  });

  it("close: a draft too, and its code is of no use then", async () => {
    const alice = await create(server);
    await alice.drain();
    says(await alice.close(), 202, "Accepted");
    await hears(alice, "closed_by_you", CLOSED.closed_by_you);
    says(await askToJoin(server, alice.chat), 404, "Not Found");
  });

  it("close: again is no error and tells nobody twice", async () => {
    const [alice, bob] = await meet(server);
    await alice.close();
    says(await alice.close(), 202, "Accepted");
    says(await bob.close(), 202, "Accepted");
    await hears(alice, "closed_by_you", CLOSED.closed_by_you);
    await hears(bob, "closed_by_talker", CLOSED.closed_by_talker);
  });

  it("close: by both at the same moment", async () => {
    const [alice, bob] = await meet(server);
    const answers = await Promise.all([alice.close(), bob.close()]);
    for (const answer of answers) says(answer, 202, "Accepted");
    const heard = [...texts(await alice.look()), ...texts(await bob.look())];
    assert.deepEqual(
      heard.sort(), [CLOSED.closed_by_talker, CLOSED.closed_by_you]);
  });

  it("forget: gone with the last message of a closed chat", async () => {
    const [alice, bob] = await meet(server);
    await alice.close();
    await alice.drain();
    says(await alice.look(), 200, "Ok");
    await bob.drain();
    for (const person of [alice, bob]) {
      says(await person.look(), 401, "Unauthorized");
      says(await person.close(), 401, "Unauthorized");
    }
    says(await askToJoin(server, alice.chat), 404, "Not Found");
  });
});

describe("life of a chat that has grown old", () => {
  const LIFETIME = 5;
  let server;
  before(async () => {
    server = await startServer(
      { env: { SFCHAT_CHAT_LIFETIME: String(LIFETIME) } });
  });
  after(() => server.stop());

  it("expire: closed on access, undelivered messages dropped", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("never read");
    await sleep(LIFETIME * 1000 + 200);
    for (const person of [bob, alice]) {
      await hears(person, "closed_automatically", CLOSED.closed_automatically);
      assert.equal((await person.look()).json.results.status, "closed");
    }
  });

  it("expire: the first access may be any", async () => {
    const ready = await Promise.all([1, 2, 3].map(() => meet(server)));
    const draft = await create(server);
    await sleep(LIFETIME * 1000 + 200);
    says(await ready[0][0].send("too late"), 403, "Forbidden");
    says(await ready[1][0].close(), 202, "Accepted");
    says(await ready[2][0].acknowledge(makeToken()), 202, "Accepted");
    for (const [alice] of ready) {
      await hears(alice, "closed_automatically", CLOSED.closed_automatically);
    }
    says(await askToJoin(server, draft.chat), 404, "Not Found");
    await hears(draft, "closed_automatically", CLOSED.closed_automatically);
  });

  it("expire: both are told when it will be, until it is", async () => {
    const created = Date.now();
    const people = await meet(server);
    for (const person of people) {
      const { headers } = await person.look();
      const left = Date.parse(headers.sunset) - created;
      assert.ok(Math.abs(left - LIFETIME * 1000) <= 2000, headers.sunset);
    }
    await people[0].close();
    assert.equal((await people[1].look()).headers.sunset, undefined);
  });

  it("expire: ends a poll", async () => {
    const [alice] = await meet(server);
    const { json } = await alice.poll();
    assert.equal(json.results.messages[0].event, "closed_automatically");
  });

  it("expire: then forgotten with the last message", async () => {
    const [alice, bob] = await meet(server);
    await sleep(LIFETIME * 1000 + 200);
    assert.equal((await alice.drain()).length, 1);
    says(await alice.look(), 200, "Ok");
    assert.equal((await bob.drain()).length, 1);
    says(await alice.look(), 401, "Unauthorized");
  });
});

describe("life of an abandoned chat", () => {
  let server;
  before(async () => {
    server = await startServer(
      { env: { SFCHAT_POLL_SLEEP: "1", SFCHAT_POLL_ITERATION: "2" } });
  });
  after(() => server.stop());

  it("abandoned: closed as if the absent one had closed it", async () => {
    const [alice, bob] = await meet(server);
    let polls = 0;
    let results;
    do {
      ({ results } = (await alice.poll()).json);
      assert.ok(++polls < 10, "the chat is never closed");
    } while (results.count === 0);
    assert.ok(polls > 1, "closed too early");
    assert.equal(results.status, "closed");
    assert.equal(results.messages[0].event, "closed_by_talker");
    await hears(bob, "closed_by_you", CLOSED.closed_by_you);
  });

  it("abandoned: not while both poll", async () => {
    const [alice, bob] = await meet(server);
    for (let polls = 0; polls < 4; polls++) {
      for (const { json } of await Promise.all([alice.poll(), bob.poll()])) {
        assert.equal(json.results.status, "ready");
      }
    }
  });

  it("abandoned: a draft waits for its joiner", async () => {
    const alice = await create(server);
    await alice.drain();
    for (let polls = 0; polls < 4; polls++) {
      assert.equal((await alice.poll()).json.results.status, "draft");
    }
  });
});
