// SPDX-License-Identifier: BSD-3-Clause
// A server that does not relay messages unchanged. Each row of the tables is
// one manipulation and the events that each participant gets from it, with the
// link and with the bare code.

import assert from "node:assert/strict";
import test from "node:test";

import { fromBase64url, toBase64url }
  from "../../html/js/sfChat/e2ee/bytes.js";
import { TYPE, writeEnvelope } from "../../html/js/sfChat/e2ee/envelope.js";
import { Session } from "../../html/js/sfChat/e2ee/session.js";
import { Talk, other } from "./talk.js";

const CODE = "0123456789abcdef01234567";

const sealed = (msg) => ({ msg, sealed: true });

/** Changes one byte of an envelope; byte 0 is the version, byte 1 the type. */
const flip = (at, by = 1) => (msg) => {
  const bytes = fromBase64url(msg);
  bytes[at < 0 ? bytes.length + at : at] ^= by;
  return [sealed(toBase64url(bytes))];
};

/** Applies `change` to one envelope: the sender's envelope number `index`. */
const only = (sender, index, change) => (at, msg, i) =>
  (at === sender && i === index ? change(msg) : [sealed(msg)]);

const drop = () => [];
const double = (msg) => [sealed(msg), sealed(msg)];
const truncate = (msg) => [sealed(msg.slice(0, -4))];
const unseal = (msg) => [{ msg }];
const retype = (type) => (msg) =>
  [sealed(writeEnvelope(type, fromBase64url(msg).slice(2)))];

const summary = (events) => events.map((event) => {
  if (event.type === "fault") return event.code;
  if (event.type === "text") return `${event.n}:${event.text}`;
  return event.type === "missing" ? `missing ${event.ns}` : event.type;
});

const MET = ["established"];
const NOTHING = [];
const X = 2 + 1 + 10;

// Sender and index of each envelope: commit (creator 0), key (joiner 0), reveal
// (creator 1), confirm (creator 2 and joiner 1).
const HANDSHAKE = [
  // manipulation, sender, index, change, events of the creator, of the joiner
  ["commit dropped", "creator", 0, drop, NOTHING, NOTHING],
  ["key dropped", "joiner", 0, drop, NOTHING, NOTHING],
  ["reveal dropped", "creator", 1, drop, NOTHING, ["order"]],
  ["confirm of the creator dropped", "creator", 2, drop, NOTHING, NOTHING],
  ["confirm of the joiner dropped", "joiner", 1, drop, NOTHING, MET],
  ["commit doubled", "creator", 0, double, MET, MET],
  ["key doubled", "joiner", 0, double, MET, MET],
  ["reveal doubled", "creator", 1, double, MET, MET],
  ["confirm of the creator doubled", "creator", 2, double, MET, MET],
  ["confirm of the joiner doubled", "joiner", 1, double, MET, MET],
  ["commit altered", "creator", 0, flip(2), NOTHING, ["commit"]],
  ["nonce of the joiner altered", "joiner", 0, flip(-1), NOTHING, "proof"],
  ["point of the joiner altered", "joiner", 0, flip(X), ["point"], NOTHING],
  ["form of the joiner's point altered", "joiner", 0, flip(3, 2), ["point"],
    NOTHING],
  ["mode changed to an unknown one", "joiner", 0, flip(2, 2), ["malformed"], NOTHING],
  ["mode changed to the other", "joiner", 0, flip(2, 1), NOTHING, "proof"],
  ["point of the creator altered", "creator", 1, flip(X), NOTHING, ["commit"]],
  ["nonce of the creator altered", "creator", 1, flip(-1), NOTHING, ["commit"]],
  ["confirm of the creator altered", "creator", 2, flip(-1), NOTHING, "proof"],
  ["confirm of the joiner altered", "joiner", 1, flip(2), "proof", MET],
  ["commit truncated", "creator", 0, truncate, NOTHING, ["malformed"]],
  ["key truncated", "joiner", 0, truncate, ["malformed"], NOTHING],
  ["reveal truncated", "creator", 1, truncate, NOTHING, ["malformed"]],
  ["confirm truncated", "joiner", 1, truncate, ["malformed"], MET],
  ["empty text instead of the commit", "creator", 0, () => [sealed("")], NOTHING,
    ["malformed"]],
  ["version alone instead of the commit", "creator", 0, () => [sealed("AQ")], NOTHING,
    ["malformed"]],
  ["commit not in base64url", "creator", 0, (msg) => [sealed(`${msg.slice(0, -1)}+`)],
    NOTHING, ["malformed"]],
  ["reveal with one character more", "creator", 1,
    (msg) => [sealed(`${msg}A`)], NOTHING, ["malformed"]],
  ["version of the commit altered", "creator", 0, flip(0, 3), NOTHING, ["version"]],
  ["version of the key altered", "joiner", 0, flip(0, 3), ["version"], NOTHING],
  ["type of the commit altered", "creator", 0, flip(1, 0x40), NOTHING, ["type"]],
  ["type of the key altered", "joiner", 0, flip(1, 0x40), ["type"], NOTHING],
  ["type of the commit changed to confirm", "creator", 0, retype(TYPE.CONFIRM), NOTHING,
    ["order"]],
  ["type of the confirm changed to commit", "joiner", 1, retype(TYPE.COMMIT), ["order"], MET],
  ["commit not marked as sealed", "creator", 0, unseal, NOTHING, ["plaintext"]],
  ["key not marked as sealed", "joiner", 0, unseal, ["plaintext"], NOTHING],
];

