// SPDX-License-Identifier: BSD-3-Clause
// PROTOCOL, "REST API": the path, the version, the methods, the authentication
// and each status with its condition, by HTTP/1.1 and by HTTP/2.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import {
  Person, askToJoin, create, join, makeToken, meet,
} from "../lib/chat.mjs";
import { api, request, startServer, traits } from "../lib/server.mjs";

const RESOURCES = {
  "create.json": ["POST"],
  "join.json": ["POST"],
  "messages.json": ["GET", "POST", "DELETE"],
  "chat.json": ["DELETE"],
  "health.json": ["GET", "HEAD"],
};
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

/** Checks a reply of the API, and the rules that hold for all of them. */
function isAnswer(answer, status, msg, detail) {
  const about = `${answer.status} ${answer.body}`;
  assert.equal(answer.status, status, about);
  assert.equal(
    answer.headers["content-type"], "application/json; charset=utf-8", about);
  assert.equal(answer.headers["cache-control"], "no-store", about);
  assert.equal(answer.headers["x-content-type-options"], "nosniff", about);
  assert.match(answer.headers["strict-transport-security"], /^max-age=\d{8}/);
  assert.equal(answer.json.results.code, status, about);
  assert.equal(answer.json.results.msg, msg, about);
  if (detail) assert.match(answer.json.results.detail, detail);
}

/** Checks a reply that holds nothing but its status and phrase. */
function isStandard(answer, status, msg) {
  isAnswer(answer, status, msg);
  assert.deepEqual(answer.json, { results: { code: status, msg } });
}

