#!/usr/bin/env node
// SPDX-License-Identifier: BSD-3-Clause
// Writes vectors.json to standard output. This is a second implementation of
// sfc-e2ee-1, written from docs/E2EE.md alone. It shares no line with the page
// and uses Node's crypto module, not WebCrypto, so the two are independent.
//
//   node tests/e2ee/make-vectors.mjs > tests/e2ee/vectors.json

import { ECDH, createCipheriv, createECDH, createHash, createHmac }
  from "node:crypto";
import { pathToFileURL } from "node:url";

const hash = (...parts) =>
  createHash("sha256").update(Buffer.concat(parts)).digest();
const mac = (key, ...parts) =>
  createHmac("sha256", key).update(Buffer.concat(parts)).digest();
const ascii = (text) => Buffer.from(text, "ascii");
const byte = (value) => Buffer.from([value]);
const hex = (bytes) => bytes.toString("hex");

// Each input is the hash of its name, so that nobody can have chosen its value.
const input = (name, length = 32) =>
  hash(ascii(`sfchat test vector: ${name}`)).subarray(0, length);

const makeParty = (name) => {
  const key = createECDH("prime256v1");
  key.setPrivateKey(input(`${name} private key`));
  return { key, point: key.getPublicKey(), nonce: input(`${name} nonce`) };
};

const code = input("code", 12);
const secret = input("secret", 16);
const creator = makeParty("creator");
const joiner = makeParty("joiner");

const TEXT = 0;
const DELIVERED = 1;
const TYPING = 2;
const CONVERSATION = [
  ["creator", TEXT, "Hi, how are you?"],
  ["creator", TEXT, "\ufeffשלום\n\t👩‍👩‍👧‍👦 e\u0301"],
  ["joiner", TYPING, ""],
  ["creator", TYPING, ""],
  ["creator", TEXT, `${"𝄞".repeat(127)}.`],
  ["joiner", DELIVERED, "0-1,3"],
  ["joiner", TEXT, "x"],
  ["creator", DELIVERED, "2"],
];

const envelope = (type, ...payload) =>
  Buffer.concat([byte(1), byte(type), ...payload]).toString("base64url");

const expand = (root, label) => mac(root, ascii(label), byte(1));

const pad = (kind, body) => {
  const bytes = Buffer.from(body, "utf8");
  const plain = Buffer.alloc(512);
  plain.writeUInt8(kind, 0);
  plain.writeUInt16BE(bytes.length, 1);
  bytes.copy(plain, 3);
  return plain;
};

const encrypt = (key, iv, aad, plaintext) => {
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(aad);
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([body, cipher.getAuthTag()]);
};

const makeMessages = (th, chains) => {
  const ck = { ...chains };
  const sent = { creator: 0, joiner: 0 };
  return CONVERSATION.map(([from, kind, body], index) => {
    const n = Buffer.alloc(8);
    n.writeBigUInt64BE(BigInt(sent[from]));
    const iv = input(`iv ${index}`, 12);
    const aad = Buffer.concat([th, byte(from === "creator" ? 0 : 1), n]);
    const before = ck[from];
    const mk = mac(before, byte(1));
    ck[from] = mac(before, byte(2));
    const plaintext = pad(kind, body);
    const ciphertext = encrypt(mk, iv, aad, plaintext);
    return {
      from, kind, body, n: sent[from]++, iv: hex(iv), ck: hex(before),
      mk: hex(mk), ckNext: hex(ck[from]), aad: hex(aad),
      plaintext: hex(plaintext), ciphertextAndTag: hex(ciphertext),
      envelope: envelope(0x10, n, iv, ciphertext),
    };
  });
};

const groupDigits = (safety) => {
  const number = safety.readBigUInt64BE(0) % 1_000_000_000_000n;
  return number.toString().padStart(12, "0").match(/..../g).join(" ");
};

