// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "Life of a chat": each step, through the server.

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
  absent: `${goodbye}Talker has not been here for too long: the chat was closed.`,
  was_absent: `${goodbye}You have not been here for too long: the chat was closed.`,
};

/** Checks that exactly one message waits for the person: this system message. */
async function hasOnlyEvent(person, event, msg) {
  const { status, json } = await person.look();
  assert.equal(status, 200);
  const [message, ...more] = json.results.messages;
  assert.deepEqual(more, []);
  assert.match(message._id, token);
  assert.deepEqual(message, { _id: message._id, msg, system: true, event });
}

function hasOutcome(answer, status, msg) {
  assert.equal(answer.status, status);
  assert.equal(answer.json.results.code, status);
  assert.equal(answer.json.results.msg, msg);
}

describe("life of a chat", () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it("create: makes a draft and tells the creator the code", async () => {
    const alice = await create(server);
    assert.match(alice.chat, token);
    assert.match(alice.user, token);
    assert.notEqual(alice.chat, alice.user);
    await hasOnlyEvent(alice, "created",
      `Welcome to SFChat!\nPlease send code: ${alice.chat} to Talker`);
    assert.equal((await alice.look()).json.results.status, "draft");
  });

  it("create: no two tokens are the same or begin alike", async () => {
    const people = await Promise.all(
      Array.from({ length: 20 }, () => create(server)));
    const all = people.flatMap(({ chat, user }) => [chat, user]);
    assert.equal(new Set(all).size, all.length);
    // An ObjectId of MongoDB begins with the time.
    assert.ok(new Set(all.map((t) => t.slice(0, 4))).size > 30);
  });

  it("join: makes the chat ready and tells both participants", async () => {
    const alice = await create(server);
    await alice.drain();
    const bob = await join(server, alice.chat);
    assert.match(bob.user, token);
    assert.notEqual(bob.user, alice.user);
    await hasOnlyEvent(alice, "joined", "Talker was successfully joined to chat");
    await hasOnlyEvent(bob, "ready", "Chat is ready to use");
    assert.equal((await bob.look()).json.results.status, "ready");
  });

  it("join: a second join is refused with 409 and changes nothing", async () => {
    const [alice, bob] = await meet(server);
    hasOutcome(await askToJoin(server, alice.chat), 409, "Conflict");
    assert.deepEqual(texts(await alice.look()), []);
    assert.deepEqual(texts(await bob.look()), []);
    assert.equal((await bob.look()).json.results.status, "ready");
  });

  it("join: the same join with a chosen token may be repeated", async () => {
    const alice = await create(server);
    const userToken = makeToken();
    const ask = () => api(server, "POST", "join.json",
      { body: { data: { chatToken: alice.chat, userToken } } });
    for (const answer of [await ask(), await ask()]) {
      hasOutcome(answer, 201, "Created");
      assert.equal(answer.json.results.userToken, userToken);
    }
    const bob = new Person(server, alice.chat, userToken);
    await hasOnlyEvent(bob, "ready", "Chat is ready to use");
    hasOutcome(await askToJoin(server, alice.chat), 409, "Conflict");
  });

  it("join: of eight joins at the same moment exactly one succeeds", async () => {
    const alice = await create(server);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => askToJoin(server, alice.chat)));
    const codes = answers.map(({ status }) => status).sort();
    assert.deepEqual(codes, [201, ...Array(7).fill(409)]);
  });

  it("send: the message waits for the other participant only", async () => {
    const [alice, bob] = await meet(server);
    hasOutcome(await alice.send("Hi, how are you?"), 202, "Accepted");
    const { json } = await bob.look();
    const [message] = json.results.messages;
    assert.match(message._id, token);
    assert.deepEqual(json.results.messages,
      [{ _id: message._id, msg: "Hi, how are you?", system: false }]);
    assert.deepEqual(texts(await alice.look()), []);
  });

  it("send: ten messages at the same moment are stored once each", async () => {
    const [alice, bob] = await meet(server);
    const sent = Array.from({ length: 10 }, (_, i) => `message ${i}`);
    await Promise.all(sent.map((text, i) => (i % 2 ? alice : bob).send(text)));
    const got = [...texts(await alice.look()), ...texts(await bob.look())];
    assert.deepEqual(got.sort(), sent);
  });

  it("receive: a message stays until it is acknowledged", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("one", "two");
    const first = await bob.look();
    assert.deepEqual(texts(first), ["one", "two"]);
    assert.deepEqual((await bob.look()).json, first.json);
  });

  it("acknowledge: removes the named messages and no others", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("one", "two", "three");
    const { messages } = (await bob.look()).json.results;
    hasOutcome(await bob.acknowledge(messages[1]._id, makeToken()), 202, "Accepted");
    assert.deepEqual(texts(await bob.look()), ["one", "three"]);
  });

  it("acknowledge: cannot remove the other participant's messages", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("for Bob");
    const [{ _id }] = (await bob.look()).json.results.messages;
    hasOutcome(await alice.acknowledge(_id), 202, "Accepted");
    assert.deepEqual(texts(await bob.look()), ["for Bob"]);
  });

  it("close: both participants are told, and neither can send", async () => {
    const [alice, bob] = await meet(server);
    hasOutcome(await bob.close(), 202, "Accepted");
    await hasOnlyEvent(bob, "closed_by_you", CLOSED.closed_by_you);
    await hasOnlyEvent(alice, "closed_by_talker", CLOSED.closed_by_talker);
    assert.equal((await alice.look()).json.results.status, "closed");
    for (const person of [alice, bob]) {
      hasOutcome(await person.send("too late"), 403, "Forbidden");
    }
    assert.equal(texts(await alice.look()).length, 1);
  });

  it("close: a message sent before can still be read", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("last words");
    await alice.close();
    assert.deepEqual(
      texts(await bob.look()), ["last words", CLOSED.closed_by_talker]);
  });

  it("close: the code of a closed draft is refused with 404", async () => {
    const alice = await create(server);
    await alice.drain();
    hasOutcome(await alice.close(), 202, "Accepted");
    await hasOnlyEvent(alice, "closed_by_you", CLOSED.closed_by_you);
    hasOutcome(await askToJoin(server, alice.chat), 404, "Not Found");
  });

  it("close: a second close is accepted and sends no message", async () => {
    const [alice, bob] = await meet(server);
    await alice.close();
    hasOutcome(await alice.close(), 202, "Accepted");
    hasOutcome(await bob.close(), 202, "Accepted");
    await hasOnlyEvent(alice, "closed_by_you", CLOSED.closed_by_you);
    await hasOnlyEvent(bob, "closed_by_talker", CLOSED.closed_by_talker);
  });

  it("close: both participants may close at the same moment", async () => {
    const [alice, bob] = await meet(server);
    const answers = await Promise.all([alice.close(), bob.close()]);
    for (const answer of answers) hasOutcome(answer, 202, "Accepted");
    const received = [...texts(await alice.look()), ...texts(await bob.look())];
    assert.deepEqual(
      received.sort(), [CLOSED.closed_by_talker, CLOSED.closed_by_you]);
  });

  it("remove: the last acknowledgement removes a closed chat", async () => {
    const [alice, bob] = await meet(server);
    await alice.close();
    await alice.drain();
    hasOutcome(await alice.look(), 200, "Ok");
    await bob.drain();
    for (const person of [alice, bob]) {
      hasOutcome(await person.look(), 401, "Unauthorized");
      hasOutcome(await person.close(), 401, "Unauthorized");
    }
    hasOutcome(await askToJoin(server, alice.chat), 404, "Not Found");
  });
});

