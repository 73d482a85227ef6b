// SPDX-License-Identifier: BSD-3-Clause
/** The modules of the page for which a stand-in for the document is enough. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { openPaper } from "./lib/paper.mjs";

let find = openPaper();
/** The listeners that modules have added to the window, by type. */
const listeners = {};
globalThis.addEventListener = (type, listener) => { listeners[type] = listener; };

const { createAttention } = await import("../../html/js/sfChat/page/attention.js");
const { createClock } = await import("../../html/js/sfChat/page/bar.js");
const { createComposer } = await import("../../html/js/sfChat/page/composer.js");
const { createConversation } = await import("../../html/js/sfChat/conversation.js");
const { toBase64url } = await import("../../html/js/sfChat/e2ee/bytes.js");
const { load, save, wipe } = await import("../../html/js/sfChat/line/saved-chat.js");
const leavePage = listeners.pagehide;
const { showInvitation } = await import("../../html/js/sfChat/page/invitation.js");
const { onEscapeTwice, vanish } = await import("../../html/js/sfChat/page/panic.js");
const { createTyping } = await import("../../html/js/sfChat/page/typing.js");

const fire = (element, type) => element.dispatchEvent(new Event(type, { cancelable: true }));
/** Lets everything run that waits for its turn. */
const yieldTurn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => { find = openPaper(); });
afterEach(() => mock.restoreAll());

