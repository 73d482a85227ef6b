// SPDX-License-Identifier: BSD-3-Clause
/** The page's modules that need little of a page: one of paper will do. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { openPaper } from "./lib/paper.mjs";

let find = openPaper();

const { createConversation } = await import("../../html/js/sfChat/conversation.js");

const fire = (element, type) => element.dispatchEvent(new Event(type, { cancelable: true }));
const soon = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => { find = openPaper(); });
afterEach(() => mock.restoreAll());

describe("conversation", () => {
  /** A session in a storage of so many letters. */
  function open(entries, room) {
    const shown = [];
    const storage = { saved: "" };
    globalThis.sessionStorage = {
      setItem(_, text) {
        if (text.length > room) throw new DOMException("full", "QuotaExceededError");
        storage.saved = text;
      },
    };
    const session = { entries, waiting: { items: [], batch: 0 } };
    const conversation = createConversation(session, {
      show: (changed) => shown.push([...changed].map(({ id }) => id)),
      close() {},
    });
    const saved = () => JSON.parse(storage.saved).entries.map(({ id }) => id);
    return { conversation, shown, saved };
  }
  const line = (i, more) => ({ id: `id${i}`, from: "talker", at: i, text: "x".repeat(99), ...more });

  it("draws all that has changed at once", () => {
    const { conversation, shown } = open(Array.from({ length: 1_000 }, (_, i) => line(i)), Infinity);
    conversation.keep();
    assert.equal(shown.length, 1);
    assert.equal(shown[0].length, 1_000);
  });

  it("drops the oldest lines where there is no more room, none that waits", () => {
    const waiting = line("waits", { from: "you", state: "sending" });
    const old = Array.from({ length: 20 }, (_, i) => line(i));
    const { conversation, shown, saved } = open([waiting, ...old], 2_000);
    conversation.add(line("new"));
    conversation.keep();
    assert.equal(shown[0].length, 22, "on the screen they stay");
    const kept = saved();
    assert.equal(kept[0], "idwaits");
    assert.deepEqual(kept.slice(-2), ["id19", "idnew"]);
    assert.ok(!kept.includes("id0"));
    assert.equal(conversation.has("id0"), true, "what comes again is known");
  });

  it("gives up when there is nothing left to drop", () => {
    const waiting = line("waits", { from: "you", state: "sending" });
    const { conversation, shown } = open([line(1), waiting], 50);
    assert.throws(() => conversation.keep(), { name: "QuotaExceededError" });
    assert.deepEqual(shown, [], "what is not kept is not shown");
  });
});