describe("life of a chat that has grown old", { concurrency: true }, () => {
  const LIFETIME = 1;
  const LONG_LIFETIME = 86400;
  // Two servers share one store. A test makes its chats through the server with
  // the long lifetime, so even a slow test is in time. A second later these chats
  // are old for the other server.
  let young;
  let old;
  before(async () => {
    young = await startServer();
    old = await startServer({ env: {
      SFCHAT_STORE: young.env.SFCHAT_STORE ?? process.env.SFCHAT_STORE ??
        `lmdb:${young.dir}/store`,
      SFCHAT_CHAT_LIFETIME: String(LIFETIME), SFCHAT_POLL_SLEEP: "1",
    } });
  });
  after(async () => {
    await old.stop();
    await young.stop();
  });

  /** Waits until all chats are old for the old server, and takes these people to it. */
  async function growOld(...people) {
    await sleep(LIFETIME * 1000 + 100);
    for (const person of people) person.server = old;
  }

  it("expire: the first look closes the chat and drops its messages", async () => {
    const [alice, bob] = await meet(young);
    await alice.send("never read");
    await growOld(alice, bob);
    for (const person of [bob, alice]) {
      await hasOnlyEvent(person, "closed_automatically", CLOSED.closed_automatically);
      assert.equal((await person.look()).json.results.status, "closed");
    }
  });

  it("expire: any other request closes the chat too", async () => {
    const ready = await Promise.all([1, 2, 3].map(() => meet(young)));
    const draft = await create(young);
    await growOld(draft, ...ready.flat());
    hasOutcome(await ready[0][0].send("too late"), 403, "Forbidden");
    hasOutcome(await ready[1][0].close(), 202, "Accepted");
    hasOutcome(await ready[2][0].acknowledge(makeToken()), 202, "Accepted");
    for (const [alice] of ready) {
      await hasOnlyEvent(alice, "closed_automatically", CLOSED.closed_automatically);
    }
    hasOutcome(await askToJoin(old, draft.chat), 404, "Not Found");
    await hasOnlyEvent(draft, "closed_automatically", CLOSED.closed_automatically);
  });

  it("expire: `Sunset` says when the chat expires, until it is closed", async () => {
    const before = Date.now();
    const people = await meet(young);
    const after = Date.now();
    for (const person of people) {
      const { headers } = await person.look();
      const created = Date.parse(headers.sunset) - LONG_LIFETIME * 1000;
      // HTTP dates have whole seconds.
      assert.ok(created > before - 1000 && created < after + 1000,
        headers.sunset);
    }
    await people[0].close();
    assert.equal((await people[1].look()).headers.sunset, undefined);
  });

  it("expire: a chat that expires ends a poll", async () => {
    const [alice] = await meet(young);
    alice.server = old;
    const { json } = await alice.poll();
    assert.equal(json.results.messages[0].event, "closed_automatically");
  });

  it("expire: the last acknowledgement then removes the chat", async () => {
    const [alice, bob] = await meet(young);
    await growOld(alice, bob);
    assert.equal((await alice.drain()).length, 1);
    hasOutcome(await alice.look(), 200, "Ok");
    assert.equal((await bob.drain()).length, 1);
    hasOutcome(await alice.look(), 401, "Unauthorized");
  });
});

