// SPDX-License-Identifier: BSD-3-Clause
/** The page's modules that need little of a page: one of paper will do. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { openPaper } from "./lib/paper.mjs";

let find = openPaper();
/** What modules have asked of the window: it is not theirs alone. */
const listeners = {};
globalThis.addEventListener = (type, listener) => { listeners[type] = listener; };

const { createAttention } = await import("../../html/js/sfChat/page/attention.js");
const { createClock } = await import("../../html/js/sfChat/page/bar.js");
const { createComposer } = await import("../../html/js/sfChat/page/composer.js");
const { createConversation } = await import("../../html/js/sfChat/conversation.js");
const { showInvitation } = await import("../../html/js/sfChat/page/invitation.js");
const { createTyping } = await import("../../html/js/sfChat/page/typing.js");

const fire = (element, type) => element.dispatchEvent(new Event(type, { cancelable: true }));
const soon = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => { find = openPaper(); });
afterEach(() => mock.restoreAll());

describe("attention", () => {
  const open = (options) => createAttention(options, () => {});
  const look = () => {
    document.hidden = false;
    fire(document, "visibilitychange");
  };

  it("stops nothing where the browser refuses to ring and to notify", async () => {
    const refuse = class {
      static requestPermission = () => Promise.reject(new Error("refused"));
      constructor() {
        throw new DOMException("refused", "NotSupportedError");
      }
    };
    Object.assign(globalThis, { AudioContext: refuse, Notification: refuse });
    const options = { sound: true, notify: true };
    open(options).call();
    assert.match(document.title, /^\(1\)/);
    find("sound").checked = true;
    fire(find("sound"), "change");
    find("notify").checked = true;
    fire(find("notify"), "change");
    await soon();
    assert.equal(options.notify, false);
    assert.equal(find("notify-problem").hidden, false);
  });

  it("leaves no notification, no bell and no context behind", () => {
    const closed = [];
    globalThis.Notification = class extends EventTarget {
      close() { closed.push("notification"); }
    };
    // One that may not play: what is to end it never happens.
    globalThis.AudioContext = class {
      currentTime = 0;
      async close() { closed.push("context"); }
    };
    const node = class extends EventTarget {
      gain = { setTargetAtTime() {} };
      connect() { return this; }
      start() {}
      stop() {}
    };
    Object.assign(globalThis, { OscillatorNode: node, GainNode: node });
    mock.timers.enable({ apis: ["setTimeout"] });
    const attention = open({ sound: true, notify: true });
    attention.call();
    assert.deepEqual(closed, []);
    mock.timers.tick(10_000);
    mock.timers.reset();
    assert.deepEqual(closed, ["context"]);
    attention.silence();
    assert.deepEqual(closed, ["context", "notification"]);
  });

  it("tells of the end until somebody looks", () => {
    const closed = [];
    globalThis.Notification = class extends EventTarget {
      close() { closed.push("notification"); }
    };
    const attention = open({ sound: false, notify: true });
    attention.call();
    attention.remove();
    assert.equal(find("show-options").isRemoved, true);
    assert.deepEqual(closed, []);
    look();
    assert.deepEqual(closed, ["notification"]);
  });

  it("brings back no title that was taken away", () => {
    const attention = open({ sound: false, notify: false });
    attention.call();
    document.title = "";
    look();
    assert.equal(document.title, "");
  });
});

describe("the clock of the bar", () => {
  const MINUTE_MS = 60_000;

  it("counts down steadily, whichever way the device's date is set", () => {
    mock.timers.enable({ apis: ["setInterval"] });
    let [now, date] = [5_000, Date.now()];
    mock.method(performance, "now", () => now);
    mock.method(Date, "now", () => date);
    const clock = createClock();
    clock.set(30 * MINUTE_MS);
    assert.equal(find("left").textContent, "30 min left");
    for (const [step, left] of [[60, "29 min left"], [-120, "28 min left"]]) {
      date += step * MINUTE_MS;
      now += MINUTE_MS;
      mock.timers.tick(MINUTE_MS);
      assert.equal(find("left").textContent, left);
    }
    clock.stop();
    mock.timers.reset();
    assert.equal(find("left").hidden, true);
  });
});

