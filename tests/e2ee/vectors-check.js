// SPDX-License-Identifier: BSD-3-Clause
// Checks the page's encryption against vectors.json in Node or in a browser,
// with the WebCrypto of that engine. Imports the modules under test and
// talk.js only.

import { fromHex, toBase64url, toUint64, utf8 }
  from "../../html/js/sfChat/e2ee/bytes.js";
import { readContent, writeDelivered, writeText, writeTyping }
  from "../../html/js/sfChat/e2ee/content.js";
import {
  MODE, commitment, deriveKeys, expandKeys, safetyNumber, transcriptHash,
} from "../../html/js/sfChat/e2ee/keys.js";
import { open, seal, startChain } from "../../html/js/sfChat/e2ee/ratchet.js";
import { splitText } from "../../html/js/sfChat/e2ee/split.js";
import { decrypt, ecdh, hmac } from "../../html/js/sfChat/e2ee/suite.js";
import { Talk } from "./talk.js";

const toHex = (bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

class Report {
  failures = [];

  equal(name, actual, expected) {
    const shown = actual instanceof Uint8Array ? toHex(actual) : actual;
    if (same(shown, expected)) return;
    this.failures.push(`${name}: ${JSON.stringify(shown)}, expected ` +
      JSON.stringify(expected));
  }

  async within(name, check) {
    try {
      await check();
    } catch (error) {
      this.failures.push(`${name}: ${error}`);
    }
  }
}

const toJwk = ({ privateKey, publicKey }) => ({
  kty: "EC",
  crv: "P-256",
  d: toBase64url(fromHex(privateKey)),
  x: toBase64url(fromHex(publicKey.slice(2, 66))),
  y: toBase64url(fromHex(publicKey.slice(66))),
});

const transcriptOf = (vectors, { mode, commit }) => ({
  mode,
  code: vectors.code,
  commit: fromHex(commit),
  joinerKey: fromHex(vectors.joiner.publicKey),
  joinerNonce: fromHex(vectors.joiner.nonce),
  creatorKey: fromHex(vectors.creator.publicKey),
  creatorNonce: fromHex(vectors.creator.nonce),
});

const checkKeys = async (report, vectors, vector) => {
  const { creator, joiner, code } = vectors;
  const seen = transcriptOf(vectors, vector);
  report.equal("commit",
    await commitment(seen.creatorKey, seen.creatorNonce, code), vector.commit);
  const th = await transcriptHash(seen);
  report.equal("th", th, vector.th);
  const ofCreator = await ecdh(toJwk(creator), seen.joinerKey);
  report.equal("ecdh of the creator", ofCreator, vector.ecdh);
  const ofJoiner = await ecdh(toJwk(joiner), seen.creatorKey);
  report.equal("ecdh of the joiner", ofJoiner, vector.ecdh);
  report.equal("root", await hmac(th, fromHex(vector.ikm)), vector.root);
  const secret = fromHex(vectors.secret);
  const used = vector.mode === MODE.LINK ? secret : new Uint8Array(16);
  const keys = await expandKeys(th, ofJoiner, used);
  report.equal("chain c2j", keys.chainC2J, vector.keys["chain c2j"]);
  report.equal("chain j2c", keys.chainJ2C, vector.keys["chain j2c"]);
  report.equal("confirm c", keys.confirmCreator, vector.keys["confirm c"]);
  report.equal("confirm j", keys.confirmJoiner, vector.keys["confirm j"]);
  report.equal("safety", keys.safety, vector.keys.safety);
  report.equal("safety number", safetyNumber(keys.safety), vector.safetyNumber);
  report.equal("MAC of the creator", await hmac(keys.confirmCreator, th),
    vector.confirmCreator);
  report.equal("MAC of the joiner", await hmac(keys.confirmJoiner, th),
    vector.confirmJoiner);
  const derived =
    await deriveKeys(toJwk(creator), seen.joinerKey, secret, seen);
  report.equal("derived safety", derived.safety, vector.keys.safety);
};

const expandBody = (body) => body.split(",").flatMap((range) => {
  const [first, last = first] = range.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
});

const WRITERS = [
  (body) => writeText(body),
  (body) => writeDelivered(expandBody(body))[0],
  () => writeTyping(),
];

const CONTENTS = [
  (body) => ({ type: "text", text: body }),
  (body) => ({ type: "delivered", ns: expandBody(body) }),
  () => ({ type: "typing" }),
];

const checkMessage = async (report, vector, message, chains) => {
  const { from, kind, body, n } = message;
  const direction = from === "creator" ? 0 : 1;
  const th = fromHex(vector.th);
  const plaintext = WRITERS[kind](body);
  report.equal("plaintext", plaintext, message.plaintext);
  report.equal("content", readContent(plaintext, 100), CONTENTS[kind](body));
  report.equal("mk", await hmac(fromHex(message.ck), Uint8Array.of(1)),
    message.mk);
  const { sending, receiving } = chains[from];
  report.equal("ck", sending.ck, toBase64url(fromHex(message.ck)));
  const sealed = await seal(sending, th, direction, fromHex(message.iv),
    plaintext);
  report.equal("n", Number(toUint64(sealed.payload)), n);
  report.equal("ciphertext", sealed.payload.slice(20),
    message.ciphertextAndTag);
  report.equal("next ck", sealed.chain.ck,
    toBase64url(fromHex(message.ckNext)));
  const unsealed = await decrypt(fromHex(message.mk), fromHex(message.iv),
    fromHex(message.aad), fromHex(message.ciphertextAndTag));
  report.equal("decrypted", unsealed, message.plaintext);
  const opened = await open(receiving, th, direction, sealed.payload);
  report.equal("opened", opened.plaintext, message.plaintext);
  report.equal("moved", opened.chain, { ...sealed.chain, skipped: {} });
  chains[from] = { sending: sealed.chain, receiving: opened.chain };
};

const startBoth = (key) => {
  const chain = startChain(fromHex(key));
  return { sending: chain, receiving: { ...chain, skipped: {} } };
};

const checkRatchet = async (report, vector) => {
  const chains = {
    creator: startBoth(vector.keys["chain c2j"]),
    joiner: startBoth(vector.keys["chain j2c"]),
  };
  for (const message of vector.messages) {
    await checkMessage(report, vector, message, chains);
  }
};

/** Returns a random source that yields the values of the vectors in order. */
const fixedRandom = (party, values) => {
  const left = [...values];
  return {
    keyPair: async () =>
      ({ privateKey: toJwk(party), publicKey: fromHex(party.publicKey) }),
    bytes: (length) => {
      const value = fromHex(left.shift() ?? "");
      if (value.length !== length) throw new Error("unexpected use of chance");
      return value;
    },
  };
};

const randomOf = (vectors, { messages }) => {
  const ivs = (side) =>
    messages.filter(({ from }) => from === side).map(({ iv }) => iv);
  const { creator, joiner, secret } = vectors;
  return {
    creator: fixedRandom(creator, [secret, creator.nonce, ...ivs("creator")]),
    joiner: fixedRandom(joiner, [joiner.nonce, ...ivs("joiner")]),
  };
};

const SENDERS = [
  (body) => (session) => session.sendText(body),
  (body) => (session) => session.sendDelivered(expandBody(body)),
  () => (session) => session.sendTyping(),
];

const playVector = async (report, vectors, vector) => {
  const link = vector.mode === MODE.LINK;
  const posted = [];
  const talk = await Talk.begin({
    code: vectors.code,
    link,
    random: randomOf(vectors, vector),
    relay: (from, msg) => {
      posted.push({ from, envelope: msg });
      return [{ msg, sealed: true }];
    },
  });
  report.equal("link", talk.sides.creator.secret, vectors.secretInLink);
  await talk.start();
  report.equal("handshake", posted.splice(0), vector.handshake);
  const established = { type: "established", mode: link ? "link" : "code",
    safety: vector.safetyNumber, verified: link ? "link" : "no" };
  report.equal("creator", talk.takeEvents("creator"), [established]);
  report.equal("joiner", talk.takeEvents("joiner"), [established]);
  for (const { from, kind, body, envelope } of vector.messages) {
    await talk.run(from, SENDERS[kind](body));
    report.equal("message", posted.splice(0), [{ from, envelope }]);
  }
};

/** Talks with keys and random numbers of the engine, and restores its keys. */
const talkAlive = async (report, code, link) => {
  const talk = await Talk.begin({ code, link });
  await talk.start();
  await talk.text("creator", "ping");
  await talk.text("joiner", "pong");
  const [metCreator, pong] = talk.takeEvents("creator");
  const [metJoiner, ping] = talk.takeEvents("joiner");
  report.equal("met", metCreator, metJoiner);
  report.equal("mode", metCreator?.mode, link ? "link" : "code");
  report.equal("ping", ping, { type: "text", text: "ping", n: 0 });
  report.equal("pong", pong, { type: "text", text: "pong", n: 0 });
};

const checkRefusal = async (report, { creator }, { why, point }) => {
  const outcome = await ecdh(toJwk(creator), fromHex(point))
    .then(() => "taken", (error) => error.code);
  report.equal(`point, ${why}`, outcome, "point");
};

const checkSplit = (report) => {
  report.equal("split between code points", splitText("𝄞".repeat(128)),
    [`${"𝄞".repeat(126)}\u2060`, "𝄞".repeat(2)]);
  report.equal("bytes of a text", utf8("é").length, 2);
};

/**
 * @param {object} vectors content of vectors.json
 * @returns {Promise<string[]>} the failures, in words; none is success
 */
export const checkVectors = async (vectors) => {
  const report = new Report();
  for (const vector of vectors.modes) {
    const check = (name, run) =>
      report.within(`mode ${vector.mode}, ${name}`,
        () => run(report, vectors, vector));
    await check("keys", checkKeys);
    await check("ratchet", () => checkRatchet(report, vector));
    await check("session", playVector);
    await check("own keys", () =>
      talkAlive(report, vectors.code, vector.mode === MODE.LINK));
  }
  for (const refused of vectors.refusedPoints) {
    await checkRefusal(report, vectors, refused);
  }
  await report.within("split", () => checkSplit(report));
  return report.failures;
};
