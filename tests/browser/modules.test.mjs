// SPDX-License-Identifier: BSD-3-Clause
/** The modules of the page that need no document, but for the settings in it. */

import assert from "node:assert/strict";
import { afterEach, describe, it, mock } from "node:test";

import { openPaper } from "./lib/paper.mjs";

openPaper();

const { ApiError, createApi } = await import("../../html/js/sfChat/line/api.js");
const { claim } = await import("../../html/js/sfChat/line/claim.js");
const { findLinks } = await import("../../html/js/sfChat/page/links.js");
const { createOutbox } = await import("../../html/js/sfChat/line/outbox.js");
const { createPause } = await import("../../html/js/sfChat/line/pause.js");
const { createPoll } = await import("../../html/js/sfChat/line/poll.js");
const { createPhase } = await import("../../html/js/sfChat/phase.js");
const { isToken, readInvite } = await import("../../html/js/sfChat/validator.js");

const CODE = "0123456789abcdef01234567";
/** Lets everything run that waits for its turn. */
const yieldTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("validator", () => {
  it("a token is 24 hexadecimal digits in lower case", () => {
    assert.equal(isToken(CODE), true);
    for (const bad of ["", CODE.slice(1), `${CODE}0`, CODE.toUpperCase(), `${CODE}\n`, 7, null]) {
      assert.equal(isToken(bad), false, String(bad));
    }
  });

  it("an invitation is read as people type and paste it", () => {
    const secret = "AAECAwQFBgcICQoLDA0ODw";
    for (const typed of [
      CODE, ` ${CODE}\n`, CODE.toUpperCase(), CODE.match(/..../g).join(" "),
      CODE.match(/..../g).join("-"), CODE.match(/..../g).join("\u2011"),
      `\u200e${CODE}\u200b`, `${CODE}.`,
    ]) {
      assert.deepEqual(readInvite(typed), { code: CODE, secret: null }, typed);
    }
    for (const typed of [
      `${CODE}.${secret}`, `https://chat.example/#j=${CODE}.${secret}`,
      `Come here: https://chat.example/#j=${CODE}.${secret} `,
      `https://chat.example/#j=${CODE.toUpperCase()}.${secret.slice(0, 9)}\n${secret.slice(9)}`,
    ]) {
      assert.deepEqual(readInvite(typed), { code: CODE, secret }, typed);
    }
    for (const bad of [
      "", "hello", `${CODE}0`, CODE.slice(1), `g${CODE.slice(1)}`,
      `${CODE}.${secret.slice(1)}`, `https://chat.example/#j=${CODE}.`,
    ]) {
      assert.equal(readInvite(bad), null, bad);
    }
  });
});

describe("links", () => {
  const links = (text) => findLinks(text).filter(({ href }) => href).map(({ text: t }) => t);

  it("web addresses are found without the punctuation around them", () => {
    for (const [text, wanted] of [
      ["see https://example.org.", ["https://example.org"]],
      ["(https://example.org/a_(b)), ok", ["https://example.org/a_(b)"]],
      ["http://a.example/?q=1&r=2#x and HTTPS://B.example!", ["http://a.example/?q=1&r=2#x", "HTTPS://B.example"]],
      ["\"https://example.org/\"", ["https://example.org/"]],
      ["javascript:alert(1) data:text/html,x ftp://a.example www.example.org", []],
      ["https:// http://", []],
      ["xhttps://example.org", []],
    ]) {
      assert.deepEqual(links(text), wanted, text);
    }
  });

  it("an address ends before the punctuation of every script", () => {
    const address = "https://example.org/a";
    for (const [before, after] of [
      ["„", "“ ist"], ["‚", "‘"], ["«", "»"], ["»", "«"], ["›", "‹"], ["「", "」"], ["（", "）"],
      ["《", "》"], ["见", "。然后"], ["", "、"], ["", "，好"], ["", "！"], ["", "？"], ["", "،"],
      ["", "؛"], ["", "؟"], ["", "۔"], ["", "।"], ["", "։"], ["", "።"], ["", "…"], ["", "—"],
      ["", "’"], ["“", ".”"], ["", "”said"], ["\u2068", "\u2069"], ["", "\u200f."], ["", "\u200b"],
      ["`", "`"],
    ]) {
      assert.deepEqual(links(`${before}${address}${after}`), [address], before + after);
    }
    for (const whole of ["https://a.example/Schindler’s", "https://a.example/Michelson–Morley",
      "https://a.example/צה״ל", "https://a.example/l·l", "https://a.example/a-/", "https://a.example/_"]) {
      assert.deepEqual(links(`${whole}.`), [whole]);
    }
  });

  it("an address that reads in another order than it is written is not linked", () => {
    for (const sign of "\u061c\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069") {
      assert.deepEqual(links(`https://evil.example/${sign}moc.elgoog.www`), []);
    }
  });

  it("the host is named when the text does not show it", () => {
    for (const [address, host] of [
      ["https://example.org", undefined], ["HTTPS://EXAMPLE.org/A?b#c", undefined],
      ["https://example.org:443/", undefined], ["http://example.org:8080", undefined],
      ["https://www.google.com@evil.example/", "evil.example"],
      ["https://www.google.com:x@evil.example/", "evil.example"],
      ["https://аpple.com/", "xn--pple-43d.com"], ["https://bücher.example/", "xn--bcher-kva.example"],
      ["https://2130706433/", "127.0.0.1"], ["https://ｅvil.example/", "evil.example"],
    ]) {
      assert.equal(findLinks(address)[0].host, host, address);
      assert.ok(findLinks(address)[0].href, address);
    }
  });

  it("an address that nobody can read is not linked", () => {
    assert.equal(links(`https://example.org/${"a".repeat(1_980)}`).length, 1);
    assert.deepEqual(links(`https://example.org/${"a".repeat(1_981)}`), []);
    assert.deepEqual(links(`https://example.org/${")".repeat(16_000)}`), []);
  });

  it("the pieces of a text make up the whole text", () => {
    for (const text of ["", "a", "https://x.example", " a https://x.example, b (https://y.example) "]) {
      assert.equal(findLinks(text).map((piece) => piece.text).join(""), text);
    }
  });
});

