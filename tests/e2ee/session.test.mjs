// SPDX-License-Identifier: BSD-3-Clause
// The session as the page drives it: a crash between two steps, the content of
// the saved state, and requests at the same moment.

import assert from "node:assert/strict";
import test from "node:test";

import { MAX_SKIPPED } from "../../html/js/sfChat/e2ee/ratchet.js";
import { Session } from "../../html/js/sfChat/e2ee/session.js";
import { Talk, other, reload } from "./talk.js";

const CODE = "0123456789abcdef01234567";
const SIDES = ["creator", "joiner"];
const sealed = (msg) => ({ msg, sealed: true });

const meet = async (options = {}) => {
  const talk = await Talk.begin({ code: CODE, link: true, ...options });
  await talk.start();
  SIDES.forEach((side) => talk.takeEvents(side));
  return talk;
};

/** Writes texts and returns their envelopes without delivering them. */
const write = async (talk, sender, texts) => {
  const { relay } = talk;
  talk.relay = () => [];
  const start = talk.sent[sender].length;
  for (const text of texts) await talk.text(sender, text);
  talk.relay = relay;
  return talk.sent[sender].slice(start);
};

const count = (length) => Array.from({ length }, (_, i) => i);

/**
 * The receiver saves its state and dies before it acknowledges, so every
 * message arrives twice.
 */
test("a crash between saving and acknowledging shows each message once", async () => {
  const relay = (sender, msg) => [sealed(msg), sealed(msg)];
  const talk = await Talk.begin({ code: CODE, link: false, relay });
  await talk.start();
  await talk.text("creator", "a");
  await talk.text("joiner", "b");
  await talk.run("joiner", (session) => session.sendDelivered([0]));
  assert.deepEqual(talk.takeEvents("creator").map(({ type }) => type),
    ["established", "text", "delivered"]);
  assert.deepEqual(talk.takeEvents("joiner").map(({ type }) => type),
    ["established", "text"]);
});

/**
 * The receiver dies before it saves, so it receives the same message again in
 * the old state.
 */
test("a crash before saving loses and repeats nothing", async () => {
  const repeat = async (session, act) => {
    const before = session.state;
    await act(reload(before));
    return act(reload(before));
  };
  const sides = { creator: await Session.create(CODE) };
  sides.joiner = await Session.join(
    { code: CODE, secret: sides.creator.secret });
  const talk = new Talk(sides);
  const { run } = talk;
  talk.run = (side, ask) =>
    run.call(talk, side, (session) => repeat(session, ask));
  await talk.start();
  await talk.text("joiner", "here");
  assert.deepEqual(talk.takeEvents("creator").map(({ type }) => type),
    ["established", "text"]);
});

test("a session that is started twice sends one commit", async () => {
  const session = await Session.create(CODE);
  assert.equal((await session.start()).send.length, 1);
  assert.deepEqual((await session.start()).send, []);
  assert.deepEqual((await reload(session.state).start()).send, []);
});

test("the link's secret is available until the channel is established", async () => {
  const session = await Session.create(CODE);
  assert.match(session.secret, /^[\w-]{22}$/);
  await session.start();
  assert.match(session.secret, /^[\w-]{22}$/);
  const talk = await meet();
  assert.equal(talk.sides.creator.secret, null);
  assert.equal(talk.sides.joiner.secret, null);
});

test("the state keeps no secret of the handshake once the keys exist", async () => {
  const early = new Set(["created", "awaiting-key", "awaiting-commit",
    "awaiting-reveal"]);
  const talk = await Talk.begin({ code: CODE, link: true });
  const { secret } = talk.sides.creator;
  const secretsOf = (state) => [state.offer.privateKey.d, secret];
  const held = Object.fromEntries(SIDES.map((side) =>
    [side, secretsOf(talk.sides[side].state)]));
  await talk.start();
  for (const side of SIDES) {
    const states = talk.states[side];
    assert.ok(states.some(({ phase }) => phase === "awaiting-confirm"));
    assert.deepEqual(Object.keys(states.at(-1)).sort(),
      ["channel", "code", "heard", "phase", "role", "v", "verified"]);
    for (const state of states) {
      const isEarly = early.has(state.phase);
      for (const value of held[side]) {
        assert.equal(JSON.stringify(state).includes(value), isEarly);
      }
    }
  }
});

test("the state keeps no key that was used", async () => {
  const talk = await meet();
  const before = JSON.stringify(talk.sides.joiner.state);
  const { ck } = talk.sides.joiner.state.channel.receiving;
  await talk.text("creator", "a");
  const after = JSON.stringify(talk.sides.joiner.state);
  assert.ok(before.includes(ck));
  assert.ok(!after.includes(ck));
  assert.ok(!JSON.stringify(talk.sides.creator.state).includes(ck));
  assert.deepEqual(talk.sides.joiner.state.channel.receiving.skipped, {});
});