const PROOF = { true: ["intercepted"], false: ["confirm"] };

for (const link of [true, false]) {
  for (const [what, sender, index, change, ...told] of HANDSHAKE) {
    test(`handshake by ${link ? "link" : "code"}: ${what}`, async () => {
      const relay = only(sender, index, change);
      const talk = await Talk.begin({ code: CODE, link, relay });
      await talk.start();
      const [creator, joiner] =
        told.map((events) => (events === "proof" ? PROOF[link] : events));
      assert.deepEqual(summary(talk.takeEvents("creator")), creator);
      assert.deepEqual(summary(talk.takeEvents("joiner")), joiner);
    });
  }
}

// In the middle of a conversation: the index counts the sender's data messages.
const CONVERSATION = [
  ["altered tag", [0], flip(-1), ["tag"]],
  ["altered ciphertext", [0], flip(40), ["tag"]],
  ["altered iv", [0], flip(10), ["tag"]],
  ["number raised", [0], flip(9, 1), ["tag"]],
  ["number raised out of reach", [0], flip(2, 0x80), ["skipped"]],
  ["number changed to one that was received", [1], flip(9, 1), ["0:a", "missing 1", "2:c"]],
  ["truncated", [0], truncate, ["malformed"]],
  ["version altered", [0], flip(0, 2), ["version"]],
  ["type changed to an unknown one", [0], flip(1, 1), ["type"]],
  ["type changed to confirm", [0], retype(TYPE.CONFIRM), ["malformed"]],
  ["not marked as sealed", [0], unseal, ["plaintext"]],
  ["replaced by a plaintext", [0], () => [{ msg: "hello", sealed: false }],
    ["plaintext"]],
  ["doubled", [0, 1, 2], double, ["0:a", "1:b", "2:c"]],
  ["first dropped", [0], drop, ["missing 0", "1:b", "2:c"]],
  ["two dropped", [0, 1], drop, ["missing 0,1", "2:c"]],
  ["last dropped", [2], drop, ["0:a", "1:b"]],
];

for (const side of ["creator", "joiner"]) {
  for (const [what, indices, change, expected] of CONVERSATION) {
    test(`messages of the ${side}: ${what}`, async () => {
      const talk = await Talk.begin({ code: CODE, link: true });
      await talk.start();
      const first = talk.sent[side].length;
      talk.relay = (at, msg, i) =>
        (indices.includes(i - first) ? change(msg) : [sealed(msg)]);
      talk.takeEvents(other(side));
      for (const text of ["a", "b", "c"]) await talk.text(side, text);
      assert.deepEqual(summary(talk.takeEvents(other(side))), expected);
      assert.deepEqual(summary(talk.takeEvents(side)), MET);
    });
  }

  test(`a message of the ${side} that comes back ends the session`, async () => {
    const talk = await Talk.begin({ code: CODE, link: true });
    await talk.start();
    await talk.text(side, "mine");
    await talk.hand(side, sealed(talk.sent[side].at(-1)));
    assert.deepEqual(summary(talk.takeEvents(side)), [...MET, "tag"]);
  });

  test(`a handshake of the ${side} that comes back ends the session`, async () => {
    const talk = await Talk.begin({ code: CODE, link: true });
    await talk.start();
    const [first] = talk.sent[side];
    await talk.hand(side, sealed(first));
    assert.deepEqual(summary(talk.takeEvents(side)), [...MET, "order"]);
  });

  test(`a handshake that is replayed to the ${side} changes nothing`, async () => {
    const talk = await Talk.begin({ code: CODE, link: true });
    await talk.start();
    await talk.text(other(side), "a");
    const before = talk.sides[side].state;
    for (const msg of talk.sent[other(side)]) {
      await talk.hand(side, sealed(msg));
    }
    assert.deepEqual(talk.sides[side].state, before);
    assert.deepEqual(summary(talk.takeEvents(side)), [...MET, "0:a"]);
  });

  test(`a message before the end of the handshake is refused by the ${side}`, async () => {
    const done = await Talk.begin({ code: CODE, link: true });
    await done.start();
    await done.text(other(side), "early");
    const talk = await Talk.begin({ code: CODE, link: true, relay: drop });
    await talk.start();
    await talk.hand(side, sealed(done.sent[other(side)].at(-1)));
    assert.deepEqual(summary(talk.takeEvents(side)), ["order"]);
  });

  test(`a message of another chat is refused by the ${side}`, async () => {
    const [one, two] = await Promise.all([0, 1].map(async () => {
      const talk = await Talk.begin({ code: CODE, link: true });
      await talk.start();
      return talk;
    }));
    await one.text(other(side), "elsewhere");
    await two.hand(side, sealed(one.sent[other(side)].at(-1)));
    assert.deepEqual(summary(two.takeEvents(side)), [...MET, "tag"]);
  });
}

