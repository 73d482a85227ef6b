// SPDX-License-Identifier: BSD-3-Clause
/**
 * Tells Google Analytics of two events, if the operator has set it up: that a
 * chat was created, and that a chat was joined. This loads no foreign script,
 * stores nothing, and sends neither a token nor the address of a page.
 */

import { analyticsId } from "./settings.js";

const COLLECTOR = "https://www.google-analytics.com/g/collect";

/** @param {"create new chat" | "join to chat"} name */
export function count(name) {
  const tid = analyticsId();
  if (!tid) return;
  // A new random id each time: every event seems to come from a new visitor.
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