describe("claim", () => {
  /**
   * Claims `tab`. The browser refuses the lock once for each entry of `holders`.
   * After each refusal it says that the lock of this name is held, or no lock if
   * the entry is null.
   */
  async function claimFrom(tab, holders) {
    let tries = 0;
    const locks = {
      async request(name, options, take) {
        if (tries++ < holders.length) throw new DOMException("", "TimeoutError");
        return take();
      },
      async query() {
        const name = holders[tries - 1];
        return { held: name ? [{ name }] : [], pending: [] };
      },
    };
    Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
    return [await claim(tab), tries];
  }

  it("a claim insists while nobody holds the lock, and yields to a holder", async () => {
    assert.deepEqual(await claimFrom("a", []), [true, 1]);
    assert.deepEqual(await claimFrom("b", [null, "sfChat other"]), [true, 3]);
    assert.deepEqual(await claimFrom("c", [null, "sfChat c"]), [false, 2]);
  });

  it("a second claim of the same page succeeds without asking", async () => {
    assert.deepEqual(await claimFrom("d", []), [true, 1]);
    assert.deepEqual(await claimFrom("d", ["sfChat d"]), [true, 0]);
  });
});

describe("api", () => {
  const { receive } = createApi(
    { chatToken: CODE, userToken: CODE },
    { userHeader: "u", chatHeader: "c", away: "3600" });
  const ask = (results, headers = {}, status = 200) => {
    mock.method(globalThis, "fetch", async () =>
      new Response(JSON.stringify({ results }), { status, headers }));
    return receive(50, new AbortController().signal);
  };
  afterEach(() => mock.restoreAll());

  it("a reply of the server is accepted in each state of a chat", async () => {
    const messages = [{ _id: CODE, msg: "hello", system: true, event: "ready" }];
    for (const status of ["draft", "ready", "closed"]) {
      assert.deepEqual(await ask({ code: 200, msg: "Ok", count: 1, status, messages }),
        { status, messages, left: null, seen: 0 });
    }
  });

  it("a malformed reply is a passing error, not final", async () => {
    const messages = [];
    for (const odd of [
      {}, 7, "text", [], null, { status: "ready" }, { messages },
      { status: "open", messages }, { status: 7, messages }, { status: ["ready"], messages },
      { status: "ready", messages: null }, { status: "ready", messages: { length: 0 } },
      ...[null, 7, "text", {}, { _id: CODE }, { _id: 7, msg: "a" }, { _id: CODE, msg: 7 }]
        .map((message) => ({ status: "ready", messages: [message] })),
    ]) {
      for (const results of [odd, { code: 200, ...odd }]) {
        await assert.rejects(ask(results), (error) =>
          error instanceof ApiError && error.code === 502 && !error.isFinal, JSON.stringify(odd));
      }
    }
  });

  it("only the API itself can end a chat", async () => {
    for (const code of [401, 403]) {
      await assert.rejects(ask({ code, msg: "" }, {}, code), { code, isFinal: true });
      for (const foreign of [null, {}, { code: 200 }, { code: String(code) }]) {
        await assert.rejects(ask(foreign, {}, code), { code: 502, isFinal: false });
      }
      mock.method(globalThis, "fetch", async () =>
        new Response("<h1>Forbidden</h1>", { status: code }));
      await assert.rejects(receive(50, new AbortController().signal),
        { code: 502, isFinal: false, message: `HTTP ${code}` });
    }
  });

  it("a DELETE that something in between refuses is sent as a POST with X-SFC-Method", async () => {
    const { close, acknowledge } = createApi(
      { chatToken: CODE, userToken: CODE },
      { userHeader: "u", chatHeader: "c", away: "3600" });
    const asked = [];
    mock.method(globalThis, "fetch", async (_, { method, headers }) => {
      asked.push(`${method} ${headers["X-SFC-Method"] ?? "-"}`);
      return method === "DELETE"
        ? new Response("<h1>Not allowed</h1>", { status: 405 })
        : new Response(JSON.stringify({ results: { code: 202, msg: "" } }), { status: 202 });
    });
    await acknowledge([CODE]);
    await close();
    assert.deepEqual(asked, ["DELETE -", "POST DELETE", "POST DELETE"]);
  });

  it("an error carries the seconds of Retry-After", async () => {
    for (const [asked, seconds] of [["7", 7], ["soon", 0], ["", 0]]) {
      await assert.rejects(
        ask({ code: 503 }, { "Retry-After": asked }, 503), { retryAfter: seconds });
    }
  });
});

