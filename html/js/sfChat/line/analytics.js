// SPDX-License-Identifier: BSD-3-Clause
/**
 * Two events for Google Analytics, if the operator has asked for them: that
 * a chat was created, that one was joined. Nobody's script is loaded for it,
 * nothing is stored, and no token or address of a page goes along.
 */

import { analyticsId } from "./settings.js";

const COLLECTOR = "https://www.google-analytics.com/g/collect";

/** @param {"create new chat" | "join to chat"} name */
export function count(name) {
  const tid = analyticsId();
  if (!tid) return;
  // A visitor who is new each time.
  const cid = crypto.getRandomValues(new Uint32Array(2)).join(".");
  const query = new URLSearchParams({ v: "2", tid, cid, en: name.replaceAll(" ", "_") });
  fetch(`${COLLECTOR}?${query}`, {
    method: "POST",
    mode: "no-cors",
    credentials: "omit",
    referrerPolicy: "no-referrer",
    keepalive: true,
  }).catch(() => {});
}