describe("composer", () => {
  function open(draft) {
    const seen = { sent: [], left: [] };
    const composer = createComposer({
      draft,
      onSend: (texts) => seen.sent.push(texts),
      onWrite() {},
      onLeave: (text) => seen.left.push(text),
    });
    const write = (text) => {
      find("text").value = text;
      fire(find("text"), "input");
    };
    return { composer, seen, write };
  }

  it("looks at no novel, and neither sends nor keeps one", () => {
    const segment = mock.method(Intl.Segmenter.prototype, "segment");
    const { composer, seen, write } = open();
    composer.unlock();
    segment.mock.resetCalls();
    write("x ".repeat(500_000));
    fire(find("composer"), "submit");
    listeners.pagehide();
    assert.equal(segment.mock.callCount(), 0);
    assert.match(find("parts").textContent, /Too long/);
    assert.equal(find("send").disabled, true);
    assert.deepEqual(seen, { sent: [], left: [""] });
  });

  it("takes all that is not too long", () => {
    const { composer, seen, write } = open();
    composer.unlock();
    for (const [text, parts] of [["a", 1], ["word ".repeat(800), 29], ["😀".repeat(32 * 127), 32]]) {
      write(text);
      assert.equal(find("send").disabled, false);
      fire(find("composer"), "submit");
      assert.equal(seen.sent.pop().length, parts);
    }
    write("😀".repeat(32 * 127 + 1));
    fire(find("composer"), "submit");
    assert.deepEqual(seen.sent, []);
  });

  it("keeps what is being written when the page goes", () => {
    const { composer, seen } = open("half a sen");
    composer.unlock();
    assert.equal(find("text").value, "half a sen");
    assert.equal(find("send").disabled, false);
    listeners.pagehide();
    assert.deepEqual(seen.left, ["half a sen"]);
    find("text").isConnected = false;
    listeners.pagehide();
    assert.equal(seen.left.length, 1, "nothing of a chat that was wiped");
  });

  it("leaves in sight what was not sent when the chat ends", () => {
    const { composer, seen } = open("not yet said");
    composer.unlock();
    composer.remove();
    assert.equal(find("composer").isRemoved, false);
    assert.equal(find("text").readOnly, true);
    assert.equal(find("send").isRemoved, true);
    fire(find("composer"), "submit");
    assert.deepEqual([find("text").value, seen.sent], ["not yet said", []]);
  });

  it("goes when the chat ends and nothing was being written", () => {
    open().composer.remove();
    assert.equal(find("composer").isRemoved, true);
  });
});

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

describe("typing", () => {
  it("gives a hint every five seconds at most, and not when it is refused", () => {
    let now = 1_000;
    mock.method(performance, "now", () => now);
    const hints = [];
    let isQuiet = true;
    const typing = createTyping(() => {
      if (isQuiet) hints.push(now);
      return isQuiet;
    });
    for (; now < 17_000; now += 250) typing.write();
    assert.deepEqual(hints, [1_000, 6_000, 11_000, 16_000]);
    isQuiet = false;
    for (; now < 30_000; now += 250) typing.write();
    isQuiet = true;
    typing.write();
    assert.deepEqual(hints.slice(4), [30_000], "at once, when it is quiet again");
  });

  it("hints no more when nobody is heard, until somebody is", () => {
    let now = 0;
    mock.method(performance, "now", () => now);
    let hints = 0;
    const typing = createTyping(() => Boolean(hints += 1));
    const write = () => {
      for (let i = 0; i < 20; i += 1, now += 5_000) typing.write();
    };
    write();
    assert.equal(hints, 8);
    typing.hear();
    write();
    assert.equal(hints, 16);
  });
});

describe("share sheet", () => {
  const code = "0123456789abcdef01234567";
  const secret = "AAECAwQFBgcICQoLDA0ODw";
  const invite = () => showInvitation({ code, secret, linkOnly: false, onLinkOnly() {} });
  const stub = (canShare, share) => Object.defineProperty(globalThis, "navigator", {
    value: { canShare, share }, configurable: true,
  });

  it("offers the link where the device can share it", async () => {
    const asked = [];
    stub(({ url }) => url.startsWith("https://"), async (what) => { asked.push(what); });
    invite();
    assert.equal(find("share").hidden, false);
    fire(find("share"), "click");
    assert.equal(asked.length, 1);
    assert.equal(asked[0].url, `https://chat.example/#j=${code}.${secret}`);
    assert.doesNotMatch(asked[0].text, new RegExp(`${code}|${secret}`));
  });

  it("minds nobody who changes their mind", async () => {
    stub(() => true, () => Promise.reject(new DOMException("no", "AbortError")));
    invite();
    fire(find("share"), "click");
    // An unhandled rejection would fail this test.
    await soon();
  });

  for (const [where, canShare] of [["cannot share", undefined], ["does not want the link", () => false]]) {
    it(`is not offered where the device ${where}`, () => {
      stub(canShare, undefined);
      invite();
      assert.equal(find("share").hidden, true);
    });
  }
});
