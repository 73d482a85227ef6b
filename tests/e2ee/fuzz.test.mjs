// SPDX-License-Identifier: BSD-3-Clause
// Envelopes that no session wrote: each bit of a text flipped in turn, one bit
// of each byte of the handshake, a message cut at every length, every type in
// every phase with the right length and with a wrong one, noise. A session
// answers each with a fault or not at all. It never shows a text, never gets
// established, never throws.
// The name of the first test shows the seed. E2EE_SEED=n repeats the choice of
// bits and the noise of that run; the keys are new in every run.

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

test(`E2EE_SEED=${seed} repeats the bits and the noise`, () => {});

const sealed = (msg) => ({ msg, sealed: true });

const assertRefused = (events, what) => {
  assert.ok(events.length <= 1, what);
  for (const event of events) {
    assert.equal(event.type, "fault", what);
    assert.ok(CODES.has(event.code), what);
  }
};

const flipBit = (msg, bit) => {
  const bytes = fromBase64url(msg);
  bytes[bit >> 3] ^= 1 << (bit & 7);
  return toBase64url(bytes);
};

/** Returns every state that the two sides go through. */
const statesOf = async (link) => {
  const talk = await Talk.begin({ code: CODE, link });
  const first = talk.sides.joiner.state;
  await talk.start();
  await talk.text("creator", "a");
  await talk.text("joiner", "b");
  return [first, ...Object.values(talk.states).flat()];
};

test("a message with any bit flipped is refused", async () => {
  for (const sender of SIDES) {
    const talk = await Talk.begin({ code: CODE, link: true });
    await talk.start();
    await talk.text(sender, "seen");
    const { state } = talk.sides[other(sender)];
    talk.relay = () => [];
    await talk.text(sender, "fuzzed");
    const msg = talk.sent[sender].at(-1);
    for (let bit = 0; bit < 550 * 8; bit += 1) {
      const step = await reload(state).receive(sealed(flipBit(msg, bit)));
      assertRefused(step.events, `bit ${bit}`);
      // This bit changes the number to that of a message that was received
      // before, and such a message is ignored.
      assert.equal(step.events.length, bit === 9 * 8 ? 0 : 1, `bit ${bit}`);
    }
  }
});

const HANDSHAKE = [["creator", 0, 34], ["joiner", 0, 100], ["creator", 1, 99],
  ["creator", 2, 34], ["joiner", 1, 34]];

for (const [sender, index, length] of HANDSHAKE) {
  test(`handshake ${index} of the ${sender} with a bit flipped is refused`, async () => {
    for (let at = 0; at < length; at += 1) {
      const bit = at * 8 + next(8);
      const talk = await Talk.begin({ code: CODE, link: at % 2 === 0,
        relay: (side, msg, i) => [sealed(
          side === sender && i === index ? flipBit(msg, bit) : msg)] });
      await talk.start();
      const events = SIDES.map((side) => talk.takeEvents(side));
      const receiver = other(sender);
      assertRefused(talk.sides[receiver].state.phase === "established"
        ? [{ type: "established" }] : [], `bit ${bit}`);
      assert.equal(events.flat().filter(({ type }) => type === "fault").length,
        1, `bit ${bit}`);
    }
  });
}

test("an envelope of any type and length is refused in every phase", async () => {
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

test("noise is refused in every phase", async () => {
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

test("a message cut at any length is malformed", async () => {
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