describe("attention", () => {
  const open = (options) => createAttention(options, () => {});
  const look = () => {
    document.hidden = false;
    fire(document, "visibilitychange");
  };

  it("a browser that refuses to ring and to notify stops nothing", async () => {
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
    await yieldTurn();
    assert.equal(options.notify, false);
    assert.equal(find("notify-problem").hidden, false);
  });

  it("a browser that grants notifications but cannot show one is found out", async () => {
    globalThis.Notification = class {
      static requestPermission = async () => "granted";
      constructor() {
        throw new TypeError("Illegal constructor");
      }
    };
    const options = { sound: false, notify: false };
    open(options);
    assert.equal(find("notify-problem").hidden, true);
    find("notify").checked = true;
    fire(find("notify"), "change");
    await yieldTurn();
    assert.equal(options.notify, false);
    assert.equal(find("notify-problem").hidden, false);
  });

  it("a browser without notifications says so", () => {
    delete globalThis.Notification;
    open({ sound: false, notify: false });
    assert.equal(find("notify-problem").hidden, false);
  });

  it("the sound and the notification are closed when they are over", () => {
    const closed = [];
    globalThis.Notification = class extends EventTarget {
      close() { closed.push("notification"); }
    };
    // A context that may not play: its sound never ends.
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

  it("the notification of the end stays until somebody looks", () => {
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

  it("a title that panic has emptied does not come back", () => {
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
    const seen = { sent: [], drafts: [], left: 0 };
    const composer = createComposer({
      draft,
      onSend: (text) => seen.sent.push(text),
      onWrite() {},
      onDraft: (text) => seen.drafts.push(text),
      onLeave: () => { seen.left += 1; },
    });
    const write = (text) => {
      find("text").value = text;
      fire(find("text"), "input");
    };
    return { composer, seen, write };
  }

  it("a far too long text is neither measured, nor sent, nor kept", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const encode = mock.method(TextEncoder.prototype, "encode");
    const { composer, seen, write } = open();
    composer.unlock();
    encode.mock.resetCalls();
    write("x ".repeat(500_000));
    fire(find("composer"), "submit");
    mock.timers.tick(300);
    mock.timers.reset();
    assert.equal(encode.mock.callCount(), 0);
    assert.match(find("parts").textContent, /Too long/);
    assert.equal(find("send").disabled, true);
    assert.deepEqual(seen, { sent: [], drafts: [""], left: 0 });
  });

  it("a text of up to 16,000 bytes is sent whole, a longer one is not", () => {
    const { composer, seen, write } = open();
    composer.unlock();
    for (const text of ["a", " a\n\n  b", "x".repeat(16_000), "😀".repeat(4_000)]) {
      write(text);
      assert.equal(find("send").disabled, false);
      assert.equal(find("parts").textContent, "");
      fire(find("composer"), "submit");
      assert.equal(seen.sent.pop(), text);
    }
    for (const text of ["x".repeat(16_001), "😀".repeat(4_001)]) {
      write(text);
      assert.match(find("parts").textContent, /Too long/);
      fire(find("composer"), "submit");
      assert.deepEqual(seen.sent, []);
    }
  });

  it("what nobody can see is not sent", () => {
    const { composer, seen, write } = open();
    composer.unlock();
    for (const text of ["\u200b", "\u2800\u2800", "\u3164 \n"]) {
      write(text);
      assert.equal(find("send").disabled, true);
      fire(find("composer"), "submit");
    }
    assert.deepEqual(seen.sent, []);
  });

  it("an unsent text is told within 300 ms of the typing, and once it is sent", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { composer, seen, write } = open("half a sen");
    composer.unlock();
    assert.equal(find("text").value, "half a sen");
    assert.equal(find("send").disabled, false);
    write("half a sent");
    mock.timers.tick(200);
    write("half a sentence");
    assert.deepEqual(seen.drafts, []);
    mock.timers.tick(100);
    assert.deepEqual(seen.drafts, ["half a sentence"]);
    write("a sentence");
    fire(find("composer"), "submit");
    assert.deepEqual(seen.drafts, ["half a sentence", ""]);
    write("next");
    find("text").isConnected = false;
    mock.timers.tick(300);
    mock.timers.reset();
    listeners.pagehide();
    assert.equal(seen.drafts.length, 2, "nothing is kept of a chat that was wiped");
    assert.equal(seen.left, 0);
  });

  it("an unsent text stays visible when the chat ends", () => {
    const { composer, seen } = open("not yet said");
    composer.unlock();
    composer.remove();
    assert.equal(find("composer").isRemoved, false);
    assert.equal(find("text").readOnly, true);
    assert.equal(find("send").isRemoved, true);
    fire(find("composer"), "submit");
    assert.deepEqual([find("text").value, seen.sent], ["not yet said", []]);
  });

  it("an empty composer is removed when the chat ends", () => {
    open().composer.remove();
    assert.equal(find("composer").isRemoved, true);
  });
});

describe("conversation", () => {
  /** Opens a conversation whose storage has room for so many characters. */
  async function open(entries, room) {
    const shown = [];
    const failed = [];
    globalThis.sessionStorage = {
      entry: null,
      getItem() { return this.entry; },
      setItem(_, text) {
        if (text.length > room) throw new DOMException("full", "QuotaExceededError");
        this.entry = text;
      },
      removeItem() { this.entry = null; },
    };
    globalThis.name = `sfChat=${toBase64url(new Uint8Array(32).fill(7))}`;
    sessionStorage.entry = JSON.stringify({ tab: "t", iv: "", data: "" });
    // Gives the page the key; there is no chat in this entry.
    await load().catch(() => {});
    const session = { tab: "t", entries, waiting: { items: [], batch: 0 } };
    const conversation = createConversation(session, {
      show: (changed) => shown.push([...changed].map(({ id }) => id)),
      close() {},
    }, (error) => failed.push(error.name));
    const saved = async () => (await load()).entries.map(({ id }) => id);
    return { conversation, session, shown, failed, saved };
  }
  const line = (i, more) => ({ id: `id${i}`, from: "talker", at: i, text: "x".repeat(99), ...more });

  it("all changed lines are drawn together", async () => {
    const { conversation, shown } = await open(
      Array.from({ length: 1_000 }, (_, i) => line(i)), Infinity);
    await conversation.keep();
    assert.equal(shown.length, 1);
    assert.equal(shown[0].length, 1_000);
  });

  it("the lines that the page found saved are drawn at once, and not again", async () => {
    const { conversation, shown } = await open([line(1), line(2)], Infinity);
    conversation.showSaved();
    assert.deepEqual(shown, [["id1", "id2"]]);
    await conversation.keep();
    assert.deepEqual(shown.flat(), ["id1", "id2"]);
  });

  it("a full storage drops the oldest lines, but none that waits to be sent", async () => {
    const waiting = line("waits", { from: "you", state: "sending" });
    const old = Array.from({ length: 20 }, (_, i) => line(i));
    const { conversation, shown, saved } = await open([waiting, ...old], 2_700);
    conversation.add(line("new"));
    await conversation.keep();
    assert.equal(shown[0].length, 22, "dropped lines stay on the screen");
    const kept = await saved();
    assert.equal(kept[0], "idwaits");
    assert.deepEqual(kept.slice(-2), ["id19", "idnew"]);
    assert.ok(!kept.includes("id0"));
    assert.equal(conversation.has("id0"), true, "a dropped line is still known when it comes again");
  });

  it("a text of several messages has the least state of them", async () => {
    const parts = [0, 1, 2].map((n) => ({ id: `id${n}`, n, state: "sending" }));
    const entry = line(0, { from: "you", n: 0, state: "sending", parts });
    const { conversation } = await open([entry], Infinity);
    const mark = (state, ...ns) => conversation.mark(state, ({ n }) => ns.includes(n));
    for (const [state, ns, whole, changes] of [
      ["failed", [0, 1, 2], "failed", 1],
      ["sending", [0, 1, 2], "sending", 1],
      ["stored", [0, 1], "sending", 0],
      ["delivered", [0, 1], "sending", 0],
      ["failed", [2], "failed", 1],
      ["stored", [0, 2], "stored", 1],
      ["delivered", [2, 9], "delivered", 1],
      ["failed", [0, 1, 2], "delivered", 0],
    ]) {
      assert.equal(mark(state, ...ns), changes, `${state} ${ns}`);
      assert.equal(entry.state, whole, `${state} ${ns}`);
    }
    assert.equal("parts" in entry, false, "nothing more can change");
  });

  it("a full storage with nothing to drop is an error", async () => {
    const waiting = line("waits", { from: "you", state: "sending" });
    const { conversation, shown, failed } = await open([line(1), waiting], 150);
    await assert.rejects(conversation.keep(), { name: "QuotaExceededError" });
    assert.deepEqual(shown, [], "a line that is not kept is not shown");
    conversation.announce("note.unsent");
    while (failed.length === 0) await yieldTurn();
    assert.deepEqual([shown, failed], [[], ["QuotaExceededError"]]);
  });

  it("what is saved holds no word, and cannot be read without the key", async () => {
    const { conversation, saved } = await open([line(1, { text: "top secret" })], Infinity);
    await conversation.keep();
    assert.doesNotMatch(sessionStorage.entry, /secret|entries|id1/);
    assert.deepEqual(Object.keys(JSON.parse(sessionStorage.entry)), ["tab", "iv", "data"]);
    assert.deepEqual(await saved(), ["id1"]);
    sessionStorage.entry = sessionStorage.entry.replace('"t"', '"u"');
    await assert.rejects(load(), "the name of the tab is authentic");
    globalThis.name = "";
    assert.equal(await load(), null);
  });

  it("the newest state is saved last, and a call that waits sees its own line saved", async () => {
    const { conversation, shown, saved } = await open([], Infinity);
    const { encrypt } = crypto.subtle;
    // The earlier a save begins, the longer it takes.
    let turns = 30;
    mock.method(crypto.subtle, "encrypt", async (...args) => {
      for (let i = turns -= 10; i > 0; i -= 1) await yieldTurn();
      return encrypt.apply(crypto.subtle, args);
    });
    const kept = ["a", "b", "c"].map(async (id, i) => {
      for (let j = i * 3; j > 0; j -= 1) await yieldTurn();
      conversation.add(line(id));
      await conversation.keep();
      assert.ok((await saved()).includes(`id${id}`));
    });
    assert.deepEqual(shown, []);
    await Promise.all(kept);
    assert.deepEqual(await saved(), ["ida", "idb", "idc"]);
    assert.deepEqual([...new Set(shown.flat())], ["ida", "idb", "idc"]);
  });

  for (const [how, end] of [["wiped", wipe], ["left", () => leavePage()]]) {
    it(`a save that is under way when the chat is ${how} writes nothing`, async () => {
      const { conversation, session, shown } = await open([line(1)], Infinity);
      const before = how === "left" ? sessionStorage.entry : null;
      conversation.keepSoon();
      await Promise.resolve();
      conversation.add(line(2));
      conversation.keepSoon();
      end();
      conversation.close();
      await save(session);
      for (let i = 0; i < 50; i += 1) await yieldTurn();
      assert.equal(sessionStorage.entry, before);
      assert.deepEqual(shown, []);
      assert.equal(globalThis.name === "", how === "wiped");
    });
  }
});

describe("panic", () => {
  /** Presses Escape at this time, in milliseconds. */
  const pressEscape = (timeStamp, more = {}) => {
    const event = new Event("keydown");
    for (const [name, value] of Object.entries({ key: "Escape", timeStamp, ...more })) {
      Object.defineProperty(event, name, { value });
    }
    document.dispatchEvent(event);
  };

  it("two presses of Escape within a second are panic, slower ones are not", () => {
    document.querySelector = () => null;
    const act = mock.fn();
    onEscapeTwice(act);
    for (const at of [0, 1_000, 2_500]) pressEscape(at);
    pressEscape(2_600, { repeat: true });
    pressEscape(2_700, { isComposing: true });
    pressEscape(2_800, { key: "a" });
    assert.equal(act.mock.callCount(), 0);
    pressEscape(3_499);
    assert.equal(act.mock.callCount(), 1);
  });

  it("a page vanishes after a second although the server has not answered", async () => {
    const left = [];
    Object.assign(document, { body: find("body") });
    Object.assign(location, { replace: (url) => left.push(url) });
    mock.timers.enable({ apis: ["setTimeout"] });
    const vanished = vanish(new Promise(() => {}));
    mock.timers.tick(999);
    await yieldTurn();
    assert.deepEqual([document.title, left], ["", []]);
    mock.timers.tick(1);
    await vanished;
    mock.timers.reset();
    assert.deepEqual(left, ["about:blank"]);
  });
});

describe("typing", () => {
  it("a hint is sent every five seconds at most, and at once after a refusal", () => {
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
    assert.deepEqual(hints.slice(4), [30_000], "at once after the refusals");
  });

  it("hints stop after eight without anything from Talker, until something comes", () => {
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

  it("the link can be shared where the device offers it", async () => {
    const asked = [];
    stub(({ url }) => url.startsWith("https://"), async (what) => { asked.push(what); });
    invite();
    assert.equal(find("share").hidden, false);
    fire(find("share"), "click");
    assert.equal(asked.length, 1);
    assert.equal(asked[0].url, `https://chat.example/#j=${code}.${secret}`);
    assert.doesNotMatch(asked[0].text, new RegExp(`${code}|${secret}`));
  });

  it("a share that the user cancels is no error", async () => {
    stub(() => true, () => Promise.reject(new DOMException("no", "AbortError")));
    invite();
    fire(find("share"), "click");
    // An unhandled rejection would fail this test.
    await yieldTurn();
  });

  for (const [where, canShare] of [["cannot share", undefined], ["refuses the link", () => false]]) {
    it(`sharing is not offered where the device ${where}`, () => {
      stub(canShare, undefined);
      invite();
      assert.equal(find("share").hidden, true);
    });
  }
});
