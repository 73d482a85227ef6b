// SPDX-License-Identifier: BSD-3-Clause
// The formats inside and around an envelope: contents, the splitting of long
// texts, invitations, base64url.

import assert from "node:assert/strict";
import test from "node:test";

import { fromBase64url, fromUint64, toBase64url, toUint64, utf8 }
  from "../../html/js/sfChat/e2ee/bytes.js";
import { readContent, writeDelivered, writeText, writeTyping }
  from "../../html/js/sfChat/e2ee/content.js";
import { formatInvite, isInviteLink, isSecret, parseInvite }
  from "../../html/js/sfChat/e2ee/invite.js";
import { safetyNumber } from "../../html/js/sfChat/e2ee/keys.js";
import { MAX_PARTS, MAX_TEXT_BYTES, joinParts, readWritten, splitText }
  from "../../html/js/sfChat/e2ee/split.js";

const CODE = "0123456789abcdef01234567";
const SECRET = "abcdefghijklmnopqrst_Q";

const content = (kind, body, { length, tail } = {}) => {
  const bytes = new Uint8Array(512);
  const data = typeof body === "string" ? utf8(body) : body;
  const claimed = length ?? data.length;
  bytes.set([kind, claimed >> 8, claimed & 0xff]);
  bytes.set(data, 3);
  if (tail) bytes[511] = tail;
  return bytes;
};

test("a content is read as it was written", () => {
  for (const text of ["a", "\ufeffb", " ", "\0", "𝄞", "x".repeat(509)]) {
    assert.deepEqual(readContent(writeText(text), 0), { type: "text", text });
  }
  assert.deepEqual(readContent(writeTyping(), 0), { type: "typing" });
  const ns = [0, 1, 2, 5, 7, 8, 1000];
  const [written] = writeDelivered(new Set([7, 8, 5, 0, 2, 1, 1000]));
  assert.deepEqual(readContent(written, 1001), { type: "delivered", ns });
  assert.equal(new TextDecoder().decode(written.subarray(3, 16)),
    "0-2,5,7-8,100");
});

const BAD_CONTENTS = [
  ["unknown kind", content(3, "a")],
  ["empty text", content(0, "")],
  ["typing hint that has a text", content(2, "a")],
  ["length beyond the end", content(0, "a", { length: 510 })],
  ["length far beyond the end", content(0, "a", { length: 65535 })],
  ["length shorter than the text", content(0, "ab", { length: 1 })],
  ["padding that is not zero", content(0, "a", { tail: 1 })],
  ["UTF-8 cut off", content(0, Uint8Array.of(0xf0, 0x9d, 0x84))],
  ["UTF-8 surrogate", content(0, Uint8Array.of(0xed, 0xa0, 0x80))],
  ["UTF-8 overlong", content(0, Uint8Array.of(0xc0, 0x80))],
  ...["", ",", "0,", ",0", "-1", "0-", "1-0", "1-1", "1,0", "0,0", "0-2,2",
    "00", "01", "0-01", "1.5", "1e1", " 1", "0x1", "٣", "10", "0-10",
    "0-9007199254740993", "99999999999999999999", "0-1-2", "NaN"]
    .map((body) => [`receipt ${JSON.stringify(body)}`, content(1, body)]),
];

for (const [what, bytes] of BAD_CONTENTS) {
  test(`a content with ${what} is refused`, () => {
    assert.throws(() => readContent(bytes, 10), { code: "content" });
  });
}

test("a content of the largest length is accepted", () => {
  const full = content(0, "x".repeat(509));
  assert.equal(readContent(full, 0).text.length, 509);
});

const KINDS_TO_COME = [
  ["empty", (kind) => content(kind, "")],
  ["not UTF-8", (kind) => content(kind, Uint8Array.of(0xff))],
  ["too long", (kind) => content(kind, "a", { length: 65535 })],
  ["not padded with zeros", (kind) => content(kind, "a", { tail: 1 })],
];

for (const [what, write] of KINDS_TO_COME) {
  test(`a content of a kind to come whose body is ${what} is ignored`, () => {
    for (const kind of [0x40, 0x7f]) {
      assert.deepEqual(readContent(write(kind), 0), { type: "other" });
    }
    for (const kind of [3, 0x3f, 0x80, 0xff]) {
      assert.throws(() => readContent(write(kind), 0), { code: "content" });
    }
  });
}