describe("phase", () => {
  const look = ({ isRefused, isOver, hasEnded }) => ({ isRefused, isOver, hasEnded });
  const after = (...steps) => {
    const phase = createPhase();
    for (const step of steps) phase[step]();
    return look(phase);
  };

  it("goes from open to refused, over and ended", () => {
    const phases = [
      { isRefused: false, isOver: false, hasEnded: false },
      { isRefused: true, isOver: false, hasEnded: false },
      { isRefused: true, isOver: true, hasEnded: false },
      { isRefused: true, isOver: false, hasEnded: true },
    ];
    const steps = ["refuse", "finish", "end"];
    for (const [i, phase] of phases.entries()) {
      assert.deepEqual(after(...steps.slice(0, i)), phase);
    }
  });

  it("never goes back to an earlier phase", () => {
    assert.deepEqual(after("finish", "refuse"), after("refuse", "finish"));
    for (const step of ["refuse", "finish", "reopen", "end"]) {
      const { isOver, hasEnded } = after("finish", "end", step);
      assert.deepEqual([isOver, hasEnded], [false, true], step);
    }
    assert.deepEqual(after("refuse", "reopen"), after("refuse"));
  });

  it("goes back when a chat could not be closed, and remembers a refusal", () => {
    assert.deepEqual(after("finish", "reopen"), after());
    assert.deepEqual(after("refuse", "finish", "reopen"), after("refuse"));
    assert.deepEqual(after("finish", "refuse", "reopen"), after("refuse"));
  });

  it("stops everything once, when it ends", () => {
    const phase = createPhase();
    const stopped = [];
    phase.onEnd(() => stopped.push("poll"));
    phase.onEnd(() => stopped.push("outbox"));
    phase.finish();
    assert.deepEqual(stopped, []);
    phase.end();
    phase.end();
    assert.deepEqual(stopped, ["poll", "outbox"]);
  });
});

describe("pause", () => {
  it("a pause can be cut short", async () => {
    const pause = createPause();
    const waiting = pause.wait(9, 3_600);
    pause.cut();
    await waiting;
  });
});

/** Makes every timer expire at once. @returns {number[]} the seconds each was set to */
function skipPauses() {
  const pauses = [];
  mock.method(globalThis, "setTimeout", (run, ms) => {
    pauses.push(ms / 1_000);
    setImmediate(run);
  });
  return pauses;
}

/** Checks that each of the pauses is as long as wanted, a quarter more or less. */
function assertPauses(pauses, wanted) {
  assert.equal(pauses.length, wanted.length);
  for (const [i, seconds] of pauses.entries()) {
    assert.ok(Math.abs(seconds - wanted[i]) <= wanted[i] / 4, `${i}: ${seconds}, not ${wanted[i]}`);
  }
}

