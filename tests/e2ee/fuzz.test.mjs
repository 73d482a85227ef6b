// SPDX-License-Identifier: BSD-3-Clause
// Envelopes that nobody wrote: every bit of a message turned over, every
// length, every type in every phase, noise. A session answers each with a fault
// or with silence: never with a text, never established, never an exception.
// The seed is printed; E2EE_SEED runs one again.

import assert from "node:assert/strict";
import test from "node:test";

import { fromBase64url, toBase64url }
  from "../../html/js/sfChat/e2ee/bytes.js";
import { TYPE } from "../../html/js/sfChat/e2ee/envelope.js";
import { Talk, other, reload } from "./talk.js";

const CODE = "0123456789abcdef01234567";
const SIDES = ["creator", "joiner"];
const LENGTHS = { COMMIT: 32, KEY: 98, REVEAL: 97, CONFIRM: 32, DATA: 548 };
const CODES = new Set(["plaintext", "malformed", "version", "type", "order",
  "commit", "point", "intercepted", "confirm", "tag", "skipped", "content"]);

const seed = Number(process.env.E2EE_SEED ?? Date.now() % 2147483646 + 1);
let chance = seed;
const next = (below) => (chance = chance * 48271 % 2147483647) % below;
const noise = (length) => Uint8Array.from({ length }, () => next(256));

test(`seed ${seed}`, () => {});

const sealed = (msg) => ({ msg, sealed: true });

const assertRefused = (events, what) => {
  assert.ok(events.length <= 1, what);
  for (const event of events) {
    assert.equal(event.type, "fault", what);
    assert.ok(CODES.has(event.code), what);
  }
};

const turnBit = (msg, bit) => {
  const bytes = fromBase64url(msg);
  bytes[bit >> 3] ^= 1 << (bit & 7);
  return toBase64url(bytes);
};

/** Every state that a side comes through. */
const statesOf = async (link) => {
  const talk = await Talk.begin({ code: CODE, link });
  const first = talk.sides.joiner.state;
  await talk.start();
  await talk.text("creator", "a");
  await talk.text("joiner", "b");
  return [first, ...Object.values(talk.states).flat()];
};

test("every bit of a data message", async () => {
  for (const from of SIDES) {
    const talk = await Talk.begin({ code: CODE, link: true });
    await talk.start();
    await talk.text(from, "seen");
    const { state } = talk.sides[other(from)];
    talk.relay = () => [];
    await talk.text(from, "fuzzed");
    const msg = talk.sent[from].at(-1);
    for (let bit = 0; bit < 550 * 8; bit += 1) {
      const step = await reload(state).receive(sealed(turnBit(msg, bit)));
      assertRefused(step.events, `bit ${bit}`);
      // Only a number that was seen before is met with silence.
      assert.equal(step.events.length, bit === 9 * 8 ? 0 : 1, `bit ${bit}`);
    }
  }
});

const HANDSHAKE = [["creator", 0, 34], ["joiner", 0, 100], ["creator", 1, 99],
  ["creator", 2, 34], ["joiner", 1, 34]];

for (const [from, index, length] of HANDSHAKE) {
  test(`a bit of each byte of handshake ${from} ${index}`, async () => {
    for (let at = 0; at < length; at += 1) {
      const bit = at * 8 + next(8);
      const talk = await Talk.begin({ code: CODE, link: at % 2 === 0,
        relay: (side, msg, i) => [sealed(
          side === from && i === index ? turnBit(msg, bit) : msg)] });
      await talk.start();
      const events = SIDES.map((side) => talk.takeEvents(side));
      const to = other(from);
      assertRefused(talk.sides[to].state.phase === "established"
        ? [{ type: "established" }] : [], `bit ${bit}`);
      assert.equal(events.flat().filter(({ type }) => type === "fault").length,
        1, `bit ${bit}`);
    }
  });
}

test("every length, and every type, in every phase", async () => {
  for (const state of [...await statesOf(true), ...await statesOf(false)]) {
    for (const [name, length] of Object.entries(LENGTHS)) {
      for (const extra of [-1, 0, 1]) {
        const bytes = Uint8Array.of(1, TYPE[name], ...noise(length + extra));
        const { events } =
          await reload(state).receive(sealed(toBase64url(bytes)));
        assertRefused(events, `${state.phase} ${name} ${extra}`);
      }
    }
  }
});

test("noise in every phase", async () => {
  const characters = [...
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= é\0𝄞"];
  const pick = () => characters[next(characters.length)];
  for (const state of await statesOf(true)) {
    for (let run = 0; run < 60; run += 1) {
      const length = next(1025);
      const msg = run % 2 ? toBase64url(noise(length * 3 >> 2))
        : Array.from({ length }, pick).join("");
      const { events } = await reload(state).receive(sealed(msg));
      assertRefused(events, `${state.phase} ${msg}`);
    }
  }
});

test("a text cut at every length", async () => {
  const talk = await Talk.begin({ code: CODE, link: true });
  await talk.start();
  const { state } = talk.sides.joiner;
  talk.relay = () => [];
  await talk.text("creator", "whole");
  const msg = talk.sent.creator.at(-1);
  for (let length = 0; length < msg.length; length += 1) {
    const { events } =
      await reload(state).receive(sealed(msg.slice(0, length)));
    assert.deepEqual(events, [{ type: "fault", code: "malformed" }]);
  }
});
