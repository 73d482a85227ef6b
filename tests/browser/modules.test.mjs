// SPDX-License-Identifier: BSD-3-Clause
/** The page's modules that need no page. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ApiError } from "../../html/js/sfChat/api.js";
import { createOutbox } from "../../html/js/sfChat/outbox.js";
import { createPause } from "../../html/js/sfChat/pause.js";
import { createPoll } from "../../html/js/sfChat/poll.js";
import {
  MESSAGE_LIMIT, cleanText, isToken, readCode, splitText,
} from "../../html/js/sfChat/validator.js";

const CODE = "0123456789abcdef01234567";
const soon = () => new Promise((resolve) => setImmediate(resolve));

describe("validator", () => {
  it("knows a token", () => {
    assert.equal(isToken(CODE), true);
    for (const bad of ["", CODE.slice(1), `${CODE}0`, CODE.toUpperCase(), `${CODE}\n`, 7, null]) {
      assert.equal(isToken(bad), false, String(bad));
    }
  });

  it("reads a code as people type it", () => {
    for (const typed of [
      CODE, ` ${CODE}\n`, CODE.toUpperCase(), CODE.match(/..../g).join(" "),
      CODE.match(/..../g).join("-"), CODE.match(/..../g).join("\u2011"),
      `\u200e${CODE}\u200b`,
    ]) {
      assert.equal(readCode(typed), CODE, typed);
    }
    for (const bad of ["", "hello", `${CODE}0`, CODE.slice(1), `g${CODE.slice(1)}`]) {
      assert.equal(readCode(bad), null, bad);
    }
  });

  it("removes what no message may contain", () => {
    assert.equal(cleanText("a\r\nb\rc\td\u0000\u001b\u007f\u0085e"), "a\nb\nc\tde");
    assert.equal(cleanText("a\ud800b"), "a\ufffdb");
    assert.equal(cleanText("👨‍👩‍👧"), "👨‍👩‍👧");
  });

  it("leaves a short text whole and drops a blank one", () => {
    assert.deepEqual(splitText("hello"), ["hello"]);
    assert.deepEqual(splitText("x".repeat(MESSAGE_LIMIT)), ["x".repeat(MESSAGE_LIMIT)]);
    for (const blank of ["", " ", "\n\t\n", "\u00a0", "\u0007"]) {
      assert.deepEqual(splitText(blank), [], JSON.stringify(blank));
    }
  });

  it("cuts at white space, counting code points", () => {
    assert.deepEqual(splitText("aaa bbb ccc", 7), ["aaa bbb", "ccc"]);
    assert.deepEqual(splitText("aaa bbbb", 4), ["aaa", "bbbb"]);
    assert.deepEqual(splitText("aaaabbbbcc", 4), ["aaaa", "bbbb", "cc"]);
    assert.deepEqual(splitText("😀😀😀", 2), ["😀😀", "😀"]);
  });

  it("never cuts inside what a reader sees as one character", () => {
    const family = "👨‍👩‍👧";
    assert.deepEqual(splitText(`ab${family}`, 6), ["ab", family]);
    const stacked = `a${"\u0301".repeat(9)}`;
    assert.deepEqual(splitText(stacked, 5).join(""), stacked, "nothing is lost");
  });

  it("makes only messages the server takes", () => {
    const text = `${"lorem  ipsum\n\n".repeat(70)}${"y".repeat(500)}`;
    for (const piece of splitText(text)) {
      assert.ok([...piece].length <= MESSAGE_LIMIT);
      assert.notEqual(piece.trim(), "");
    }
  });
});

describe("pause", () => {
  it("can be cut short", async () => {
    const pause = createPause();
    const waiting = pause.wait(9, 3_600);
    pause.cut();
    await waiting;
  });
});

/** An outbox whose server answers what `answers` says, then 202. */
function openOutbox(answers) {
  const seen = { sent: [], states: [], ended: 0, saved: 0 };
  const waiting = { items: [], batch: 0 };
  const outbox = createOutbox({
    waiting,
    save: () => { seen.saved += 1; },
    send: async (items) => {
      seen.sent.push(items.map(({ _id }) => _id).join());
      const code = answers.shift();
      if (code !== undefined) throw new ApiError(code, "");
    },
    onState: (ids, state) => seen.states.push(`${state} ${ids.join()}`),
    onEnd: () => { seen.ended += 1; },
  });
  return { outbox, waiting, seen };
}

