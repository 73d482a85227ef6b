// SPDX-License-Identifier: BSD-3-Clause
/**
 * Tells of what arrives while nobody is looking: the title and the icon
 * count it; a sound and a notification, if wanted, say only that there is
 * something. They are an extra: a browser that refuses them stops nothing.
 */

import { find } from "./dom.js";
import { say } from "./i18n.js";

const TONE_HZ = 660;
const TONE_SECONDS = 0.18;
const TONE_GAIN = 0.08;
const RING_REST_MS = 1_000;
const RING_LIMIT_MS = 3_000;

/** @typedef {import("../line/saved-chat.js").SavedChat["options"]} Options */

/**
 * @param {Options} options what the user has chosen; changed in place
 * @param {() => void} onChange
 * @param {(error: unknown) => void} onFail `onChange` threw
 */
export function createAttention(options, onChange, onFail) {
  const title = document.title;
  const icon = /** @type {HTMLLinkElement} */ (
    document.querySelector("link[rel=icon]"));
  const { href: calm } = icon;
  let count = 0;
  let lastRing = -Infinity;
  /** @type {Notification | null} */
  let notification = null;

  function show() {
    // It has vanished, and is not to come back.
    if (document.title === "") return;
    document.title = count ? say("chat.unread", { count, title }) : title;
    const wanted = count ? icon.dataset.unread ?? calm : calm;
    // Browsers look at the icon anew even when it stays the same.
    if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      count = 0;
      silence();
    }
    show();
  });

  function silence() {
    notification?.close();
    notification = null;
  }

  return {
    /** Takes back what tells of messages outside of the page. */
    silence,
    /** Something has come. */
    call() {
      if (!document.hidden) return;
      count += 1;
      show();
      if (options.notify) notification = notify() ?? notification;
      if (!options.sound || performance.now() - lastRing < RING_REST_MS) return;
      lastRing = performance.now();
      ring();
    },
    /** Nothing more is to come: the chat is over. */
    remove: offerOptions(options, onChange, onFail),
  };
}

/** @typedef {ReturnType<typeof createAttention>} Attention */

/**
 * @param {Options} options
 * @param {() => void} onChange
 * @param {(error: unknown) => void} onFail
 * @returns {() => void} takes the offer back
 */
function offerOptions(options, onChange, onFail) {
  const dialog = find("options", HTMLDialogElement);
  const sound = find("sound", HTMLInputElement);
  const notifications = find("notify", HTMLInputElement);
  sound.checked = options.sound;
  notifications.checked = options.notify;
  notifications.disabled = !("Notification" in window);
  const button = find("show-options", HTMLButtonElement);
  button.addEventListener("click", () => dialog.showModal());
  sound.addEventListener("change", () => {
    options.sound = sound.checked;
    if (sound.checked) ring();
    onChange();
  });
  notifications.addEventListener("change", () => {
    changeNotify().catch(onFail);
  });

  async function changeNotify() {
    notifications.checked = notifications.checked && await isAllowed();
    options.notify = notifications.checked;
    onChange();
  }

  return () => {
    if (dialog.open) dialog.close();
    button.remove();
  };
}

async function isAllowed() {
  let isGranted = false;
  try {
    isGranted = await Notification.requestPermission() === "granted";
  } catch {
    // Somebody forbids even to ask.
  }
  find("notify-problem", HTMLElement).hidden = isGranted;
  return isGranted;
}

/** @returns {Notification | null} */
function notify() {
  try {
    const shown = new Notification(say("chat.notification"), { tag: "sfChat" });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
    });
    return shown;
  } catch {
    // Chrome on Android has the constructor and forbids it.
    return null;
  }
}

function ring() {
  try {
    play();
  } catch {
    // Browsers have only so many contexts, and some machines no sound.
  }
}

function play() {
  const context = new AudioContext();
  // Even one that is never allowed to run, and so has no end, takes room.
  setTimeout(() => context.close().catch(() => {}), RING_LIMIT_MS);
  const tone = new OscillatorNode(context, { frequency: TONE_HZ });
  const volume = new GainNode(context, { gain: TONE_GAIN });
  const end = context.currentTime + TONE_SECONDS;
  volume.gain.setTargetAtTime(0, context.currentTime, TONE_SECONDS / 3);
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(end);
}
