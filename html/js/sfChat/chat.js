// SPDX-License-Identifier: BSD-3-Clause
/**
 * The chat page: puts its pieces together. The rules of the conversation are
 * in `incoming.js`, `outgoing.js` and `ending.js`.
 */

import { createConversation } from "./conversation.js";
import { openEncryption } from "./encryption.js";
import { createEnding } from "./ending.js";
import { createIncoming } from "./incoming.js";
import { createApi } from "./line/api.js";
import { newId, save, wipe } from "./line/saved-chat.js";
import { apiSettings } from "./line/settings.js";
import { createOutgoing } from "./outgoing.js";
import { createAttention } from "./page/attention.js";
import { createAwake } from "./page/awake.js";
import { createClock, showState } from "./page/bar.js";
import { createClosing } from "./page/closing.js";
import { createComposer } from "./page/composer.js";
import { find } from "./page/dom.js";
import { refuseFiles } from "./page/files.js";
import { hideInvitation } from "./page/invitation.js";
import { createPanic } from "./page/panic.js";
import { createTyping } from "./page/typing.js";
import { createVerification } from "./page/verification.js";
import { createView } from "./page/view.js";
import { fitWindow } from "./page/window.js";
import { createPhase } from "./phase.js";

/** @typedef {import("./line/saved-chat.js").SavedChat} SavedChat */

/**
 * @param {SavedChat} saved
 * @param {AbortSignal} left aborted if the page is left before the chat has
 *   started
 */
export async function startChat(saved, left) {
  const encryption = await openEncryption(saved);
  // A page that is left has no time to encrypt what it was given last.
  saved.draft = [...saved.unsealed.splice(0), saved.draft].filter(Boolean).join("\n");
  await save(saved);
  if (left.aborted) return;
  assemble(saved, encryption).start();
}

/**
 * @param {SavedChat} saved
 * @param {import("./encryption.js").Encryption} encryption
 */
function assemble(saved, encryption) {
  const look = () => incoming.look();
  const showLine = () => incoming.showLine();
  const settle = () => outgoing.settle();
  const phase = createPhase();
  const api = createApi(saved, apiSettings());
  const conversation = createConversation(
    saved, createView(() => outgoing.flush()), (error) => ending.fail(error));
  phase.onEnd(() => conversation.close());
  const attention = createAttention(
    saved.options, conversation.keepSoon, (error) => ending.fail(error));
  const clock = createClock();

  const core = { saved, encryption, phase, api, conversation, attention };
  const ending = createEnding(
    { ...core, settle, look, showLine, clear });
  const outgoing = createOutgoing(
    { ...core, ending, look, showLine, isGoing: () => incoming.isGoing });

  const typing = createTyping(outgoing.hint);
  const composer = createComposer({
    draft: saved.draft,
    onDraft(draft) {
      saved.draft = draft;
      conversation.keepSoon();
    },
    onSend: outgoing.write,
    onWrite: typing.write,
    onLeave: ending.leave,
  });
  const verification = createVerification({
    onMatch: () => incoming.confirm(),
    onDiffer: () => ending.end("note.differ", { close: true }),
  });
  const closing = createClosing(ending.close);
  const incoming = createIncoming(
    { ...core, ending, outgoing, awake: createAwake(), clock, composer, typing, verification });

  function clear() {
    composer.remove();
    closing.remove();
    verification.remove();
    hideInvitation();
    typing.hide();
    clock.stop();
  }

  return {
    start() {
      createPanic(ending.panic);
      refuseFiles();
      fitWindow();
      conversation.showSaved();
      incoming.start();
      outgoing.flush();
      // The page may have been left after it found a fault and before it ended
      // the chat.
      ending.endByFault();
      find("retry", HTMLElement).addEventListener("click", look);
      window.addEventListener("online", look);
      window.addEventListener("offline", look);
      document.addEventListener("visibilitychange", () => document.hidden || look());
    },
  };
}

/**
 * Shows in a duplicated tab that the chat lives in the other tab. Deletes the
 * copy of the saved chat: reloaded after the other tab has ended, this tab
 * would go on from an old state.
 */
export function refuseSecondTab() {
  wipe();
  showState("elsewhere");
  tellAlone("note.elsewhere");
}

/**
 * Shows that a chat could not even be started.
 * @param {string} note
 */
export function giveUp(note) {
  for (const id of ["composer", "close", "show-options"]) find(id, HTMLElement).remove();
  hideInvitation();
  showState("closed");
  tellAlone(note);
  find("again", HTMLElement).hidden = false;
}

/**
 * Shows one line on a page that has no conversation.
 * @param {string} note
 */
function tellAlone(note) {
  createView(() => {}).show([{
    id: newId(), from: "system", at: Date.now(), text: "", note,
  }]);
}