test("a failed session keeps no key and accepts no message", async () => {
  for (const side of SIDES) {
    const talk = await meet();
    await talk.hand(side, { msg: "hello" });
    const { state } = talk.sides[side];
    assert.deepEqual(Object.keys(state).sort(),
      ["code", "fault", "heard", "phase", "role", "v"]);
    assert.equal(state.phase, "failed");
    assert.equal(state.fault, "plaintext");
    talk.takeEvents(side);
    await talk.text(other(side), "still there?");
    await talk.hand(side, { msg: "hello" });
    assert.deepEqual(talk.takeEvents(side), []);
    await assert.rejects(talk.sides[side].sendText("a"), /not open/);
  }
});

test("nothing is sent before the channel is open", async () => {
  for (const session of [await Session.create(CODE),
    await Session.join({ code: CODE, secret: null })]) {
    await assert.rejects(session.sendText("a"), /not open/);
    await assert.rejects(session.sendTyping(), /not open/);
    await assert.rejects(session.sendDelivered([0]), /not open/);
    const { state } = session;
    await session.confirmSafety();
    assert.deepEqual(session.state, state);
  }
});

test("a request that is rejected does not disturb the next", async () => {
  const { sides: { creator } } = await meet();
  await assert.rejects(creator.sendText(""), RangeError);
  assert.equal((await creator.sendText("x".repeat(509))).send[0].n, 0);
});

test("a long text is one step, with an envelope for each part", async () => {
  const { sides: { creator, joiner } } = await meet();
  const { send } = await creator.sendText("x".repeat(1_020));
  assert.deepEqual(send.map(({ n }) => n), [0, 1, 2]);
  const texts = [];
  for (const { msg } of send) {
    const { events } = await joiner.receive(sealed(msg));
    texts.push(...events.map(({ text }) => text));
  }
  const part = `${"x".repeat(506)}\u2060`;
  assert.deepEqual(texts, [part, part, "x".repeat(8)]);
});

test("requests at the same moment are served in order", async () => {
  const { sides: { creator, joiner } } = await meet();
  const steps = await Promise.all(
    count(20).map((i) => creator.sendText(`${i}`)));
  assert.deepEqual(steps.map(({ send }) => send[0].n), count(20));
  steps.forEach(({ state }, i) => assert.equal(state.channel.sending.n, i + 1));
  const heard = await Promise.all(
    steps.map(({ send }) => joiner.receive(sealed(send[0].msg))));
  assert.deepEqual(heard.map(({ events }) => events),
    count(20).map((i) => [{ type: "text", n: i, text: `${i}` }]));
});

test("a creator who demands the link accepts no bare code, until the demand is taken back", async () => {
  for (const [demands, link, type] of [
    [[true], true, "established"],
    [[true], false, "fault"],
    [[true, false], false, "established"],
  ]) {
    const talk = await Talk.begin({ code: CODE, link });
    for (const demand of demands) {
      await talk.run("creator", (session) => session.demandLink(demand));
    }
    await talk.start();
    assert.equal(talk.takeEvents("creator")[0].type, type);
    await talk.run("creator", (session) => session.demandLink(true));
    assert.deepEqual(talk.takeEvents("creator"), []);
  }
});

test("a confirmed safety number stays confirmed", async () => {
  const talk = await meet({ link: false });
  assert.equal(talk.sides.creator.state.verified, "no");
  await talk.run("creator", (session) => session.confirmSafety());
  assert.equal(talk.sides.creator.state.verified, "number");
  await talk.text("creator", "a");
  assert.equal(talk.sides.creator.state.verified, "number");
  assert.equal(talk.sides.joiner.state.verified, "no");
});

test("receipts and typing hints reach the page", async () => {
  const talk = await meet();
  for (const text of ["a", "b", "c", "d"]) await talk.text("creator", text);
  await talk.run("joiner", (session) => session.sendDelivered([3, 0, 1, 1]));
  await talk.run("joiner", (session) => session.sendTyping());
  assert.deepEqual(talk.takeEvents("creator"), [
    { type: "delivered", n: 0, ns: [0, 1, 3] },
    { type: "typing", n: 1 },
  ]);
});

test("a receipt for a message that was never sent ends the session", async () => {
  const talk = await meet();
  await talk.text("creator", "a");
  await talk.run("joiner", (session) => session.sendDelivered([0, 1]));
  assert.deepEqual(talk.takeEvents("creator"),
    [{ type: "fault", code: "content" }]);
});

