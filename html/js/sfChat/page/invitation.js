// SPDX-License-Identifier: BSD-3-Clause
/**
 * The card with the invitation: the link, the code alone, the QR code. The
 * creator sees it until somebody has joined.
 */

import { find, make } from "./dom.js";
import { formatInvite } from "../e2ee/invite.js";
import { say } from "./i18n.js";
import { drawQr } from "./qr.js";

/**
 * @param {object} options
 * @param {string} options.code
 * @param {string} options.secret of the link
 * @param {boolean} options.linkOnly whether a joiner needs the link
 * @param {(linkOnly: boolean) => void} options.onLinkOnly
 */
export function showInvitation({ code, secret, linkOnly, onLinkOnly }) {
  const link = `${location.origin}/#${formatInvite(code, secret)}`;
  const box = find("link-only", HTMLInputElement);
  box.checked = linkOnly;
  box.addEventListener("change", () => onLinkOnly(box.checked));
  showCode(code);
  offerCopy("copy-link", link);
  offerCopy("copy-code", code);
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

/** @param {string} id of a button @param {string} text */
function offerCopy(id, text) {
  find(id, HTMLButtonElement).addEventListener("click", async () => {
    const done = find("copied", HTMLElement);
    done.textContent = "";
    try {
      await navigator.clipboard.writeText(text);
      done.textContent = say("invite.copied");
    } catch {
      // A browser may ask the user, who may refuse. The text can be copied by
      // hand then.
      done.textContent = say("invite.copyThis", { text });
    }
  });
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
    } catch {
      find("copied", HTMLElement).textContent = say("invite.noQr");
    }
    button.disabled = false;
  });
}
