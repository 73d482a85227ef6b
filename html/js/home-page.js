// SPDX-License-Identifier: BSD-3-Clause
/** The script of the home page. */

import { publish } from "./sfChat.js";
import * as home from "./sfChat/home.js";
import * as abandon from "./sfChat/line/abandon.js";
import * as analytics from "./sfChat/line/analytics.js";
import * as api from "./sfChat/line/api.js";
import * as savedChat from "./sfChat/line/saved-chat.js";
import * as i18n from "./sfChat/page/i18n.js";
import * as panic from "./sfChat/page/panic.js";
import * as validator from "./sfChat/validator.js";

publish({ abandon, analytics, api, home, i18n, panic, savedChat, validator });
home.startHome();
