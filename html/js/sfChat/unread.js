// SPDX-License-Identifier: BSD-3-Clause
/** Counts, in the title, what has arrived while nobody was looking. */

import { say } from "./i18n.js";

export function createUnread() {
  const title = document.title;
  let count = 0;

  const show = () => {
    document.title = count ? say("chat.unread", { count, title }) : title;
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) count = 0;
    show();
  });

  return {
    add() {
      if (document.hidden) count += 1;
      show();
    },
  };
}