describe("life of an abandoned chat", { concurrency: true }, () => {
  const POLL_SECONDS = 3;
  let server;
  before(async () => {
    server = await startServer({ env: {
      SFCHAT_POLL_SLEEP: "1", SFCHAT_POLL_ITERATION: String(POLL_SECONDS),
    } });
  });
  after(() => server.stop());

  it("abandoned: the chat is closed after two polls, and both are told why",
    async () => {
      const start = performance.now();
      const [alice, bob] = await meet(server);
      let results;
      do {
        ({ results } = (await alice.poll()).json);
      } while (results.status === "ready");
      assert.ok(performance.now() - start > 2 * POLL_SECONDS * 1000 - 100,
        "not before two polls are over");
      assert.equal(results.status, "closed");
      assert.equal(results.messages[0].event, "absent");
      assert.equal(results.messages[0].msg, CLOSED.absent);
      await hasOnlyEvent(bob, "was_absent", CLOSED.was_absent);
    });

  it("abandoned: the chat stays open for as long as `away` allows", async () => {
    const [alice, bob] = await meet(server);
    await bob.ask("GET", "messages.json?wait=0&away=3600");
    for (let polls = 0; polls < 4; polls++) {
      assert.equal((await alice.poll()).json.results.status, "ready");
    }
    await bob.ask("GET", "messages.json?wait=0");
    let results;
    do {
      ({ results } = (await alice.poll()).json);
    } while (results.status === "ready");
    assert.equal(results.messages[0].event, "absent");
  });

  it("abandoned: a look without a wait is a sign of life", async () => {
    const [alice, bob] = await meet(server);
    for (let polls = 0; polls < 4; polls++) {
      const [{ json }] = await Promise.all([alice.poll(), bob.look()]);
      assert.equal(json.results.status, "ready");
    }
  });

  it("abandoned: the chat stays open while both poll", async () => {
    const [alice, bob] = await meet(server);
    for (let polls = 0; polls < 3; polls++) {
      for (const { json } of await Promise.all([alice.poll(), bob.poll()])) {
        assert.equal(json.results.status, "ready");
      }
    }
  });

  it("abandoned: a draft waits for its joiner", async () => {
    const alice = await create(server);
    await alice.drain();
    for (let polls = 0; polls < 3; polls++) {
      assert.equal((await alice.poll()).json.results.status, "draft");
    }
  });
});