const makeMode = (mode) => {
  const commit = hash(ascii("sfc-e2ee-1 commit"), creator.point, creator.nonce,
    code);
  const th = hash(ascii("sfc-e2ee-1"), byte(mode), code, commit, joiner.point,
    joiner.nonce, creator.point, creator.nonce);
  const ecdh = creator.key.computeSecret(joiner.point);
  const ikm = Buffer.concat([ecdh, mode === 1 ? secret : Buffer.alloc(16)]);
  const root = mac(th, ikm);
  const labels = ["chain c2j", "chain j2c", "confirm c", "confirm j", "safety"];
  const keys = Object.fromEntries(labels.map((l) => [l, expand(root, l)]));
  const confirmCreator = mac(keys["confirm c"], th);
  const confirmJoiner = mac(keys["confirm j"], th);
  return {
    mode, commit: hex(commit), th: hex(th), ecdh: hex(ecdh), ikm: hex(ikm),
    root: hex(root),
    keys: Object.fromEntries(labels.map((l) => [l, hex(keys[l])])),
    confirmCreator: hex(confirmCreator), confirmJoiner: hex(confirmJoiner),
    safetyNumber: groupDigits(keys.safety),
    handshake: [
      { from: "creator", envelope: envelope(0x01, commit) },
      { from: "joiner",
        envelope: envelope(0x02, byte(mode), joiner.point, joiner.nonce) },
      { from: "creator",
        envelope: envelope(0x03, creator.point, creator.nonce) },
      { from: "creator", envelope: envelope(0x04, confirmCreator) },
      { from: "joiner", envelope: envelope(0x04, confirmJoiner) },
    ],
    messages: makeMessages(th,
      { creator: keys["chain c2j"], joiner: keys["chain j2c"] }),
  };
};

const withByte = (point, at, change) => {
  const copy = Buffer.from(point);
  copy[at] = change(copy[at]);
  return hex(copy);
};

const FIELD =
  "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

/** Returns a point of the curve with the size of the field added to its x. */
const makeUnreducedPoint = () => {
  const x = 5n;
  const xBytes = Buffer.from(x.toString(16).padStart(64, "0"), "hex");
  const point = ECDH.convertKey(Buffer.concat([byte(2), xBytes]), "prime256v1",
    null, null, "uncompressed");
  const beyond = (BigInt(`0x${FIELD}`) + x).toString(16);
  return hex(Buffer.concat([byte(4), Buffer.from(beyond, "hex"),
    point.subarray(33)]));
};

const makeRefusedPoints = () => {
  const { point } = joiner;
  const fill = (value) =>
    hex(Buffer.concat([byte(4), Buffer.alloc(64, value)]));
  return [
    { why: "y is not the one of x", point: withByte(point, 64, (b) => b ^ 1) },
    { why: "x is not on the curve", point: withByte(point, 32, (b) => b ^ 1) },
    { why: "zero", point: fill(0) },
    { why: "coordinates beyond the field", point: fill(0xff) },
    { why: "x not reduced", point: makeUnreducedPoint() },
    { why: "hybrid form",
      point: withByte(point, 0, () => 6 + (point[64] & 1)) },
    { why: "compressed form, filled up", point: hex(Buffer.concat(
      [byte(2 + (point[64] & 1)), point.subarray(1, 33), Buffer.alloc(32)])) },
    { why: "unknown form", point: withByte(point, 0, () => 0) },
  ];
};

const showParty = ({ key, point, nonce }) => ({
  privateKey: hex(key.getPrivateKey()),
  publicKey: hex(point),
  nonce: hex(nonce),
});

export const makeVectors = () => JSON.stringify({
  protocol: "sfc-e2ee-1",
  code: hex(code),
  secret: hex(secret),
  secretInLink: secret.toString("base64url"),
  creator: showParty(creator),
  joiner: showParty(joiner),
  modes: [makeMode(0), makeMode(1)],
  refusedPoints: makeRefusedPoints(),
}, null, 2) + "\n";

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.stdout.write(makeVectors());
}
