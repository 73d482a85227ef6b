// SPDX-License-Identifier: BSD-3-Clause
/** What the home page loads. */

import { homeSays } from "../locales/en.json";
import { publish } from "./sfChat.js";
import * as api from "./sfChat/api.js";
import * as home from "./sfChat/home.js";
import * as i18n from "./sfChat/i18n.js";
import * as session from "./sfChat/session.js";
import * as validator from "./sfChat/validator.js";

publish({ api, home, i18n, session, validator });
i18n.addTexts(homeSays);
home.startHome();
