// SPDX-License-Identifier: BSD-3-Clause
/**
 * Calls a user who is not looking at the page: the title and the icon count what
 * has arrived. If the user wants it, there are a sound and a notification, which
 * never say what was written. A browser may refuse both; nothing else stops then.
 */

import { find } from "./dom.js";
import { say } from "./i18n.js";
import { NAME } from "../line/settings.js";

const TONE_HZ = 660;
const TONE_SECONDS = 0.18;
const TONE_GAIN = 0.08;
const RING_REST_MS = 1_000;
const RING_LIMIT_MS = 3_000;

/** @typedef {import("../line/saved-chat.js").SavedChat["options"]} Options */

/**
 * @param {Options} options the user's choice; changed in place
 * @param {() => void} onChange called after each change of `options`
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
    // Panic has emptied the page, and the title must not come back.
    if (document.title === "") return;
    document.title = count ? say("chat.unread", { count, title }) : title;
    const wanted = count ? icon.dataset.unread ?? calm : calm;
    // A browser loads the icon again even if the same address is set.
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
    /** Removes the notification. */
    silence,
    /** Counts one more arrival and calls, unless the user is looking. */
    call() {
      if (!document.hidden) return;
      count += 1;
      show();
      if (options.notify) notification = notify() ?? notification;
      if (!options.sound || performance.now() - lastRing < RING_REST_MS) return;
      lastRing = performance.now();
      ring();
    },
    /** Removes the button of the options, at the end of the chat. */
    remove: offerOptions(options, onChange, onFail),
  };
}

/** @typedef {ReturnType<typeof createAttention>} Attention */

/**
 * @param {Options} options
 * @param {() => void} onChange
 * @param {(error: unknown) => void} onFail
 * @returns {() => void} removes the button
 */
function offerOptions(options, onChange, onFail) {
  const dialog = find("options", HTMLDialogElement);
  const sound = find("sound", HTMLInputElement);
  const notifications = find("notify", HTMLInputElement);
  sound.checked = options.sound;
  notifications.checked = options.notify;
  notifications.disabled = !("Notification" in window);
  find("notify-problem", HTMLElement).hidden = !notifications.disabled;
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

/** Asks the browser for the right to notify, tries it, and shows if it refuses. */
async function isAllowed() {
  let isGranted = false;
  try {
    isGranted = await Notification.requestPermission() === "granted";
    // Chrome on Android grants the right, but its constructor throws.
    if (isGranted) new Notification("SFChat", { silent: true }).close();
  } catch {
    // A policy can forbid even the question.
    isGranted = false;
  }
  find("notify-problem", HTMLElement).hidden = isGranted;
  return isGranted;
}

/** @returns {Notification | null} */
function notify() {
  try {
    const shown = new Notification(say("chat.notification"), { tag: NAME });
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
    });
    return shown;
  } catch {
    return null;
  }
}

function ring() {
  try {
    play();
  } catch {
    // A browser limits the number of contexts, and some devices have no sound.
  }
}

function play() {
  const context = new AudioContext();
  // Closed by a timer: if the browser does not let the context run, the tone
  // never ends, and the context would keep its memory.
  setTimeout(() => context.close().catch(() => {}), RING_LIMIT_MS);
  const tone = new OscillatorNode(context, { frequency: TONE_HZ });
  const volume = new GainNode(context, { gain: TONE_GAIN });
  const end = context.currentTime + TONE_SECONDS;
  volume.gain.setTargetAtTime(0, context.currentTime, TONE_SECONDS / 3);
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(end);
}
