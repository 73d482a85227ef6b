// SPDX-License-Identifier: BSD-3-Clause
// The second implementation makes exactly these vectors, the page's modules
// agree with them, and the check notices any difference.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

import { makeVectors } from "./make-vectors.mjs";
import { checkVectors } from "./vectors-check.js";

const file = await readFile(new URL("vectors.json", import.meta.url), "utf8");
const load = () => JSON.parse(file);

test("make-vectors.mjs makes vectors.json", () => {
  assert.equal(file, makeVectors());
});

test("the modules of the page agree with every value", async () => {
  assert.deepEqual(await checkVectors(load()), []);
});

/** Returns every text in a value, as the object that holds it and its name. */
const findTexts = (value) => Object.entries(value).flatMap(([name, inner]) =>
  (typeof inner === "object" ? findTexts(inner) : [[value, name]]))
  .filter(([owner, name]) => typeof owner[name] === "string" && owner[name]);

/** Loads one mode and the start of its conversation, which have every name. */
const loadShort = () => {
  const { protocol, refusedPoints, ...vectors } = load();
  const mode = vectors.modes[1];
  return { ...vectors, refusedPoints: [],
    modes: [{ ...mode, messages: mode.messages.slice(0, 3) }] };
};

test("a change of any value is noticed", async () => {
  for (const index of findTexts(loadShort()).keys()) {
    const vectors = loadShort();
    const [owner, name] = findTexts(vectors)[index];
    const value = owner[name];
    owner[name] = value.slice(0, -1) + (value.endsWith("0") ? "1" : "0");
    const failures = await checkVectors(vectors);
    assert.notDeepEqual(failures, [], `${name}, text ${index}`);
  }
});

test("a point that should have been refused is noticed", async () => {
  const vectors = { ...load(), modes: [] };
  vectors.refusedPoints = [{ why: "good", point: vectors.joiner.publicKey }];
  assert.deepEqual(await checkVectors(vectors),
    ["point, good: \"taken\", expected \"point\""]);
});