/** Opens an outbox whose server answers with each status in turn, then 202. */
function openOutbox(statuses) {
  const seen = { sent: [], states: [], ended: 0, saved: 0 };
  const waiting = { items: [], batch: 0 };
  const outbox = createOutbox({
    waiting,
    save: async () => { seen.saved += 1; },
    send: async (items) => {
      seen.sent.push(items.map(({ _id }) => _id).join());
      const code = statuses.shift();
      if (code !== undefined) throw new ApiError(code, "");
    },
    onState: (ids, state) => seen.states.push(`${state} ${ids.join()}`),
    onEnd: () => { seen.ended += 1; },
  });
  const add = (...items) => {
    waiting.items.push(...items);
    outbox.start();
  };
  return { outbox, waiting, seen, add };
}

const item = (_id) => ({ _id, msg: _id });

/** Lets an outbox run, cutting its pauses, until it has nothing to do. */
async function settle(outbox, rounds = 40) {
  for (let i = 0; i < rounds; i += 1) {
    await yieldTurn();
    outbox.flush();
  }
}

describe("outbox", () => {
  it("a failed request is repeated identically before the next is sent", async () => {
    const { add, outbox, waiting, seen } = openOutbox([503, 0]);
    add(item("a"), item("b"));
    add(item("c"));
    await settle(outbox);
    assert.deepEqual(seen.sent, ["a,b", "a,b", "a,b", "c"]);
    assert.deepEqual(waiting, { items: [], batch: 0 });
    assert.deepEqual(seen.states.filter((s) => s.startsWith("stored")),
      ["stored a,b", "stored c"]);
  });

  it("a caller can wait until all is sent, or an attempt has failed", async () => {
    const { add, outbox, waiting, seen } = openOutbox([]);
    await outbox.settle();
    add(...Array.from({ length: 40 }, (_, i) => item(`m${i}`)));
    await outbox.settle();
    assert.deepEqual([seen.sent.length, waiting.items.length], [2, 0]);
    const broken = openOutbox([503]);
    broken.add(item("a"));
    await broken.outbox.settle();
    assert.deepEqual([broken.seen.sent, broken.waiting.items.length], [["a"], 1]);
    broken.outbox.stop();
  });

  it("a request carries at most 32 messages", async () => {
    const { add, outbox, seen } = openOutbox([]);
    add(...Array.from({ length: 70 }, (_, i) => item(`m${i}`)));
    await settle(outbox);
    assert.deepEqual(seen.sent.map((ids) => ids.split(",").length), [32, 32, 6]);
  });

  it("the outbox gives up after eight attempts, keeps all and can be started again", async () => {
    const { add, outbox, waiting, seen } = openOutbox(Array(8).fill(0));
    add(item("a"));
    add(item("b"));
    // A flush after the eighth attempt would already start again.
    for (let i = 0; seen.states.at(-1) !== "failed a,b"; i += 1) {
      assert.ok(i < 100, "the outbox does not give up");
      await yieldTurn();
      if (seen.sent.length < 8) outbox.flush();
    }
    assert.equal(seen.sent.length, 8);
    assert.equal(waiting.items.length, 2);
    outbox.flush();
    await settle(outbox);
    assert.deepEqual(seen.sent.slice(8), ["a", "b"]);
  });

  it("the pauses grow up to 30 s, or are as long as the server asks, up to 300 s", async () => {
    const pauses = skipPauses();
    const asked = [0, 0, 60, 0, 86_400, 0, 0, 0];
    let sent = 0;
    await new Promise((resolve) => {
      createOutbox({
        waiting: { items: [item("a")], batch: 0 },
        save() {},
        send: async () => { throw new ApiError(503, "", asked[sent++]); },
        onState: (_, state) => state === "failed" && resolve(),
        onEnd() {},
      }).start();
    });
    mock.restoreAll();
    assert.equal(sent, 8);
    assertPauses(pauses, [1, 2, 60, 8, 300, 30, 30]);
  });

  it("a new message does not shorten a pause", async () => {
    const { add, outbox, seen } = openOutbox(Array(8).fill(429));
    for (let i = 0; i < 20; i += 1) {
      add(item(`m${i}`));
      await yieldTurn();
    }
    assert.deepEqual(seen.sent, ["m0"]);
    outbox.stop();
  });

  it("after a reload the batch that may be stored is sent first", async () => {
    const { seen } = openOutbox([]);
    const outbox = createOutbox({
      waiting: { items: [item("a"), item("b"), item("c")], batch: 2 },
      save() {},
      send: async (items) => { seen.sent.push(items.map(({ _id }) => _id).join()); },
      onState() {},
      onEnd() {},
    });
    outbox.flush();
    await settle(outbox);
    assert.deepEqual(seen.sent, ["a,b", "c"]);
  });

  for (const code of [401, 403]) {
    it(`the outbox stops for good on ${code}`, async () => {
      const { add, outbox, seen } = openOutbox([code]);
      add(item("a"));
      await settle(outbox);
      add(item("b"));
      await settle(outbox);
      assert.deepEqual(seen.sent, ["a"]);
      assert.equal(seen.ended, 1);
      assert.equal(seen.states.at(-1), "failed a,b", "no message seems to be on its way");
    });
  }
});