const MORE = "\u2060";
const SPLITS = [
  ["", []],
  [MORE.repeat(3), []],
  ["a", ["a"]],
  [" \n\t ", [" \n\t "]],
  [`a${MORE}b${MORE}${MORE}`, [`a${MORE}b`]],
  ["x".repeat(509), ["x".repeat(509)]],
  ["x".repeat(510), [`${"x".repeat(506)}${MORE}`, "xxxx"]],
  [`${"x".repeat(509)}${MORE}`, ["x".repeat(509)]],
  [`${"x".repeat(505)}é${" ".repeat(9)}`,
    [`${"x".repeat(505)}${MORE}`, `é${" ".repeat(9)}`]],
  ["𝄞".repeat(127), ["𝄞".repeat(127)]],
  ["𝄞".repeat(128), [`${"𝄞".repeat(126)}${MORE}`, "𝄞".repeat(2)]],
];

for (const [text, parts] of SPLITS) {
  test(`${JSON.stringify(text).slice(0, 40)} is split as expected`, () => {
    assert.deepEqual(splitText(text), parts);
  });
}

/** Joins parts that have the numbers `ns`, or 0, 1, 2 … */
const join = (texts, { missing = [], givenUp = 0, ns } = {}) => {
  const parts = texts.map((text, i) => ({ n: ns?.[i] ?? i, text }));
  return joinParts(parts, missing, givenUp)
    .map(({ text, isWhole, parts: { length } }) => [text, isWhole, length]);
};

test("the parts of any text fit into messages and join to that text", () => {
  const alphabet = ["a", " ", "\n", "é", "ש", "中", "𝄞", "👩‍👩‍👧‍👦", "\u0301",
    "🇩🇪", MORE];
  let seed = 1;
  const next = () => (seed = seed * 48271 % 2147483647);
  for (let run = 0; run < 200; run += 1) {
    const text = Array.from({ length: next() % 1200 },
      () => alphabet[next() % alphabet.length]).join("").concat("z");
    const parts = splitText(text);
    for (const part of parts) writeText(part);
    assert.deepEqual(join(parts), [[text, true, parts.length]]);
  }
});

test("the longest text has at most 32 parts", () => {
  for (const sign of ["x", "é", "中", "𝄞"]) {
    const count = Math.floor(MAX_TEXT_BYTES / utf8(sign).length);
    assert.equal(splitText(sign.repeat(count)).length, MAX_PARTS);
  }
});

test("texts are joined over the receipts and hints between their parts", () => {
  assert.deepEqual(join(["a", `b${MORE}`, "c", "d"], { ns: [0, 4, 9, 10] }),
    [["a", true, 1], ["bc", true, 2], ["d", true, 1]]);
});

test("one mark is removed, and only at the end of a part", () => {
  assert.deepEqual(join([`a${MORE}${MORE}`, `${MORE}b`]),
    [[`a${MORE}${MORE}b`, true, 2]]);
});

test("a text that is not whole says so", () => {
  assert.deepEqual(join(["a", `b${MORE}`]),
    [["a", true, 1], ["b […]", false, 1]]);
});

test("what comes after a missing message waits for it", () => {
  const parts = [`a${MORE}`, "c", "d"];
  const ns = [0, 2, 4];
  assert.deepEqual(join(parts, { ns, missing: [1] }), [["a […]", false, 1]]);
  assert.deepEqual(join(parts, { ns, missing: [1], givenUp: 2 }),
    [["a […] c", true, 2], ["d", true, 1]]);
  assert.deepEqual(join(parts, { ns, missing: [1, 3], givenUp: 2 }),
    [["a […] c", true, 2]]);
  assert.deepEqual(join(parts, { ns }), [["ac", true, 2], ["d", true, 1]]);
});

test("a text ends after the largest number of parts, with or without an end", () => {
  const parts = Array(MAX_PARTS + 1).fill(`a${MORE}`);
  assert.deepEqual(join(parts),
    [["a".repeat(MAX_PARTS), true, MAX_PARTS], ["a […]", false, 1]]);
});