/**
 * The server as the man in the middle: it plays the joiner to the creator and
 * the creator to the joiner, with its own keys and without the link's secret.
 */
const intercept = async (link, linkOnly = false) => {
  const creator = await Session.create(CODE);
  await creator.demandLink(linkOnly);
  const secret = link ? creator.secret : null;
  const joiner = await Session.join({ code: CODE, secret });
  const left = new Talk({ creator,
    joiner: await Session.join({ code: CODE, secret: null }) });
  const right = new Talk({ creator: await Session.create(CODE), joiner });
  await left.start();
  await right.start();
  return { creator: left.takeEvents("creator"),
    joiner: right.takeEvents("joiner") };
};

test("a joiner with the link learns of swapped keys", async () => {
  const { creator, joiner } = await intercept(true);
  assert.deepEqual(summary(joiner), ["intercepted"]);
  // The creator sees that the link was not used, and can compare the number.
  assert.equal(creator[0].mode, "code");
  assert.equal(creator[0].verified, "no");
});

test("a creator who demands the link learns of swapped keys", async () => {
  const { creator, joiner } = await intercept(true, true);
  assert.deepEqual(summary(creator), ["downgraded"]);
  assert.deepEqual(summary(joiner), ["intercepted"]);
});

test("with the bare code, swapped keys show in different numbers", async () => {
  const { creator, joiner } = await intercept(false);
  assert.deepEqual([...summary(creator), ...summary(joiner)],
    [...MET, ...MET]);
  assert.equal(creator[0].verified, "no");
  assert.equal(joiner[0].verified, "no");
  assert.notEqual(creator[0].safety, joiner[0].safety);
});

test("a server that pretends to have the link is detected by both sides", async () => {
  const creator = await Session.create(CODE);
  const secret = `${"A".repeat(21)}Q`;
  const joiner = await Session.join({ code: CODE, secret });
  const talk = new Talk({ creator, joiner });
  await talk.start();
  // The server does not check the creator's proof; it makes one up.
  assert.deepEqual(summary(talk.takeEvents("joiner")), ["intercepted"]);
  await talk.hand("creator",
    sealed(writeEnvelope(TYPE.CONFIRM, new Uint8Array(32))));
  assert.deepEqual(summary(talk.takeEvents("creator")), ["intercepted"]);
});

test("the joiner sends no proof before it has the creator's", async () => {
  const talk = await Talk.begin({ code: CODE, link: true,
    relay: only("creator", 2, drop) });
  await talk.start();
  assert.equal(talk.sent.joiner.length, 1);
});

test("a second key for one offer ends the session", async () => {
  const talk = await Talk.begin({ code: CODE, link: false,
    relay: only("creator", 1, drop) });
  const rival = await Session.join({ code: CODE, secret: null });
  await talk.start();
  const { send } = await rival.receive(sealed(talk.sent.creator[0]));
  const before = talk.sent.creator.length;
  await talk.hand("creator", sealed(send[0].msg));
  assert.deepEqual(summary(talk.takeEvents("creator")), ["order"]);
  assert.equal(talk.sent.creator.length, before);
});

test("a joiner with another code refuses the reveal", async () => {
  const creator = await Session.create(CODE);
  const joiner = await Session.join(
    { code: "f".repeat(24), secret: creator.secret });
  const talk = new Talk({ creator, joiner });
  await talk.start();
  assert.deepEqual(summary(talk.takeEvents("joiner")), ["commit"]);
});

test("no two sessions share keys, nonces or numbers", async () => {
  const runs = await Promise.all(Array.from({ length: 8 }, async () => {
    const talk = await Talk.begin({ code: CODE, link: true });
    await talk.start();
    return [...Object.values(talk.sent).flat(),
      talk.takeEvents("creator")[0].safety];
  }));
  const values = runs.flat();
  assert.equal(new Set(values).size, values.length);
});

test("envelopes of equal texts differ, and all have the same length", async () => {
  const talk = await Talk.begin({ code: CODE, link: true });
  await talk.start();
  const first = talk.sent.creator.length;
  await talk.text("creator", "a");
  await talk.text("creator", "a");
  await talk.text("creator", "𝄞".repeat(127));
  await talk.run("creator", (session) => session.sendTyping());
  const sent = talk.sent.creator.slice(first);
  assert.equal(new Set(sent).size, 4);
  assert.deepEqual(new Set(sent.map((msg) => msg.length)), new Set([734]));
});
