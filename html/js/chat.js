// SPDX-License-Identifier: BSD-3-Clause
/** What the chat page loads. */

import { publish } from "./sfChat.js";
import * as api from "./sfChat/api.js";
import * as channel from "./sfChat/channel.js";
import * as chat from "./sfChat/chat.js";
import * as claim from "./sfChat/claim.js";
import * as i18n from "./sfChat/i18n.js";
import * as links from "./sfChat/links.js";
import * as outbox from "./sfChat/outbox.js";
import * as poll from "./sfChat/poll.js";
import * as session from "./sfChat/session.js";
import * as validator from "./sfChat/validator.js";
import * as view from "./sfChat/view.js";

publish({
  api, channel, chat, claim, i18n, links, outbox, poll, session, validator, view,
});
const mine = window.isSecureContext ? session.load() : null;
if (!mine) location.replace("/");
else if (await claim.claim(mine.tab)) await chat.startChat(mine);
else chat.refuseSecondTab();