test("what was written keeps its white space but that at the end", () => {
  for (const [written, text] of [
    ["  indented\n\n  twice \n", "  indented\n\n  twice"],
    [`a${" ".repeat(500)}b`, `a${" ".repeat(500)}b`],
    ["a\r\nb\rc", "a\nb\nc"],
    ["a\0b\u0007c\u0085d\u007f", "abcd"],
    ["؀", "؀"],
    ["\u200f.", "\u200f."],
  ]) {
    assert.equal(readWritten(written), text);
  }
});

test("what nobody can see is not a text", () => {
  for (const sign of [" ", "\n", "\0", "\u00a0", "\u00ad", "\u034f", "\u061c", "\u115f",
    "\u17b4", "\u180e", "\u2003", "\u200b", "\u200d", "\u202e", "\u2028", "\u2060",
    "\u2069", "\u2800", "\u3000", "\u3164", "\ufe0f", "\ufeff", "\uffa0", "\u{e0041}",
    "\u{1d173}"]) {
    assert.equal(readWritten(sign), "", JSON.stringify(sign));
    assert.equal(readWritten(`\u200b${sign} ${sign}`), "", JSON.stringify(sign));
  }
});

const LINK = `https://host/#j=${CODE}.${SECRET}`;

const INVITES = [
  [CODE, { code: CODE, secret: null }],
  [` ${CODE.toUpperCase()}\n`, { code: CODE, secret: null }],
  ["0123 4567 89ab cdef 0123 4567", { code: CODE, secret: null }],
  ["0123-4567-89AB-CDEF-0123-4567", { code: CODE, secret: null }],
  [`${CODE}.${SECRET}`, { code: CODE, secret: SECRET }],
  [`https://host/#j=${CODE}.${SECRET}`, { code: CODE, secret: SECRET }],
  [`Come!\nhttps://host/#${formatInvite(CODE, SECRET)}\n`,
    { code: CODE, secret: SECRET }],
  // People and programs put other characters around an invitation.
  ...[`<${LINK}>`, `(${LINK})`, `${LINK}.`, `[${LINK}](${LINK})`, `"${LINK}"`,
    `Join me. ${LINK} thanks`, `${LINK}?fbclid=1`, `${LINK}&a=b`,
    `${LINK}, or by the code ${CODE}`, `j=${CODE}.${SECRET}`,
    `${CODE}.${SECRET}.`, `${CODE}. ${SECRET}`,
    `https://host/#j=${CODE.slice(0, 9)}\n${CODE.slice(9)}.\n${SECRET}\nthanks`,
    `${LINK.slice(0, -9)}\n${LINK.slice(-9)}\n`,
    // Mailers rewrite links.
    LINK.replace("#", "%23"), LINK.replace("#j=", "%23j%3D").replace(".", "%2E"),
    LINK.replace("#j=", "%2523j%253d"), `/%23j=${CODE}.${SECRET}?utm_source=mail`,
    LINK.replace(".", "&#46;"), LINK.replace("#j=", "&#x23;j&#61;"),
    `https://x.example/?url=${encodeURIComponent(LINK)}&data=05%7C01`,
    LINK.replace("=", "=3D"), LINK.replace("=", "=3D").replace(".", "=2E"),
    `${LINK.slice(0, -30)}=\r\n${LINK.slice(-30)}`,
    `> ${LINK.slice(0, -9)}\r\n> ${LINK.slice(-9)}\r\n`,
    LINK.replace("j=", "j=\n"), LINK.replace(".", "\n."), `${CODE}\n.${SECRET}`,
  ].map((typed) => [typed, { code: CODE, secret: SECRET }]),
  ["https://host/#j=2e".padEnd(40, "4") + `.${SECRET}`,
    { code: "2e".padEnd(24, "4"), secret: SECRET }],
  ...["Code: 0123 4567 89ab cdef 0123 4567", `"${CODE}"`, `\u201e${CODE}\u201c`,
    `${CODE}.`, `${CODE}. Thanks`, `Add ${CODE}, please!`, `${CODE} or ${CODE}`,
    "A code: 0123 4567 89ab cdef 0123 4567 a friend",
  ].map((typed) => [typed, { code: CODE, secret: null }]),
  ["", null],
  [CODE.slice(1), null],
  [`${CODE}0`, null],
  // A link that was cut off or changed must not pass for a bare code.
  ...["#j=", "%23j=", "#j%3D", "&#35;j=", "#j=3D"].flatMap((mark) => [
    [`https://host/${mark}${CODE}`, null],
    [`https://host/${mark}${CODE}.${SECRET.slice(1)}`, null],
    [`https://host/${mark}${CODE}, or by the code ${CODE}`, null],
  ]),
  ["https://host/#j=2e".padEnd(40, "4") + `, or by the code ${CODE}`, null],
  ...[" ", ",", "..", ":", "\n", "%252", "=2", "%"].map(
    (lost) => [`${CODE}${lost}${SECRET}`, null]),
  [`https://host/-23j-3D${CODE}.${SECRET}`, null],
  [`https://host/#j=${CODE}.`, null],
  [`https://host/#j=${CODE}. Thanks`, null],
  [`${LINK.slice(0, -1)}`, null],
  [`${LINK.slice(0, -1)} thanks`, null],
  [`${LINK}A`, null],
  [`${LINK}-`, null],
  [`${LINK.slice(0, -1)}, or by the code ${CODE}`, null],
  [`https://host/#j=${CODE.slice(1)}.${SECRET}, or by the code ${CODE}`, null],
  [`${CODE}.${SECRET.slice(1)}`, null],
  [`${CODE}.${SECRET.slice(1)} or ${CODE}`, null],
  [`${CODE}.${SECRET.toLowerCase()}`, null],
  [`${CODE}.${SECRET}${SECRET}`, null],
  [`${CODE}.${"A".repeat(22)}`, null],
  [`https://host/chat?${CODE}`, null],
  // Of two codes, none may be guessed.
  [`${CODE} or ${CODE.replace("0", "f")}`, null],
  ["Cafe 0123 4567 89ab cdef 0123 4567", null],
];