/** Runs a poll against a list of replies; the poll stops at the end of the list. */
async function runPoll(answers) {
  const seen = { holds: [], handled: [], states: [], ended: [] };
  const done = new Promise((resolve) => {
    const poll = createPoll({
      receive: async (hold) => {
        seen.holds.push(hold);
        if (answers.length === 0) {
          poll.stop();
          resolve();
          throw new ApiError(0, "aborted");
        }
        const answer = answers.shift();
        if (typeof answer === "number") {
          // Cut the pause that follows.
          setImmediate(() => poll.start());
          throw new ApiError(answer, "");
        }
        return answer;
      },
      handle: async (answer) => { seen.handled.push(answer); },
      onState: (state, error) => seen.states.push(error ? `${state} ${error.code}` : state),
      onEnd: ({ code }) => { seen.ended.push(code); resolve(); },
    });
    poll.start();
  });
  await done;
  await yieldTurn();
  return seen;
}

describe("poll", () => {
  it("the poll pauses longer each time, gives up after 20 attempts and can be restarted", async () => {
    const pauses = skipPauses();
    const seen = { states: [], asked: 0 };
    let rest;
    const poll = createPoll({
      receive: async () => {
        seen.asked += 1;
        throw new ApiError(503, "", seen.asked === 3 ? 86_400 : 0);
      },
      handle: async () => {},
      onState: (state) => {
        seen.states.push(state);
        if (state === "offline") rest();
      },
      onEnd() {},
    });
    const run = () => new Promise((resolve) => {
      rest = resolve;
      poll.start();
    });
    await run();
    assert.equal(seen.asked, 20);
    await run();
    mock.restoreAll();
    assert.equal(seen.asked, 40);
    assert.deepEqual(seen.states, ["retrying", "offline", "retrying", "offline"]);
    assertPauses(pauses.slice(0, 20), [1, 2, 300, 8, 16, ...Array(15).fill(30)]);
  });

  it("the poll asks on and on, and is held after the first reply", async () => {
    const seen = await runPoll(["a", "b", "c"]);
    assert.deepEqual(seen.handled, ["a", "b", "c"]);
    assert.deepEqual(seen.holds, [false, true, true, true]);
    assert.deepEqual(seen.states, ["going"]);
  });

  it("a held poll that a proxy ends changes no state", async () => {
    const seen = await runPoll(["a", 0, "b", 502, "c"]);
    assert.deepEqual(seen.handled, ["a", "b", "c"]);
    assert.deepEqual(seen.states, ["going"]);
    assert.deepEqual(seen.holds, [false, true, false, true, false, true]);
  });

  it("the poll pauses longer each time if every held poll is ended at once", async () => {
    const pauses = skipPauses();
    const states = [];
    let held = 0;
    await new Promise((resolve) => {
      const poll = createPoll({
        receive: async (hold) => {
          if (!hold) return "a";
          held += 1;
          if (held === 6) {
            poll.stop();
            resolve();
          }
          throw new ApiError(502, "HTTP 504");
        },
        handle: async () => {},
        onState: (state) => states.push(state),
        onEnd() {},
        onFail() {},
      });
      poll.start();
    });
    mock.restoreAll();
    assertPauses(pauses, [1, 2, 4, 8]);
    assert.deepEqual(states, ["going"]);
  });

  it("the poll goes on after errors, and tells each change of state or error once", async () => {
    const seen = await runPoll(["a", 0, 502, 502, 503, "b"]);
    assert.deepEqual(seen.handled, ["a", "b"]);
    assert.deepEqual(seen.states, ["going", "retrying 502", "retrying 503", "going"]);
    assert.deepEqual(seen.holds, [false, true, false, false, false, false, true]);
  });

  for (const code of [401, 403]) {
    it(`the poll stops for good on ${code}`, async () => {
      const seen = await runPoll(["a", code, "never"]);
      assert.deepEqual(seen.handled, ["a"]);
      assert.deepEqual(seen.ended, [code]);
    });
  }
});
