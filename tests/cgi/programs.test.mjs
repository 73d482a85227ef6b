// SPDX-License-Identifier: BSD-3-Clause
// The programs run directly, as RFC 3875 says and as it does not: whatever
// they are given, they answer cleanly, do not crash and do not hang.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";

import { makeToken } from "../lib/chat.mjs";
import { PATIENCE_MS, locate, parseAnswer, runProgram } from "../lib/program.mjs";

const PROGRAMS = ["create", "join", "messages", "chat"];

describe("programs run by hand", () => {
  let dir;
  let base;
  before(async () => {
    dir = await mkdtemp("/dev/shm/sfchat-test-");
    base = {
      GATEWAY_INTERFACE: "CGI/1.1", SERVER_PROTOCOL: "HTTP/1.1",
      PATH_INFO: "/v1", REMOTE_ADDR: "127.0.0.1", SFCHAT_CREATE_LIMIT: "0",
      SFCHAT_RUNTIME_DIR: dir,
    };
  });
  after(() => rm(dir, { recursive: true, force: true }));

  /** A body with the length and type that belong to it, or what env says. */
  const run = (program, method, body, env = {}, more = {}) => {
    const all = {
      ...base, REQUEST_METHOD: method, ...(body !== undefined && {
        CONTENT_TYPE: "application/json",
        CONTENT_LENGTH: String(Buffer.byteLength(body)),
      }), ...env,
    };
    for (const name of Object.keys(all)) {
      if (all[name] === undefined) delete all[name];
    }
    return runProgram(program, { env: all, body, ...more });
  };

  const createChat = async () => (await run("create", "POST")).json.results;
  const tokens = ({ chatToken, userToken }) => ({
    HTTP_X_SFC_CHATTOKEN: chatToken, HTTP_X_SFC_USERTOKEN: userToken,
  });
  const joinBody = (chatToken) => JSON.stringify({ data: { chatToken } });

  // --- as it should be ---

  it("a whole chat by hand", async () => {
    const chat = await createChat();
    const alice = tokens(chat);
    const joined = await run("join", "POST", joinBody(chat.chatToken));
    assert.equal(joined.status, 201);
    const bob = tokens({ ...chat, ...joined.json.results });
    const sent = await run("messages", "POST",
      '{"data":{"messages":[{"msg":"Hi"}]}}', alice);
    assert.equal(sent.status, 202);
    const got = await run("messages", "GET", undefined, bob);
    assert.deepEqual(
      got.json.results.messages.map(({ msg }) => msg),
      ["Chat is ready to use", "Hi"]);
    const ids = got.json.results.messages.map(({ _id }) => ({ _id }));
    const removed = await run("messages", "DELETE",
      JSON.stringify({ data: { messages: ids } }), bob);
    assert.equal(removed.status, 202);
    assert.equal((await run("chat", "DELETE", undefined, alice)).status, 202);
    assert.equal(got.stderr + removed.stderr, "", "nothing to complain about");
  });

  it("version from the header, without PATH_INFO", async () => {
    const { status } = await run("create", "POST", undefined,
      { PATH_INFO: undefined, HTTP_X_SFC_VERSION: "v1" });
    assert.equal(status, 201);
  });

  it("a poll ends by SIGTERM at once, and leaves no answer", async () => {
    const chat = await createChat();
    await run("join", "POST", joinBody(chat.chatToken));
    const env = { ...base, REQUEST_METHOD: "GET", ...tokens(chat) };
    const first = await runProgram("messages", { env });
    const ids = first.json.results.messages.map(({ _id }) => ({ _id }));
    await run("messages", "DELETE",
      JSON.stringify({ data: { messages: ids } }), tokens(chat));
    const child = spawn(locate("messages"), { env, stdio: ["ignore", "pipe"] });
    let stdout = "";
    child.stdout.on("data", (text) => { stdout += text; });
    setTimeout(() => child.kill("SIGTERM"), 500);
    const start = Date.now();
    const [, signal] = await once(child, "close");
    assert.equal(signal, "SIGTERM");
    assert.ok(Date.now() - start < 5000);
    assert.equal(stdout, "");
  });

  // --- an environment that is none ---

  for (const program of PROGRAMS) {
    it(`${program}: an empty environment`, async () => {
      const { status } = await runProgram(program, {});
      assert.equal(status, 404, "no version");
    });

    for (const method of [
      "", "get", "FOO", "HEAD", "OPTIONS", "POST ", "x".repeat(100_000), "%s%n",
    ]) {
      it(`${program}: method ${JSON.stringify(method.slice(0, 9))}`, async () => {
        const { status, headers } = await run(program, method);
        assert.equal(status, 501);
        assert.match(headers.allow, /^[A-Z]+(, [A-Z]+)*$/);
      });
    }

    for (const version of [
      "", "/", "/v2", "/v1/", "/v1/x", "v1", "/V1", "/v1\u0001", "/..",
      "x".repeat(100_000), "%s%n",
    ]) {
      it(`${program}: path ${JSON.stringify(version.slice(0, 9))}`, async () => {
        const { status } = await run(
          program, "POST", undefined, { PATH_INFO: version });
        assert.equal(status, 404);
      });
    }

    it(`${program}: a huge environment`, async () => {
      const env = {};
      for (let i = 0; i < 1000; i++) env[`HTTP_X_${i}`] = "x".repeat(1000);
      const { status } = await run(program, "PUT", undefined, env);
      assert.equal(status, 501);
    });

    it(`${program}: each variable huge`, async () => {
      const huge = "x".repeat(130_000);
      for (const name of [
        "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "CONTENT_TYPE",
        "CONTENT_LENGTH", "HTTP_X_SFC_VERSION", "HTTP_X_SFC_USERTOKEN",
        "HTTP_X_SFC_CHATTOKEN", "SCRIPT_NAME", "SERVER_NAME",
      ]) {
        for (const method of ["GET", "POST", "DELETE"]) {
          const { status } = await run(program, method, "{}", { [name]: huge });
          assert.ok(status < 500 || status === 501, `${name}: ${status}`);
        }
      }
    });

    it(`${program}: bytes that are no text, in each variable`, async () => {
      const odd = "\u00ff\u0001\r\nX-Evil: 1\r\n\r\n";
      for (const name of [
        "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR",
        "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_X_SFC_VERSION",
        "HTTP_X_SFC_USERTOKEN", "HTTP_X_SFC_CHATTOKEN",
      ]) {
        const { status, headers } =
          await run(program, "POST", "{}", { [name]: odd });
        assert.ok(status < 500 || status === 501, `${name}: ${status}`);
        assert.ok(!("x-evil" in headers));
      }
    });

    it(`${program}: no standard input, output or error`, async () => {
      const child = spawn("/bin/sh", ["-c", '"$0" <&- 2>&-', locate(program)],
        { env: { ...base, REQUEST_METHOD: "POST", CONTENT_LENGTH: "10",
          CONTENT_TYPE: "application/json" } });
      let stdout = "";
      child.stdout.on("data", (text) => { stdout += text; });
      const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
      await once(child, "close");
      clearTimeout(timer);
      const { status } = parseAnswer(stdout);
      assert.ok(status < 500 || status === 501, `${status}`);
    });

    it(`${program}: nobody reads the answer`, async () => {
      const child = spawn("/bin/sh", ["-c", '"$0" >&-', locate(program)],
        { env: { ...base, REQUEST_METHOD: "PUT" } });
      const [code, signal] = await once(child, "close");
      assert.equal(signal, null);
      assert.equal(code, 1, "it says that it could not answer");
    });
  }

  // --- a body that is none ---

  const bodied = [
    ["join", "POST", joinBody("0".repeat(24)), 404],
    ["messages", "POST", '{"data":{"messages":[{"msg":"x"}]}}', 401],
    ["messages", "DELETE",
      `{"data":{"messages":[{"_id":"${makeToken()}"}]}}`, 401],
  ];

  // Tokens that are well formed, so that the body gets its turn.
  const who = tokens({ chatToken: makeToken(), userToken: makeToken() });

  for (const [program, method, body, status] of bodied) {
    const about = `${program} ${method}`;
    const ask = (variables, given = body, more = {}) =>
      run(program, method, given, { ...who, ...variables }, more);

    it(`${about}: as it should be`, async () => {
      assert.equal((await ask({})).status, status);
    });

    for (const [length, expected] of [
      [undefined, 400], ["", 400], ["-1", 400], ["+5", 400], ["0x10", 400],
      ["12abc", 400], [" 12", 400], ["12 ", 400], ["1.5", 400], ["0", 400],
      ["1", 400], ["65537", 413], ["99999999999999999999999999", 413],
      ["18446744073709551615", 413], ["4294967296", 413],
      ["9223372036854775807", 413], ["-9223372036854775808", 400],
    ]) {
      it(`${about}: CONTENT_LENGTH ${JSON.stringify(length)}`, async () => {
        const answer = await ask({ CONTENT_LENGTH: length });
        assert.equal(answer.status, expected);
      });
    }

    it(`${about}: CONTENT_LENGTH with zeros in front`, async () => {
      const answer = await ask(
        { CONTENT_LENGTH: String(body.length).padStart(30, "0") });
      assert.equal(answer.status, status);
    });

    it(`${about}: more comes than CONTENT_LENGTH says`, async () => {
      const answer = await ask({ CONTENT_LENGTH: String(body.length) },
        `${body}${"x".repeat(100_000)}`);
      assert.equal(answer.status, status);
    });

    it(`${about}: the body stops early`, async () => {
      const answer = await ask({}, body.slice(0, -1));
      const lying = await ask({ CONTENT_LENGTH: String(body.length + 1) });
      assert.equal(answer.status, 400);
      assert.equal(lying.status, 400);
      assert.match(lying.json.results.detail, /shorter/);
    });

    for (const at of [0, 5, body.length - 3, body.length]) {
      it(`${about}: a NUL at byte ${at}`, async () => {
        const answer = await ask({},
          `${body.slice(0, at)}\0${body.slice(at)}`);
        assert.equal(answer.status, 400);
      });
    }

    it(`${about}: 64 KiB of NULs, of brackets, of quotes`, async () => {
      for (const character of ["\0", "[", '{"a":', '"', "\\", "\u00ff"]) {
        const flood = character.repeat(65536 / character.length);
        const answer = await ask({}, flood.slice(0, 30000));
        assert.equal(answer.status, 400);
      }
    });

    for (const type of [undefined, "", "text/plain", "application/json\u0001"]) {
      it(`${about}: CONTENT_TYPE ${JSON.stringify(type)}`, async () => {
        assert.equal((await ask({ CONTENT_TYPE: type })).status, 415);
      });
    }
  }

  describe("a body that does not come", { concurrency: true }, () => {
    for (const [program, method, body] of bodied) {
      for (const part of ["", body.slice(0, 10)]) {
        it(`${program} ${method}: after ${part.length} bytes`, async () => {
          const answer = await run(program, method, part,
            { ...who, CONTENT_LENGTH: String(body.length) }, { open: true });
          assert.equal(answer.status, 400);
          assert.ok(answer.milliseconds < 15000, `${answer.milliseconds} ms`);
        });
      }
    }
  });

  // --- a store that is none ---

  for (const [what, name] of [
    ["a file", "/file"], ["a place below a file", "/file/store"],
  ]) {
    it(`the store in ${what}: 503, and no path in the answer`, async () => {
      await writeFile(`${dir}/file`, "");
      const { status, json, stderr } = await run("create", "POST", undefined,
        { SFCHAT_STORE: `lmdb:${dir}${name}` });
      assert.equal(status, 503);
      assert.ok(!JSON.stringify(json).includes(dir));
      assert.notEqual(stderr, "", "whoever runs it is told");
    });
  }
});