for (const [typed, invite] of INVITES) {
  test(`${JSON.stringify(typed)} is ${invite ? "an" : "no"} invitation`, () => {
    assert.deepEqual(parseInvite(typed), invite);
  });
}

test("a damaged link is still known for a link", () => {
  for (const typed of [LINK, `#j=${CODE}`, "%23j=", "#j%3D0", "%2523j%253D", "/j="]) {
    assert.ok(isInviteLink(typed), typed);
  }
  for (const typed of ["", CODE, `${CODE}.${SECRET}`, "#", "#faq", "obj=1"]) {
    assert.ok(!isInviteLink(typed), typed);
  }
});

test("a secret is 16 bytes, not all zero, in one spelling", () => {
  assert.ok(isSecret(SECRET));
  for (const text of ["", SECRET.slice(1), `${SECRET}A`, `${SECRET.slice(1)}+`,
    `${SECRET.slice(0, -1)}R`, "A".repeat(22)]) {
    assert.ok(!isSecret(text), text);
  }
});

test("base64url has one spelling for each byte string", () => {
  for (let length = 0; length < 40; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 37 + length);
    const text = toBase64url(bytes);
    assert.equal(text, Buffer.from(bytes).toString("base64url"));
    assert.deepEqual(fromBase64url(text), bytes);
  }
  for (const text of ["A", "AB", "AAB", "AA==", "AA=", "A+AA", "A/AA", "AA A",
    " AAAA", "AAAA\n", "AAAAA", "ÀAAA"]) {
    assert.equal(fromBase64url(text), null, text);
  }
});

test("a safety number has twelve digits, whatever its value", () => {
  const shown = (value) => safetyNumber(fromUint64(value));
  assert.equal(shown(0), "0000 0000 0000");
  assert.equal(shown(12), "0000 0000 0012");
  assert.equal(shown(3_000_123_456_789), "0001 2345 6789");
  assert.equal(safetyNumber(new Uint8Array(32).fill(255)), "0737 0955 1615");
});

test("64-bit numbers are big-endian", () => {
  assert.deepEqual(fromUint64(0x0102030405),
    Uint8Array.of(0, 0, 0, 1, 2, 3, 4, 5));
  const shifted = Uint8Array.of(9, 0, 0, 0, 1, 2, 3, 4, 5).subarray(1);
  assert.equal(toUint64(shifted), 0x0102030405n);
});
