// SPDX-License-Identifier: BSD-3-Clause
// The programs without a server, with requests that follow RFC 3875 and with
// requests that break it: whatever the environment and the body are, a program
// replies, does not crash and does not hang.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";

import { makeToken } from "../lib/chat.mjs";
import { waitFor } from "../lib/children.mjs";
import {
  locateProgram, parseReply, runProgram, startProgram,
} from "../lib/program.mjs";

const PROGRAMS = ["create", "join", "messages", "chat", "health"];

/** Returns the two ends of a connection between Unix sockets. */
async function connectPair(t, path) {
  const listener = net.createServer({ allowHalfOpen: true }).listen(path);
  t.after(() => listener.close());
  const near = net.connect(path);
  const [[far]] =
    await Promise.all([once(listener, "connection"), once(near, "connect")]);
  return [near, far];
}

describe("programs without a server", () => {
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

  /**
   * Runs a program with a body and the variables that describe it. `env` sets
   * variables; one that is undefined there is left out.
   */
  const runRequest = (program, method, body, env = {}, more = {}) => {
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

  const createChat = async () => (await runRequest("create", "POST")).json.results;
  const tokens = ({ chatToken, userToken }) => ({
    HTTP_X_SFC_CHATTOKEN: chatToken, HTTP_X_SFC_USERTOKEN: userToken,
  });
  const joinBody = (chatToken) => JSON.stringify({ data: { chatToken } });

  // --- well-formed requests ---

  it("two participants talk from create to close", async () => {
    const chat = await createChat();
    const alice = tokens(chat);
    const joined = await runRequest("join", "POST", joinBody(chat.chatToken));
    assert.equal(joined.status, 201);
    const bob = tokens({ ...chat, ...joined.json.results });
    const sent = await runRequest("messages", "POST",
      '{"data":{"messages":[{"msg":"Hi"}]}}', alice);
    assert.equal(sent.status, 202);
    const got = await runRequest("messages", "GET", undefined, bob);
    assert.deepEqual(
      got.json.results.messages.map(({ msg }) => msg),
      ["Chat is ready to use", "Hi"]);
    const ids = got.json.results.messages.map(({ _id }) => ({ _id }));
    const removed = await runRequest("messages", "DELETE",
      JSON.stringify({ data: { messages: ids } }), bob);
    assert.equal(removed.status, 202);
    assert.equal((await runRequest("chat", "DELETE", undefined, alice)).status, 202);
    assert.equal(got.stderr + removed.stderr, "", "nothing is logged");
  });

  it("without PATH_INFO the version is taken from the header", async () => {
    const { status } = await runRequest("create", "POST", undefined,
      { PATH_INFO: undefined, HTTP_X_SFC_VERSION: "v1" });
    assert.equal(status, 201);
  });

  it("SIGTERM ends a waiting poll without a reply", async () => {
    const chat = await createChat();
    await runRequest("join", "POST", joinBody(chat.chatToken));
    const env = { ...base, REQUEST_METHOD: "GET", ...tokens(chat) };
    const first = await runProgram("messages", { env });
    const ids = first.json.results.messages.map(({ _id }) => ({ _id }));
    await runRequest("messages", "DELETE",
      JSON.stringify({ data: { messages: ids } }), tokens(chat));
    const child = startProgram(
      locateProgram("messages"), [], { env, stdio: ["ignore", "pipe", "ignore"] });
    let stdout = "";
    child.stdout.on("data", (text) => { stdout += text; });
    const ended = once(child, "close");
    await waitFor(async () => /\/wake$/m.test(
      await readFile(`/proc/${child.pid}/maps`, "latin1")) &&
      /\) S /.test(await readFile(`/proc/${child.pid}/stat`, "latin1")),
    "the program sleeps, with the table of wake-ups open");
    child.kill("SIGTERM");
    const [, signal] = await ended;
    assert.equal(signal, "SIGTERM");
    assert.equal(stdout, "");
  });

  // --- a body that the program does not read ---

  // Apache's mod_cgid gives a program one socket as its standard input and output.
  it("a body that is not read does not reset the program's socket", async (t) => {
    const [server, program] = await connectPair(t, `${dir}/pair`);
    server.write("{}");
    const env = { ...base, REQUEST_METHOD: "POST",
      CONTENT_TYPE: "application/json", CONTENT_LENGTH: "2" };
    startProgram(locateProgram("create"), [],
      { env, stdio: [program, program, "ignore"] });
    program.destroy();
    assert.equal(parseReply(await text(server)).status, 201);
  });

  /** Sends a request whose body `create` does not read. */
  async function createByScgi(socket) {
    const variables = ["CONTENT_LENGTH", "2", "SCGI", "1", "PATH_INFO", "/v1",
      "REQUEST_METHOD", "POST", "CONTENT_TYPE", "application/json"];
    const header = variables.map((word) => `${word}\0`).join("");
    const server = await waitFor(() => new Promise((resolve) => {
      const connection = net.connect(socket, () => resolve(connection));
      connection.on("error", () => resolve(false));
    }), "somebody listens");
    server.write(`${header.length}:${header},{}`);
    return parseReply(await text(server));
  }

  it("a body that is not read does not reset an SCGI connection", async (t) => {
    const child = startProgram(
      locateProgram("create"), ["--scgi", `${dir}/scgi`], { env: base });
    t.after(() => child.kill());
    assert.equal((await createByScgi(`${dir}/scgi`)).status, 201);
  });

  it("--scgi without a path serves the socket that systemd passes", async (t) => {
    const settings = Object.entries(base).map(([name, value]) => `--setenv=${name}=${value}`);
    const child = startProgram("/usr/bin/systemd-socket-activate",
      [`--listen=${dir}/passed`, ...settings, locateProgram("create"), "--scgi"],
      { env: base });
    t.after(() => child.kill());
    for (let i = 0; i < 3; i++) {
      assert.equal((await createByScgi(`${dir}/passed`)).status, 201);
    }
  });

  // --- malformed environments ---

  for (const program of PROGRAMS) {
    it(`${program}: an empty environment is replied to with 404`, async () => {
      const { status } = await runProgram(program, {});
      assert.equal(status, 404, "the version is missing");
    });

    for (const method of [
      "", "get", "FOO", "OPTIONS", "POST ", "x".repeat(100_000), "%s%n",
    ]) {
      const shown = JSON.stringify(method.slice(0, 9));
      it(`${program}: the method ${shown} is refused with 501`, async () => {
        const { status, headers } = await runRequest(program, method);
        assert.equal(status, 501);
        assert.match(headers.allow, /^[A-Z]+(, [A-Z]+)*$/);
      });
    }

    it(`${program}: the reply to HEAD has no body`, async () => {
      const { status, headers } = await runRequest(program, "HEAD");
      assert.equal(status, program === "health" ? 200 : 501);
      assert.match(headers["content-length"], /^[1-9]\d*$/);
    });

    for (const version of [
      "", "/", "/v2", "/v1/", "/v1/x", "v1", "/V1", "/v1\u0001", "/..",
      "x".repeat(100_000), "%s%n",
    ]) {
      const shown = JSON.stringify(version.slice(0, 9));
      it(`${program}: the path ${shown} is refused with 404`, async () => {
        const { status } = await runRequest(
          program, "POST", undefined, { PATH_INFO: version });
        assert.equal(status, 404);
      });
    }

    it(`${program}: a thousand long variables do no harm`, async () => {
      const env = {};
      for (let i = 0; i < 1000; i++) env[`HTTP_X_${i}`] = "x".repeat(1000);
      const { status } = await runRequest(program, "PUT", undefined, env);
      assert.equal(status, 501);
    });

    it(`${program}: a variable of 130,000 bytes does no harm`, async () => {
      const huge = "x".repeat(130_000);
      for (const name of [
        "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "CONTENT_TYPE",
        "CONTENT_LENGTH", "HTTP_X_SFC_VERSION", "HTTP_X_SFC_USERTOKEN",
        "HTTP_X_SFC_CHATTOKEN", "SCRIPT_NAME", "SERVER_NAME",
      ]) {
        for (const method of ["GET", "POST", "DELETE"]) {
          const { status } = await runRequest(program, method, "{}", { [name]: huge });
          assert.ok(status < 500 || status === 501, `${name}: ${status}`);
        }
      }
    });

    it(`${program}: a variable cannot add a header to the reply`, async () => {
      const odd = "\u00ff\u0001\r\nX-Evil: 1\r\n\r\n";
      for (const name of [
        "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR",
        "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_X_SFC_VERSION",
        "HTTP_X_SFC_USERTOKEN", "HTTP_X_SFC_CHATTOKEN",
      ]) {
        const { status, headers } =
          await runRequest(program, "POST", "{}", { [name]: odd });
        assert.ok(status < 500 || status === 501, `${name}: ${status}`);
        assert.ok(!("x-evil" in headers));
      }
    });

    it(`${program}: replies without standard input and error`, async () => {
      const child = startProgram(
        "/bin/sh", ["-c", '"$0" <&- 2>&-', locateProgram(program)], { env: { ...base, REQUEST_METHOD: "POST", CONTENT_LENGTH: "10",
          CONTENT_TYPE: "application/json" } });
      let stdout = "";
      child.stdout.on("data", (text) => { stdout += text; });
      await once(child, "close");
      const { status } = parseReply(stdout);
      assert.ok(status < 500 || status === 501, `${status}`);
    });

    it(`${program}: exits with 1 when it cannot write the reply`, async () => {
      const child = startProgram(
        "/bin/sh", ["-c", '"$0" >&-', locateProgram(program)], { env: { ...base, REQUEST_METHOD: "PUT" } });
      const [code, signal] = await once(child, "close");
      assert.equal(signal, null);
      assert.equal(code, 1);
    });
  }

  // --- malformed bodies ---

  const bodied = [
    ["join", "POST", joinBody("0".repeat(24)), 404],
    ["messages", "POST", '{"data":{"messages":[{"msg":"x"}]}}', 401],
    ["messages", "DELETE",
      `{"data":{"messages":[{"_id":"${makeToken()}"}]}}`, 401],
  ];

  // Well-formed tokens, so that the program goes on to the body.
  const stranger = tokens({ chatToken: makeToken(), userToken: makeToken() });

  for (const [program, method, body, status] of bodied) {
    const about = `${program} ${method}`;
    const ask = (variables, given = body, more = {}) =>
      runRequest(program, method, given, { ...stranger, ...variables }, more);

    it(`${about}: a well-formed body is read`, async () => {
      assert.equal((await ask({})).status, status);
    });

    for (const [length, expected] of [
      [undefined, 400], ["", 400], ["-1", 400], ["+5", 400], ["0x10", 400],
      ["12abc", 400], [" 12", 400], ["12 ", 400], ["1.5", 400], ["0", 400],
      ["1", 400], ["65537", 413], ["99999999999999999999999999", 413],
      ["18446744073709551615", 413], ["4294967296", 413],
      ["9223372036854775807", 413], ["-9223372036854775808", 400],
    ]) {
      const shown = JSON.stringify(length);
      it(`${about}: CONTENT_LENGTH ${shown} is refused`, async () => {
        const answer = await ask({ CONTENT_LENGTH: length });
        assert.equal(answer.status, expected);
      });
    }

    it(`${about}: CONTENT_LENGTH may begin with zeros`, async () => {
      const answer = await ask(
        { CONTENT_LENGTH: String(body.length).padStart(30, "0") });
      assert.equal(answer.status, status);
    });

    it(`${about}: bytes beyond CONTENT_LENGTH are ignored`, async () => {
      const answer = await ask({ CONTENT_LENGTH: String(body.length) },
        `${body}${"x".repeat(100_000)}`);
      assert.equal(answer.status, status);
    });

    it(`${about}: a body that is cut off is refused`, async () => {
      const answer = await ask({}, body.slice(0, -1));
      const short = await ask({ CONTENT_LENGTH: String(body.length + 1) });
      assert.equal(answer.status, 400);
      assert.equal(short.status, 400);
      assert.match(short.json.results.detail, /shorter/);
    });

    for (const at of [0, 5, body.length - 3, body.length]) {
      it(`${about}: a NUL at byte ${at} is refused`, async () => {
        const answer = await ask({},
          `${body.slice(0, at)}\0${body.slice(at)}`);
        assert.equal(answer.status, 400);
      });
    }

    it(`${about}: 30,000 bytes that repeat one text are refused`, async () => {
      for (const character of ["\0", "[", '{"a":', '"', "\\", "\u00ff"]) {
        const answer = await ask({}, character.repeat(30000).slice(0, 30000));
        assert.equal(answer.status, 400);
      }
    });

    for (const type of [undefined, "", "text/plain", "application/json\u0001"]) {
      const shown = JSON.stringify(type);
      it(`${about}: CONTENT_TYPE ${shown} is refused with 415`, async () => {
        assert.equal((await ask({ CONTENT_TYPE: type })).status, 415);
      });
    }
  }

  // The input stays open, so only the deadline for the body can end the program.
  describe("a body that does not come is given up", { concurrency: true }, () => {
    for (const [program, method, body] of bodied) {
      for (const part of ["", body.slice(0, 10)]) {
        it(`${program} ${method}: after ${part.length} bytes`, async () => {
          const answer = await runRequest(program, method, part,
            { ...stranger, CONTENT_LENGTH: String(body.length) }, { keepInputOpen: true });
          assert.equal(answer.status, 400);
          assert.match(answer.json.results.detail, /shorter/);
        });
      }
    }
  });

  // --- an unusable store ---

  for (const [place, name] of [
    ["at the path of a file", "/file"], ["below a file", "/file/store"],
  ]) {
    it(`a store ${place}: the reply is 503 and names no path`, async () => {
      await writeFile(`${dir}/file`, "");
      const { status, json, stderr } = await runRequest("create", "POST", undefined,
        { SFCHAT_STORE: `lmdb:${dir}${name}` });
      assert.equal(status, 503);
      assert.ok(!JSON.stringify(json).includes(dir));
      assert.notEqual(stderr, "", "the cause is logged");
    });
  }
});