test("many receipts take several messages, and no receipts take none", async () => {
  const talk = await meet();
  for (const i of count(300)) await talk.text("creator", `${i}`);
  const odd = count(300).filter((n) => n % 2);
  const step = await talk.sides.joiner.sendDelivered(odd);
  assert.deepEqual(step.send.map(({ n }) => n), [0, 1]);
  for (const { msg } of step.send) await talk.hand("creator", sealed(msg));
  assert.deepEqual(talk.takeEvents("creator").flatMap(({ ns }) => ns), odd);
  assert.deepEqual((await talk.sides.joiner.sendDelivered([])).send, []);
});

for (const sender of SIDES) {
  const receiver = other(sender);

  test(`messages of the ${sender} are readable in reverse, up to the limit`, async () => {
    const talk = await meet();
    const texts = count(MAX_SKIPPED + 1).map(String);
    const msgs = await write(talk, sender, texts);
    const backwards = [...msgs].reverse();
    await talk.hand(receiver, sealed(backwards[0]));
    assert.deepEqual(talk.sides[receiver].missing, count(MAX_SKIPPED));
    const [missing, last] = talk.takeEvents(receiver);
    assert.deepEqual(missing, { type: "missing", ns: count(MAX_SKIPPED) });
    assert.equal(last.n, MAX_SKIPPED);
    for (const msg of backwards.slice(1)) {
      await talk.hand(receiver, sealed(msg));
    }
    assert.deepEqual(talk.takeEvents(receiver), count(MAX_SKIPPED).reverse()
      .flatMap((n) => [{ type: "found", n },
        { type: "text", n, text: `${n}` }]));
    assert.deepEqual(talk.sides[receiver].missing, []);
  });

  test(`a gap of the ${sender} beyond the limit ends the session`, async () => {
    const talk = await meet();
    const msgs = await write(talk, sender, count(MAX_SKIPPED + 2).map(String));
    await talk.hand(receiver, sealed(msgs.at(-1)));
    assert.deepEqual(talk.takeEvents(receiver),
      [{ type: "fault", code: "skipped" }]);
  });

  test(`several gaps of the ${sender} count together towards the limit`, async () => {
    const talk = await meet();
    const texts = count(2 * MAX_SKIPPED + 4).map(String);
    const msgs = await write(talk, sender, texts);
    for (let i = 1; i < 2 * MAX_SKIPPED; i += 2) {
      await talk.hand(receiver, sealed(msgs[i]));
    }
    assert.equal(talk.sides[receiver].missing.length, MAX_SKIPPED);
    talk.takeEvents(receiver);
    await talk.hand(receiver, sealed(msgs[2 * MAX_SKIPPED]));
    assert.equal(talk.takeEvents(receiver)[0].type, "text");
    await talk.hand(receiver, sealed(msgs[2 * MAX_SKIPPED + 2]));
    assert.deepEqual(talk.takeEvents(receiver),
      [{ type: "fault", code: "skipped" }]);
  });

  test(`a late message of the ${sender} is read once, and refused if altered`, async () => {
    const talk = await meet();
    const [early, late] = await write(talk, sender, ["early", "late"]);
    await talk.hand(receiver, sealed(late));
    await talk.hand(receiver, sealed(early));
    talk.takeEvents(receiver);
    await talk.hand(receiver, sealed(early));
    assert.deepEqual(talk.takeEvents(receiver), []);
    const [lost, next] = await write(talk, sender, ["lost", "next"]);
    await talk.hand(receiver, sealed(next));
    talk.takeEvents(receiver);
    const altered = `${lost.slice(0, -4)}AAAA`;
    await talk.hand(receiver, sealed(altered));
    assert.deepEqual(talk.takeEvents(receiver),
      [{ type: "fault", code: "tag" }]);
  });
}

test("a bad invitation or a state of another version is refused", async () => {
  for (const code of ["", "x".repeat(24), CODE.slice(1), `${CODE}0`,
    "ABCDEF0123456789ABCDEF01"]) {
    await assert.rejects(Session.create(code), TypeError);
    await assert.rejects(Session.join({ code, secret: null }), TypeError);
  }
  for (const secret of ["", "A".repeat(22), "x".repeat(22), "x".repeat(21),
    `${"x".repeat(21)}=`]) {
    await assert.rejects(Session.join({ code: CODE, secret }), TypeError);
  }
  const { state } = await Session.create(CODE);
  assert.throws(() => new Session({ ...state, v: 2 }), /another version/);
});