for (const h2 of [false, true]) {
  describe(`REST API by HTTP/${h2 ? 2 : 1.1}`, () => {
    let server;
    before(async () => {
      server = await startServer({ env: { SFCHAT_PUBLIC_URL: "https://chat.example.org" } });
    });
    after(() => server.stop());

    const ask = (method, target, options) =>
      request(server, method, target, { h2, ...options });
    const pair = async () => {
      const people = await meet(server);
      for (const person of people) person.h2 = h2;
      return people;
    };

    // --- a DELETE that comes as a POST ---

    it("X-SFC-Method: DELETE makes the server treat a POST as a DELETE", async () => {
      const headers = { "X-SFC-Method": "DELETE" };
      const [alice, bob] = await pair();
      await alice.send("Hi");
      const [{ _id }] = (await bob.look()).json.results.messages;
      isStandard(await bob.ask("POST", "messages.json", {
        headers, body: { data: { messages: [{ _id }] } },
      }), 202, "Accepted");
      assert.equal((await bob.look()).json.results.count, 0);
      isStandard(await bob.ask("POST", "chat.json", { headers }), 202, "Accepted");
      assert.equal((await alice.look()).json.results.status, "closed");
    });

    it("X-SFC-Method: another value is refused, and changes nothing", async () => {
      const [alice, bob] = await pair();
      for (const value of ["delete", "GET", "PUT", "DELETE x"]) {
        const headers = { "X-SFC-Method": value };
        isAnswer(await alice.ask("POST", "chat.json", { headers }),
          400, "Bad Request", /^X-SFC-Method: /);
        isAnswer(await alice.ask("POST", "messages.json", {
          headers, body: { data: { messages: [{ msg: "Hi" }] } },
        }), 400, "Bad Request", /^X-SFC-Method: /);
      }
      assert.equal((await bob.look()).json.results.count, 0);
      assert.equal((await bob.look()).json.results.status, "ready");
    });

    it("X-SFC-Method: ignored if the resource has no DELETE or the request is no POST", async () => {
      const headers = { "X-SFC-Method": "anything" };
      isAnswer(await ask("POST", "/api/v1/create.json", { headers }), 201, "Created");
      const [alice] = await pair();
      isAnswer(await alice.ask("GET", "messages.json?wait=0", { headers }), 200, "Ok");
    });

    // --- success ---

    it("create.json POST: returns 201 with both tokens", async () => {
      const answer = await ask("POST", "/api/v1/create.json");
      isAnswer(answer, 201, "Created");
      assert.deepEqual(
        Object.keys(answer.json.results).sort(),
        ["chatToken", "code", "msg", "userToken"]);
    });

    it("the length and the type of a body are checked even if it is not read", async () => {
      const [alice] = await meet(server);
      for (const [method, resource, status, msg] of [
        ["POST", "create.json", 201, "Created"],
        ["DELETE", "chat.json", 202, "Accepted"],
      ]) {
        const send = (body, type = "application/json") =>
          ask(method, `/api/v1/${resource}`,
            { body, headers: { ...alice.headers(), "content-type": type } });
        isAnswer(await send("x", "text/plain"), 415, "Unsupported Media Type");
        isAnswer(await send("x".repeat(65537)), 413, "Content Too Large");
        isAnswer(await send("{}"), status, msg);
      }
    });

    it("join.json POST: returns 201 with the user token", async () => {
      const { chat } = await create(server);
      const answer = await ask("POST", "/api/v1/join.json",
        { body: { data: { chatToken: chat } } });
      isAnswer(answer, 201, "Created");
      assert.deepEqual(
        Object.keys(answer.json.results).sort(), ["code", "msg", "userToken"]);
    });

    it("messages.json GET: returns 200 and an empty list", async () => {
      const [, bob] = await pair();
      const answer = await bob.look();
      isAnswer(answer, 200, "Ok");
      assert.deepEqual(answer.json, { results: {
        code: 200, msg: "Ok", count: 0, status: "ready", seen: 0, messages: [],
      } });
    });

    it("messages.json GET: returns the oldest message first", async () => {
      const [alice, bob] = await pair();
      for (const text of ["one", "two", "three"]) await alice.send(text);
      const { results } = (await bob.look()).json;
      assert.equal(results.count, 3);
      assert.deepEqual(
        results.messages.map(({ msg }) => msg), ["one", "two", "three"]);
    });

    it("messages.json POST: returns 202", async () => {
      const [alice] = await pair();
      isStandard(await alice.send("Message body"), 202, "Accepted");
    });

    it("messages.json DELETE: returns 202", async () => {
      const [alice] = await pair();
      isStandard(await alice.acknowledge(makeToken()), 202, "Accepted");
    });

    it("chat.json DELETE: returns 202, also the second time", async () => {
      const [alice] = await pair();
      isStandard(await alice.close(), 202, "Accepted");
      isStandard(await alice.close(), 202, "Accepted");
    });

    // --- version ---

    it("the version may be in a header instead of the path", async () => {
      const headers = { "X-SFC-VERSION": "v1" };
      isAnswer(await ask("POST", "/api/create.json", { headers }),
        201, "Created");
    });

    it("the version may be in path and header if it is the same", async () => {
      const headers = { "X-SFC-VERSION": "v1" };
      isAnswer(await ask("POST", "/api/v1/create.json", { headers }),
        201, "Created");
    });

    for (const [what, target, version] of [
      ["missing", "/api/create.json", undefined],
      ["unknown in the path", "/api/v2/create.json", undefined],
      ["unknown in the header", "/api/create.json", "v2"],
      ["different in path and header", "/api/v1/create.json", "v2"],
      ["unknown in the path and known in the header", "/api/v2/create.json", "v1"],
      ["in capitals", "/api/V1/create.json", undefined],
      ["too long", "/api/v11/create.json", undefined],
      ["empty", "/api//create.json", undefined],
    ]) {
      it(`404: the version is ${what}`, async () => {
        const headers = version ? { "X-SFC-VERSION": version } : {};
        isAnswer(await ask("POST", target, { headers }), 404, "Not Found");
      });
    }

    // --- 404 ---

    for (const target of [
      "/api/", "/api/v1", "/api/v1/", "/api/v1/users.json",
      "/api/v1/messages", "/api/v1/messages.jso", "/api/v1/messages.jsonx",
      "/api/v1/messages.json/", "/api/v1/messages.json/x", "/api/v1/Chat.json",
      "/api/v1/x/chat.json", "/api/messages", "/api/messages/v1", "/api/-",
      "/api/create", "/api/create/v1", "/api/v1/%00", "/api/v%00/chat.json",
      "/api/v1/..%2fchat.json",
    ]) {
      it(`404: ${target}`, async () => {
        const answer = await ask("DELETE", target);
        // Apache and nginx refuse a NUL before they know that the error has to be JSON.
        if (traits.name && target.includes("%00")) {
          assert.match(String(answer.status), /^40[04]$/);
        } else {
          isAnswer(answer, 404, "Not Found");
        }
      });
    }

    // --- 501 ---

    for (const [resource, allowed] of Object.entries(RESOURCES)) {
      for (const method of METHODS.filter((name) => !allowed.includes(name))) {
        it(`501: ${method} ${resource}`, async () => {
          const answer = await ask(method, `/api/v1/${resource}`);
          assert.equal(answer.headers.allow, allowed.join(", "));
          if (method === "HEAD") assert.equal(answer.status, 501);
          else isStandard(answer, 501, "Not Implemented");
        });
      }
    }

    it("501: HTTP has no such method", async () => {
      const answer = await ask("FOO", "/api/v1/chat.json");
      assert.equal(answer.status, 501);
      assert.equal(answer.json.results.code, 501);
    });

    // --- 401 ---

    const authenticated = [
      ["GET", "messages.json?longPolling=false"],
      ["GET", "messages.json"],
      ["POST", "messages.json", { data: { messages: [{ msg: "Hi" }] } }],
      ["DELETE", "messages.json", { data: { messages: [{ _id: makeToken() }] } }],
      ["DELETE", "chat.json"],
    ];
    const intruders = {
      "user token missing": (a) => ({ "X-SFC-chatToken": a.chat }),
      "chat token missing": (a) => ({ "X-SFC-userToken": a.user }),
      "both missing": () => ({}),
      "user token empty": (a) => ({ ...a.headers(), "X-SFC-userToken": "" }),
      "user token too short": (a) =>
        ({ ...a.headers(), "X-SFC-userToken": a.user.slice(1) }),
      "user token too long": (a) =>
        ({ ...a.headers(), "X-SFC-userToken": `${a.user}0` }),
      "user token in capitals": (a) =>
        ({ ...a.headers(), "X-SFC-userToken": "ABCDEFABCDEFABCDEFABCDEF" }),
      "user token not hex": (a) =>
        ({ ...a.headers(), "X-SFC-userToken": "g".repeat(24) }),
      "chat token malformed": (a) =>
        ({ ...a.headers(), "X-SFC-chatToken": `${a.chat.slice(1)}z` }),
      "user token unknown": (a) =>
        ({ ...a.headers(), "X-SFC-userToken": makeToken() }),
      "chat token unknown": (a) =>
        ({ ...a.headers(), "X-SFC-chatToken": makeToken() }),
      "user token of another chat": (a, other) =>
        ({ ...a.headers(), "X-SFC-userToken": other.user }),
      "tokens exchanged": (a) =>
        ({ "X-SFC-userToken": a.chat, "X-SFC-chatToken": a.user }),
      "chat token as both": (a) =>
        ({ "X-SFC-userToken": a.chat, "X-SFC-chatToken": a.chat }),
      "user token sent twice": (a) =>
        ({ ...a.headers(), "X-SFC-userToken": `${a.user}, ${a.user}` }),
    };
    for (const [what, headers] of Object.entries(intruders)) {
      it(`401: ${what}`, async () => {
        const [alice, bob] = await pair();
        const [other] = await pair();
        for (const [method, resource, body] of authenticated) {
          const answer = await api(server, method, resource,
            { h2, body, headers: headers(alice, other) });
          isAnswer(answer, 401, "Unauthorized");
          assert.equal(answer.headers["www-authenticate"], "SFChat");
        }
        const { results } = (await bob.look()).json;
        assert.deepEqual(
          [results.status, results.count], ["ready", 0], "the chat is unchanged");
      });
    }

    it("401: the chat has been removed", async () => {
      const [alice, bob] = await pair();
      await alice.close();
      await alice.drain();
      await bob.drain();
      for (const [method, resource, body] of authenticated) {
        const answer = await alice.ask(method, resource, { body });
        isAnswer(answer, 401, "Unauthorized");
      }
    });

    it("401: the tokens are checked before the body", async () => {
      const stranger = new Person(server, makeToken(), "");
      isAnswer(await stranger.ask("POST", "messages.json", { body: "{" }),
        401, "Unauthorized");
    });

    // --- 403, 404, 409 ---

    it("403: the chat of a sent message is closed", async () => {
      const [alice, bob] = await pair();
      await bob.close();
      isAnswer(await alice.send("Hi"), 403, "Forbidden");
    });

    it("404: the code of a join is unknown", async () => {
      isAnswer(await askToJoin(server, makeToken()), 404, "Not Found");
    });

    it("404: the code of a join is that of a closed chat", async () => {
      const [alice] = await pair();
      await alice.close();
      isAnswer(await askToJoin(server, alice.chat), 404, "Not Found");
    });

    it("409: the code of a join was used before", async () => {
      const [alice] = await pair();
      isAnswer(await askToJoin(server, alice.chat), 409, "Conflict");
    });

    it("409: a message is sent before the joiner has joined", async () => {
      const alice = await create(server);
      isAnswer(await alice.send("Hi"), 409, "Conflict");
      const bob = await join(server, alice.chat);
      assert.equal((await bob.look()).json.results.count, 1,
        "only the system message waits");
    });

    // --- 400: the body of join ---

    for (const [what, body] of Object.entries({
      "empty": "", "not JSON": "{", "two values": "{}{}", "a list": "[]",
      "a string": '"data"', "null": "null", "no data": "{}",
      "data not an object": '{"data":[]}', "no chatToken": '{"data":{}}',
      "chatToken a number": '{"data":{"chatToken":1}}',
      "chatToken null": '{"data":{"chatToken":null}}',
      "chatToken short": '{"data":{"chatToken":"abc"}}',
      "chatToken in capitals": '{"data":{"chatToken":"ABCDEFABCDEFABCDEFABCDEF"}}',
      "chatToken with a NUL":
        '{"data":{"chatToken":"0123456789abcdef01234567\\u0000"}}',
      "a NUL before the end":
        '{"data":{"chatToken":"0123456789abcdef01234567"}}\0',
      "nested too deep": "[".repeat(30000),
    })) {
      it(`400: the body of a join has this fault: ${what}`, async () => {
        const answer = await ask("POST", "/api/v1/join.json",
          { body, headers: { "content-type": "application/json" } });
        isAnswer(answer, 400, "Bad Request", /./);
      });
    }

    // --- 413 ---

    const padded = (chat, size) => {
      const json = JSON.stringify({ data: { chatToken: chat } });
      return json + " ".repeat(size - json.length);
    };
    const headers = { "content-type": "application/json" };

    it("a body of 64 KiB is accepted", async () => {
      const { chat } = await create(server);
      isAnswer(await ask("POST", "/api/v1/join.json",
        { headers, body: padded(chat, 65536) }), 201, "Created");
    });

    it("413: a body is over 64 KiB, and changes nothing", async () => {
      const { chat } = await create(server);
      for (const size of [65537, 200_000]) {
        isAnswer(await ask("POST", "/api/v1/join.json",
          { headers, body: padded(chat, size) }), 413, "Content Too Large");
      }
      isAnswer(await askToJoin(server, chat), 201, "Created");
    });

    it("413: the web server itself refuses a body of 300,000 bytes", async () => {
      const size = 300_000;
      const answer = await ask("POST", "/api/v1/join.json", {
        headers: { ...headers, "content-length": String(size) },
        body: h2 ? Buffer.alloc(size) : " ",
      });
      assert.equal(answer.status, 413);
      assert.deepEqual(answer.json,
        { results: { code: 413, msg: "Content Too Large" } });
    });

    // --- 415 ---

    for (const type of [
      "text/plain", "application/x-www-form-urlencoded", "application/jsonp",
      "application/json2; charset=utf-8", "multipart/form-data", "json",
    ]) {
      it(`415: the content type is ${type}`, async () => {
        const [alice] = await pair();
        const { chat } = await create(server);
        const wrong = { "content-type": type };
        const join = JSON.stringify({ data: { chatToken: chat } });
        const [, , send] = authenticated[2];
        const [, , remove] = authenticated[3];
        for (const answer of [
          await ask("POST", "/api/v1/join.json", { headers: wrong, body: join }),
          await alice.ask("POST", "messages.json",
            { headers: wrong, body: JSON.stringify(send) }),
          await alice.ask("DELETE", "messages.json",
            { headers: wrong, body: JSON.stringify(remove) }),
        ]) {
          isAnswer(answer, 415, "Unsupported Media Type");
        }
      });
    }

    it("415: there is no content type", async () => {
      const body = JSON.stringify({ data: { chatToken: makeToken() } });
      isAnswer(await ask("POST", "/api/v1/join.json", { body }),
        415, "Unsupported Media Type");
    });

    for (const type of [
      "application/json; charset=utf-8", "application/json;charset=UTF-8",
      "Application/JSON", "application/json ; x=y",
    ]) {
      it(`the content type ${type} is accepted`, async () => {
        const { chat } = await create(server);
        isAnswer(await ask("POST", "/api/v1/join.json", {
          headers: { "content-type": type },
          body: JSON.stringify({ data: { chatToken: chat } }),
        }), 201, "Created");
      });
    }
  });
}
