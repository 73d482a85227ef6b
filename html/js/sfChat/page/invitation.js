// SPDX-License-Identifier: BSD-3-Clause
/**
 * The card with the invitation: the link, the code alone, the QR code. The
 * creator sees it until somebody has joined.
 */

import { find, make } from "./dom.js";
import { formatInvite } from "../e2ee/invite.js";
import { say } from "./i18n.js";
import { drawQr } from "./qr.js";
import { BELOW } from "../line/settings.js";

/**
 * @param {object} options
 * @param {string} options.code
 * @param {string} options.secret of the link
 * @param {boolean} options.linkOnly whether a joiner needs the link
 * @param {(linkOnly: boolean) => void} options.onLinkOnly
 */
export function showInvitation({ code, secret, linkOnly, onLinkOnly }) {
  const link = `${location.origin}${BELOW}/#${formatInvite(code, secret)}`;
  const box = find("link-only", HTMLInputElement);
  const byCode = find("by-code", HTMLElement);
  box.checked = linkOnly;
  byCode.hidden = linkOnly;
  box.addEventListener("change", () => {
    byCode.hidden = box.checked;
    onLinkOnly(box.checked);
  });
  showCode(code);
  offerCopies({ "copy-link": link, "copy-code": code });
  offerShare(link);
  offerQr(link);
  find("invite", HTMLElement).hidden = false;
}

export function hideInvitation() {
  find("invite", HTMLElement).hidden = true;
}

/** @param {string} code */
function showCode(code) {
  const groups = code.match(/.{4}/g) ?? [];
  find("invite-code", HTMLElement)
    .replaceChildren(...groups.map((group) => make("span", "", group)));
}

/**
 * Says what came of a press of a button, to screen readers and, if it went wrong,
 * below the buttons.
 * @param {string} text
 * @param {boolean} isBad
 */
function tell(text, isBad) {
  const place = find("copied", HTMLElement);
  place.className = isBad ? "copied" : "visually-hidden";
  place.textContent = text;
  if (isBad) place.scrollIntoView({ block: "nearest" });
}

/**
 * Offers to copy texts. The button that copied last says so, because a place
 * elsewhere may be out of sight.
 * @param {Record<string, string>} texts by the ids of their buttons
 */
function offerCopies(texts) {
  const buttons = Object.keys(texts).map((id) => find(id, HTMLButtonElement));
  const labels = buttons.map((button) => button.textContent);

  for (const button of buttons) {
    button.addEventListener("click", async () => {
      const text = texts[button.id];
      buttons.forEach((other, i) => { other.textContent = labels[i]; });
      tell("", false);
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = say("invite.copied");
        tell(button.textContent, false);
      } catch {
        // A browser may ask the user, who may refuse. The text can be copied by
        // hand then.
        tell(say("invite.copyThis", { text }), true);
      }
    });
  }
}

/** @param {string} url */
function offerShare(url) {
  const button = find("share", HTMLButtonElement);
  button.hidden = !navigator.canShare?.({ url });
  button.addEventListener("click", () => {
    // Rejects if the user cancels.
    navigator.share({ text: say("invite.shareText"), url }).catch(() => {});
  });
}

/** @param {string} link */
function offerQr(link) {
  const button = find("show-qr", HTMLButtonElement);
  const place = find("qr", HTMLElement);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      place.replaceChildren(await drawQr(link));
      place.hidden = false;
      button.hidden = true;
      place.focus();
      place.scrollIntoView({ block: "nearest" });
    } catch {
      tell(say("invite.noQr"), true);
    }
    button.disabled = false;
  });
}