const item = (_id) => ({ _id, msg: _id });

/** Lets an outbox run, its pauses cut, until it is still. */
async function settle(outbox, rounds = 40) {
  for (let i = 0; i < rounds; i += 1) {
    await soon();
    outbox.flush();
  }
}

describe("outbox", () => {
  it("sends in order and repeats the identical request", async () => {
    const { outbox, waiting, seen } = openOutbox([503, 0]);
    outbox.add([item("a"), item("b")]);
    outbox.add([item("c")]);
    await settle(outbox);
    assert.deepEqual(seen.sent, ["a,b", "a,b", "a,b", "c"]);
    assert.deepEqual(waiting, { items: [], batch: 0 });
    assert.deepEqual(seen.states.filter((s) => s.startsWith("stored")),
      ["stored a,b", "stored c"]);
  });

  it("never puts more than 32 into one request", async () => {
    const { outbox, seen } = openOutbox([]);
    outbox.add(Array.from({ length: 70 }, (_, i) => item(`m${i}`)));
    await settle(outbox);
    assert.deepEqual(seen.sent.map((ids) => ids.split(",").length), [32, 32, 6]);
  });

  it("gives up after a limit, keeps all and takes another try", async () => {
    const { outbox, waiting, seen } = openOutbox(Array(8).fill(0));
    outbox.add([item("a")]);
    outbox.add([item("b")]);
    // One cut a round and no more: the ninth would be the next try.
    for (let i = 0; seen.states.at(-1) !== "failed a,b"; i += 1) {
      assert.ok(i < 100, "it has to give up");
      await soon();
      if (seen.sent.length < 8) outbox.flush();
    }
    assert.equal(seen.sent.length, 8);
    assert.equal(waiting.items.length, 2);
    outbox.flush();
    await settle(outbox);
    assert.deepEqual(seen.sent.slice(8), ["a", "b"]);
  });

  it("goes on after a refresh with the batch that may be stored", async () => {
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
    it(`stops for good on ${code}`, async () => {
      const { outbox, seen } = openOutbox([code]);
      outbox.add([item("a")]);
      await settle(outbox);
      outbox.add([item("b")]);
      await settle(outbox);
      assert.deepEqual(seen.sent, ["a"]);
      assert.equal(seen.ended, 1);
    });
  }
});

/** A poll against a list of answers; it stops where the list ends. */
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
          // The pause that follows is not what is tested here.
          setImmediate(() => poll.start());
          throw new ApiError(answer, "");
        }
        return answer;
      },
      handle: async (answer) => { seen.handled.push(answer); },
      onState: (state) => seen.states.push(state),
      onEnd: ({ code }) => { seen.ended.push(code); resolve(); },
    });
    poll.start();
  });
  await done;
  await soon();
  return seen;
}

describe("poll", () => {
  it("asks on and on, held once the line is known to be up", async () => {
    const seen = await runPoll(["a", "b", "c"]);
    assert.deepEqual(seen.handled, ["a", "b", "c"]);
    assert.deepEqual(seen.holds, [false, true, true, true]);
    assert.deepEqual(seen.states, ["going"]);
  });

  it("goes on after a lost line and says so once", async () => {
    const seen = await runPoll(["a", 0, 502, 503, "b"]);
    assert.deepEqual(seen.handled, ["a", "b"]);
    assert.deepEqual(seen.states, ["going", "retrying", "going"]);
    assert.deepEqual(seen.holds, [false, true, false, false, false, true]);
  });

  for (const code of [401, 403]) {
    it(`stops for good on ${code}`, async () => {
      const seen = await runPoll(["a", code, "never"]);
      assert.deepEqual(seen.handled, ["a"]);
      assert.deepEqual(seen.ended, [code]);
    });
  }
});
