// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "POST messages.json" and the other requests for messages: the form
// of each field, and each limit from both sides.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { create, join, makeToken, meet, texts } from "../lib/chat.mjs";
import { startServer } from "../lib/server.mjs";

const json = { "content-type": "application/json" };

describe("messages", () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  /**
   * Sends this body in a new chat; returns the reply and the texts that the
   * other participant got.
   */
  async function sendBody(body) {
    const [alice, bob] = await meet(server);
    const answer = await alice.ask(
      "POST", "messages.json", { body, headers: json });
    const got = texts(await bob.look());
    if (answer.status !== 202) assert.deepEqual(got, [], "nothing is stored");
    return { answer, got };
  }

  const sendItem = (item) =>
    sendBody(JSON.stringify({ data: { messages: [item] } }));

  async function isRefused(sent, detail) {
    const { answer } = await sent;
    assert.equal(answer.status, 400, answer.body);
    assert.equal(answer.json.results.msg, "Bad Request");
    assert.match(answer.json.results.detail, detail);
  }

  async function isSent(sent, text) {
    const { answer, got } = await sent;
    assert.equal(answer.status, 202, answer.body);
    assert.deepEqual(got, [text]);
  }

  // --- longPolling ---

  for (const value of ["false", "False", "FALSE", "fAlSe"]) {
    it(`longPolling=${value} does not wait`, async () => {
      const [alice] = await meet(server);
      const answer = await alice.ask(
        "GET", `messages.json?longPolling=${value}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.json.results.count, 0);
    });
  }

  for (const query of [
    "longPolling=true", "longPolling=TRUE", "longPolling=True", "",
    "longpolling=false", "other=1", "x&y=&=z",
  ]) {
    it(`a query of "${query}" waits`, async () => {
      const [alice, bob] = await meet(server);
      const poll = bob.ask("GET", `messages.json?${query}`);
      await alice.send("Hi");
      assert.deepEqual(texts(await poll), ["Hi"]);
    });
  }

  for (const query of [
    "longPolling=", "longPolling", "longPolling=0", "longPolling=1",
    "longPolling=no", "longPolling=falsey", "longPolling=true%20",
    "longPolling=tru", "longPolling=%66alse%00", "longPolling=%zz",
    `longPolling=${"x".repeat(2000)}`,
  ]) {
    it(`400: ${query.slice(0, 30)}`, async () => {
      const [alice] = await meet(server);
      const answer = await alice.ask("GET", `messages.json?${query}`);
      assert.equal(answer.status, 400);
      assert.match(answer.json.results.detail, /longPolling/);
    });
  }

  // --- wait and away ---

  for (const query of ["wait=0", "wait=1", "wait=000000001&away=0", "away=999999999&wait=0"]) {
    it(`a poll with ${query} ends without a message`, async () => {
      const [alice] = await meet(server);
      const answer = await alice.ask("GET", `messages.json?${query}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.json.results.count, 0);
      assert.equal(answer.json.results.status, "ready");
    });
  }

  it("a wait that is longer than a poll may last is accepted", async () => {
    const [alice, bob] = await meet(server);
    const poll = bob.ask("GET", "messages.json?wait=999999999");
    await alice.send("Hi");
    assert.deepEqual(texts(await poll), ["Hi"]);
  });

  for (const name of ["wait", "away"]) {
    for (const value of ["", "-1", "1.5", "1s", "+1", "%201", "1234567890", "%00", "x"]) {
      it(`400: ${name}=${value}`, async () => {
        const [alice] = await meet(server);
        const answer = await alice.ask("GET", `messages.json?${name}=${value}`);
        assert.equal(answer.status, 400);
        assert.match(answer.json.results.detail, new RegExp(`^${name}: `));
      });
    }
  }

  it("the reply says how long ago the other was there, while the chat is ready", async () => {
    const alice = await create(server);
    assert.equal("seen" in (await alice.look()).json.results, false);
    const bob = await join(server, alice.chat);
    assert.equal((await alice.look()).json.results.seen, 0);
    assert.equal((await bob.look()).json.results.seen, 0);
    await bob.close();
    assert.equal("seen" in (await alice.look()).json.results, false);
  });

  it("unknown query parameters are ignored", async () => {
    const [alice] = await meet(server);
    const answer = await alice.ask(
      "GET", "messages.json?a=1&longPolling=%66alse&b&longPollings=x");
    assert.equal(answer.status, 200);
  });

  // --- the list ---

  const list = (count, item) =>
    ({ data: { messages: Array.from({ length: count }, item) } });

  it("POST: 32 items are all stored, in order", async () => {
    const body = list(32, (_, i) => ({ msg: `message ${i}` }));
    const { answer, got } = await sendBody(JSON.stringify(body));
    assert.equal(answer.status, 202);
    assert.deepEqual(got, body.data.messages.map(({ msg }) => msg));
  });

  it("POST: 33 items are refused", () => isRefused(
    sendBody(JSON.stringify(list(33, () => ({ msg: "x" })))), /1 to 32/));

  it("POST: an empty list is refused", () =>
    isRefused(sendBody('{"data":{"messages":[]}}'), /1 to 32/));

  it("POST: one bad item refuses all", () => isRefused(
    sendBody(JSON.stringify(
      { data: { messages: [{ msg: "good" }, { msg: "" }] } })),
    /data\.messages\[1\]\.msg/));

  for (const [what, body] of Object.entries({
    "empty": "", "cut off": '{"data":{"messages":[{"msg":"x"}]}',
    "followed by more": '{"data":{"messages":[{"msg":"x"}]}}]',
    "a list": '[{"msg":"x"}]', "null": "null", "data null": '{"data":null}',
    "messages an object": '{"data":{"messages":{"msg":"x"}}}',
    "an item that is a string": '{"data":{"messages":["x"]}}',
    "an item that is null": '{"data":{"messages":[null]}}',
    "an item that is a list": '{"data":{"messages":[[]]}}',
    "an item without msg": '{"data":{"messages":[{}]}}',
    "msg a number": '{"data":{"messages":[{"msg":1}]}}',
    "msg null": '{"data":{"messages":[{"msg":null}]}}',
    "in single quotes": "{'data':{'messages':[{'msg':'x'}]}}",
    "with a comment": '{"data":{"messages":[{"msg":"x"}]}} /* x */',
    "with a comma too many": '{"data":{"messages":[{"msg":"x"},]}}',
    "NaN": "NaN",
  })) {
    it(`POST: a body with this fault is refused: ${what}`, () =>
      isRefused(sendBody(body), /./));
  }

  it("POST: unknown members are ignored", () => isSent(
    sendBody('{"data":{"messages":[{"msg":"x","y":[{}]}],"z":1},"q":null}'),
    "x"));

  it("DELETE: 100 ids are accepted", async () => {
    const [alice] = await meet(server);
    const ids = Array.from({ length: 100 }, makeToken);
    assert.equal((await alice.acknowledge(...ids)).status, 202);
  });

  it("DELETE: 101 ids are refused", async () => {
    const [alice] = await meet(server);
    const ids = Array.from({ length: 101 }, makeToken);
    assert.equal((await alice.acknowledge(...ids)).status, 400);
  });

  it("DELETE: an empty list is refused", async () => {
    const [alice] = await meet(server);
    assert.equal((await alice.acknowledge()).status, 400);
  });

  it("DELETE: id is accepted for _id", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("Hi");
    const [{ _id: id }] = (await bob.look()).json.results.messages;
    const answer = await bob.ask("DELETE", "messages.json",
      { body: { data: { messages: [{ id }] } } });
    assert.equal(answer.status, 202);
    assert.deepEqual(texts(await bob.look()), []);
  });

  it("DELETE: ids of acknowledged messages are accepted", async () => {
    const [alice, bob] = await meet(server);
    await alice.send("Hi");
    const [{ _id }] = (await bob.look()).json.results.messages;
    for (let again = 0; again < 2; again++) {
      assert.equal((await bob.acknowledge(_id, _id)).status, 202);
    }
  });

  for (const [what, item] of Object.entries({
    "that is a string": makeToken(), "without an id": {},
    "with a short id": { _id: "abc" },
    "with an id in capitals": { _id: "A".repeat(24) },
    "with a number as id": { _id: 1 }, "that is null": null,
  })) {
    it(`DELETE: an item ${what} is refused and removes nothing`, async () => {
      const [alice, bob] = await meet(server);
      await alice.send("Hi");
      const [{ _id }] = (await bob.look()).json.results.messages;
      const answer = await bob.ask("DELETE", "messages.json",
        { body: { data: { messages: [{ _id }, item] } } });
      assert.equal(answer.status, 400);
      assert.match(answer.json.results.detail, /data\.messages\[1\]/);
      assert.deepEqual(texts(await bob.look()), ["Hi"]);
    });
  }

  // --- the text ---

  for (const [what, text] of Object.entries({
    "one letter": "x", "140 letters": "x".repeat(140),
    "140 letters of two bytes": "ж".repeat(140),
    "140 code points beyond the BMP": "\u{1F600}".repeat(140),
    "140 of the last code point": "\u{10FFFF}".repeat(140),
    "a line break and a tab": "a\n\tb", "HTML": "<b>&amp;</b>",
    "quotes and backslashes": '"\\/\'', "right to left": "שלום \u202e",
    "combined signs": "e\u0301", "white space around": "  x  ",
    "a non-character": "\uFFFF", "a zero-width joiner": "👩‍👩‍👧",
  })) {
    it(`msg: ${what} arrives unchanged`, () =>
      isSent(sendItem({ msg: text }), text));
  }

  for (const [what, text] of Object.entries({
    "nothing": "", "141 letters": "x".repeat(141),
    "141 code points beyond the BMP": "\u{1F600}".repeat(141),
    "only blanks": "   ", "only line breaks and tabs": "\n\t\n",
    "only white space of Unicode": "\u00a0\u2003\u3000",
    "NUL": "a\0b", "BEL": "a\u0007", "ESC": "\u001b[2J", "CR": "a\r\nb",
    "DEL": "a\u007f", "a C1 control": "a\u0085b",
  })) {
    it(`msg: ${what} is refused`, () => isRefused(sendItem({ msg: text }), /msg/));
  }

  for (const [what, bytes] of Object.entries({
    "a lone continuation": [0x80], "a sequence cut off": [0xe2, 0x82],
    "two bytes, overlong": [0xc0, 0xaf],
    "three bytes, overlong": [0xe0, 0x80, 0xaf],
    "a surrogate": [0xed, 0xa0, 0x80], "over U+10FFFF": [0xf4, 0x90, 0x80, 0x80],
    "Latin 1": [0xe9, 0x20], "a byte that UTF-8 never has": [0xff],
    "a control character that is not escaped": [0x01],
  })) {
    it(`msg: these bytes are refused: ${what}`, () => isRefused(sendBody(Buffer.concat([
      Buffer.from('{"data":{"messages":[{"msg":"x'), Buffer.from(bytes),
      Buffer.from('"}]}}'),
    ])), /./));
  }

  for (const escape of ["\\ud800", "\\udc00x", "\\ud83dx", "\\u0000", "\\x"]) {
    it(`msg: the escape ${escape} is refused`, () => isRefused(
      sendBody(`{"data":{"messages":[{"msg":"x${escape}"}]}}`), /./));
  }

  it("msg: an escaped pair is one code point", () => isSent(
    sendBody(`{"data":{"messages":[{"msg":"${"\\ud83d\\ude00".repeat(140)}"}]}}`),
    "😀".repeat(140)));

  // --- sealed ---

  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" +
    "0123456789_-";

  for (const text of ["A", alphabet, "x".repeat(1024)]) {
    it(`sealed: ${text.length} characters arrive unchanged`, async () => {
      const [alice, bob] = await meet(server);
      assert.equal((await alice.send({ msg: text, sealed: true })).status, 202);
      const [message] = (await bob.look()).json.results.messages;
      assert.deepEqual(message,
        { _id: message._id, msg: text, system: false, sealed: true });
    });
  }

  it("sealed: false makes a plain message", async () => {
    const [alice, bob] = await meet(server);
    await alice.send({ msg: "plain text", sealed: false });
    const [message] = (await bob.look()).json.results.messages;
    assert.deepEqual(message,
      { _id: message._id, msg: "plain text", system: false });
  });

  for (const [what, item] of Object.entries({
    "nothing": { msg: "", sealed: true },
    "1025 characters": { msg: "x".repeat(1025), sealed: true },
    "a blank": { msg: "a b", sealed: true },
    "a line break": { msg: "ab\n", sealed: true },
    "=": { msg: "QQ==", sealed: true }, "+": { msg: "a+b", sealed: true },
    "/": { msg: "a/b", sealed: true }, "a letter of two bytes":
    { msg: "é", sealed: true }, "NUL": { msg: "a\0", sealed: true },
    "sealed a string": { msg: "a", sealed: "true" },
    "sealed a number": { msg: "a", sealed: 1 },
    "sealed null": { msg: "a", sealed: null },
    "long and not sealed": { msg: "x".repeat(1024), sealed: false },
  })) {
    it(`sealed: ${what} is refused`, () => isRefused(sendItem(item), /./));
  }

  // --- _id: a retry is safe ---

  it("_id: becomes the message's token", async () => {
    const [alice, bob] = await meet(server);
    const _id = makeToken();
    await alice.send({ _id, msg: "Hi" });
    assert.equal((await bob.look()).json.results.messages[0]._id, _id);
  });

  it("_id: a repeated message is accepted and stored once", async () => {
    const [alice, bob] = await meet(server);
    const _id = makeToken();
    for (let again = 0; again < 3; again++) {
      assert.equal((await alice.send({ _id, msg: "Hi" })).status, 202);
    }
    assert.deepEqual(texts(await bob.look()), ["Hi"]);
  });

  it("_id: eight copies at the same moment are stored once", async () => {
    const [alice, bob] = await meet(server);
    const _id = makeToken();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => alice.send({ _id, msg: "Hi" })));
    assert.ok(answers.every(({ status }) => status === 202));
    assert.deepEqual(texts(await bob.look()), ["Hi"]);
  });

  it("_id: a repeated message that was acknowledged is not stored", async () => {
    const [alice, bob] = await meet(server);
    const _id = makeToken();
    await alice.send({ _id, msg: "Hi" });
    await bob.acknowledge(_id);
    assert.equal((await alice.send({ _id, msg: "Hi" })).status, 202);
    assert.deepEqual(texts(await bob.look()), []);
  });

  it("_id: a retry with one more item stores that item only", async () => {
    const [alice, bob] = await meet(server);
    const first = { _id: makeToken(), msg: "one" };
    await alice.send(first);
    await alice.send(first, { _id: makeToken(), msg: "two" });
    assert.deepEqual(texts(await bob.look()), ["one", "two"]);
  });

  it("_id: a message twice in one request is stored once", async () => {
    const [alice, bob] = await meet(server);
    const item = { _id: makeToken(), msg: "Hi" };
    assert.equal((await alice.send(item, item)).status, 202);
    assert.deepEqual(texts(await bob.look()), ["Hi"]);
  });

  for (const [what, _id] of Object.entries({
    "short": "abc", "long": "0".repeat(25), "in capitals": "A".repeat(24),
    "not hex": "g".repeat(24), "a number": 1, "null": null, "empty": "",
  })) {
    it(`_id: a token that is ${what} is refused`, () =>
      isRefused(sendItem({ _id, msg: "Hi" }), /_id/));
  }

  // --- 429 ---

  it("429: more than 100 messages would wait for one participant", async () => {
    const [alice, bob] = await meet(server);
    const many = (count) => Array.from({ length: count }, (_, i) => `${i}`);
    for (let sent = 0; sent < 96; sent += 32) await alice.send(...many(32));
    assert.equal((await alice.send(...many(5))).status, 429, "one too many");
    assert.equal((await alice.send(...many(4))).status, 202);
    const answer = await alice.send("one too many");
    assert.equal(answer.status, 429);
    assert.equal(answer.json.results.msg, "Too Many Requests");
    assert.match(answer.headers["retry-after"], /^[1-9]\d*$/);
    assert.equal((await bob.send("the other way is free")).status, 202);

    const { messages } = (await bob.look()).json.results;
    assert.equal(messages.length, 100);
    await bob.acknowledge(messages[0]._id);
    assert.equal((await alice.send("room again")).status, 202);
  });

  it("a retry of stored messages is accepted while 100 messages wait", async () => {
    const [alice, bob] = await meet(server);
    const items = Array.from(
      { length: 100 }, (_, i) => ({ _id: makeToken(), msg: `${i}` }));
    for (let at = 0; at < 100; at += 25) {
      await alice.send(...items.slice(at, at + 25));
    }
    assert.equal((await alice.send(...items.slice(75))).status, 202);
    assert.equal((await bob.look()).json.results.count, 100);
  });

  it("the largest possible reply arrives whole", async () => {
    const [alice, bob] = await meet(server);
    const sealed = { msg: "x".repeat(1024), sealed: true };
    for (let sent = 0; sent < 100; sent += 25) {
      assert.equal((await alice.send(...Array(25).fill(sealed))).status, 202);
    }
    bob.h2 = true;
    assert.equal((await bob.look()).json.results.messages.length, 100);
  });
});
