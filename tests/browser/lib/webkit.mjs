// SPDX-License-Identifier: BSD-3-Clause
/**
 * WebKitGTK through its own WebKitWebDriver, in plain HTTP (W3C WebDriver). A
 * driver runs one browser and a browser serves one person, so each person gets
 * a driver. Each person also gets an X server: only one window of a display
 * has the focus, and a page without it does not draw the focus.
 */

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { waitFor } from "../../lib/children.mjs";
import { findPort } from "../../lib/server.mjs";
import { PATIENCE_MS, bound } from "./patience.mjs";

const RESIZE_MS = 50;
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** How WebDriver encodes the names of keys; any other key is sent as it is. */
const KEYS = {
  Shift: "\ue008",
  Control: "\ue009",
  Alt: "\ue00a",
  Enter: "\ue007",
  Escape: "\ue00c",
  Tab: "\ue004",
  Backspace: "\ue003",
  Delete: "\ue017",
  PageUp: "\ue00e",
  PageDown: "\ue00f",
  End: "\ue010",
  Home: "\ue011",
  ArrowLeft: "\ue012",
  ArrowUp: "\ue013",
  ArrowRight: "\ue014",
  ArrowDown: "\ue015",
};

// Without this, the toolbar keeps the window wider than a phone.
const GTK_CSS = `* {
  min-width: 0; min-height: 0; margin: 0; padding: 0; border-width: 0;
  font-size: 1px; -gtk-icon-transform: scale(0.01);
}
`;

/** @typedef {import("./browser.mjs").Preferences} Preferences */

/**
 * Sends one command and returns its value. Throws an error whose name is
 * WebDriver's error code.
 * @param {string} base
 * @param {string} method
 * @param {string} resource
 * @param {object} [body]
 */
async function call(base, method, resource, body) {
  const response = await fetch(`${base}${resource}`, {
    method,
    body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
  });
  const { value } = await response.json();
  if (response.ok) return value;
  throw Object.assign(new Error(`${value.error}: ${value.message}`), {
    name: value.error,
  });
}

/**
 * Writes the files that the browser reads its settings from.
 * @param {string} dir
 * @param {Preferences} preferences
 * @returns {Promise<Record<string, string>>} environment variables
 */
async function writeSettings(dir, { reducedMotion, language }) {
  const gtk = path.join(dir, "gtk-3.0");
  const locale = `${language.replace("-", "_")}.UTF-8`;
  await mkdir(gtk);
  await writeFile(path.join(gtk, "gtk.css"), GTK_CSS);
  await writeFile(path.join(gtk, "settings.ini"),
    `[Settings]\ngtk-enable-animations=${reducedMotion ? 0 : 1}\n`);
  // The browser takes its language from the name of the locale. Only C.utf8 is
  // sure to be installed, so give it the name.
  await symlink("/usr/lib/locale/C.utf8", path.join(dir, locale));
  return {
    HOME: dir,
    XDG_CONFIG_HOME: dir,
    XDG_RUNTIME_DIR: dir,
    LOCPATH: dir,
    LANG: locale,
    LC_ALL: locale,
    NO_AT_BRIDGE: "1",
    GSETTINGS_BACKEND: "memory",
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
    // Without a graphics card, emulating one takes half of the browser's time.
    WEBKIT_DISABLE_COMPOSITING_MODE: "1",
  };
}

/** Starts a process that the kernel kills when this one ends. */
const start = (command, args, options) =>
  spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], options);

/** @returns {Promise<{display: string, stop: () => void}>} */
async function startScreen() {
  const screen = start("Xvfb",
    ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"],
    { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const number = await bound(new Promise((resolve, reject) => {
    screen.stdio[3].once("data", resolve);
    screen.once("error", reject);
    screen.once("exit", () => reject(new Error("Xvfb does not start")));
  }), "Xvfb starts");
  return {
    display: `:${String(number).trim()}`,
    stop: () => void screen.kill(),
  };
}

async function startDriver(env) {
  const port = await findPort();
  const driver = start("WebKitWebDriver", [`--port=${port}`],
    { env, stdio: "ignore" });
  const base = `http://127.0.0.1:${port}`;
  await waitFor(() => call(base, "GET", "/status").catch(() => null),
    "WebKitWebDriver answers");
  return { base, stop: () => void driver.kill() };
}

/**
 * @param {string} executablePath of MiniBrowser
 * @param {Preferences} preferences
 */
export async function launch(executablePath, preferences) {
  const dir = await mkdtemp(path.join(tmpdir(), "sfchat-webkit-"));
  const settings = await writeSettings(dir, preferences);

  /** @param {import("./browser.mjs").Line} line */
  async function newPerson(line) {
    const screen = await startScreen();
    const driver = await startDriver({
      ...process.env, ...settings, DISPLAY: screen.display,
    });
    const { sessionId } = await call(driver.base, "POST", "/session", {
      capabilities: {
        alwaysMatch: {
          acceptInsecureCerts: true,
          timeouts: { script: PATIENCE_MS, pageLoad: PATIENCE_MS },
          "webkitgtk:browserOptions": {
            binary: executablePath,
            args: [
              "--automation",
              `--proxy=http://${line.address}`,
              ...(preferences.dark ? ["--dark-mode"] : []),
            ],
          },
        },
      },
    });
    const session = `${driver.base}/session/${sessionId}`;
    let used = false;
    return {
      async newTab() {
        const handle = used
          ? (await call(session, "POST", "/window/new", { type: "tab" })).handle
          : await call(session, "GET", "/window");
        used = true;
        return wrapTab(session, handle);
      },
      async close() {
        await call(session, "DELETE", "");
        driver.stop();
        screen.stop();
      },
    };
  }

  return {
    newPerson,
    close: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/**
 * WebDriver does not report the console, so this script makes the page record
 * its errors and warnings, from the first `evaluate` on.
 */
const LISTEN = `
  window.complaints ??= (() => {
    const kept = [];
    const keep = (text) => kept.push(String(text));
    for (const level of ["error", "warn"]) {
      const say = console[level];
      console[level] = (...args) => { keep(args.join(" ")); say(...args); };
    }
    addEventListener("error", ({ message }) => keep(message));
    addEventListener("unhandledrejection", ({ reason }) => keep(reason));
    addEventListener("securitypolicyviolation", ({ violatedDirective }) =>
      keep("CSP: " + violatedDirective));
    return kept;
  })();
`;

/** Characters above U+FFFF, for example emoji. */
const NO_KEYS = /([\u{10000}-\u{10ffff}]+)/u;

/** @param {string} selector @param {string} text */
function insertText(selector, text) {
  document.querySelector(selector).focus();
  document.execCommand("insertText", false, text);
}

/** The handle of the tab that a session's commands go to, by session. */
const current = new Map();

/**
 * @param {string} session
 * @param {string} handle
 */
function wrapTab(session, handle) {
  /** @type {string[]} */
  const complaints = [];

  /** Sends a command to this tab. */
  async function command(method, resource, body) {
    if (current.get(session) !== handle) {
      await call(session, "POST", "/window", { handle });
      current.set(session, handle);
    }
    return call(session, method, resource, body);
  }

  const find = async (selector) =>
    (await command("POST", "/element", {
      using: "css selector",
      value: selector,
    }))[ELEMENT];

  const sendKeys = (element, text) =>
    command("POST", `/element/${element}/value`, { text });

  return {
    complaints,
    front: () => command("GET", "/window"),
    goto: (url) => command("POST", "/url", { url }),
    reload: () => command("POST", "/refresh"),
    url: () => command("GET", "/url"),
    title: () => command("GET", "/title"),
    close: () => command("DELETE", "/window"),
    async evaluate(fn, ...args) {
      const { result, heard } = await command("POST", "/execute/sync", {
        script: `${LISTEN}
          return (async () => ({
            result: await (${fn})(...arguments),
            heard: window.complaints.splice(0),
          }))();`,
        args,
      });
      complaints.push(...heard);
      return result;
    },
    click: async (selector) =>
      command("POST", `/element/${await find(selector)}/click`),
    async type(selector, text) {
      const element = await find(selector);
      for (const part of text.split(NO_KEYS).filter(Boolean)) {
        if (!part.match(NO_KEYS)) await sendKeys(element, part);
        // WebKitWebDriver drops these characters when they are sent as keys.
        else await this.evaluate(insertText, selector, part);
      }
    },
    async press(keys) {
      const { [ELEMENT]: element } = await command("GET", "/element/active");
      // WebDriver releases the modifier keys at the end of the text.
      await sendKeys(element, keys.map((key) => KEYS[key] ?? key).join(""));
    },
    async follow(open) {
      const before = await command("GET", "/window/handles");
      await open();
      const opened = await waitFor(async () => {
        const handles = await command("GET", "/window/handles");
        return handles.find((other) => !before.includes(other));
      }, "a new tab opens");
      return wrapTab(session, opened);
    },
    async setViewport(width, height) {
      // The window is larger than the page by a constant frame. It changes its
      // size some time after the command.
      await waitFor(async () => {
        const [w, h] = await this.evaluate(() => [innerWidth, innerHeight]);
        if (w === width && h === height) return true;
        const outer = await command("GET", "/window/rect");
        await command("POST", "/window/rect", {
          width: outer.width + width - w,
          height: outer.height + height - h,
        });
        await sleep(RESIZE_MS);
        return false;
      }, `the page is ${width} × ${height}`);
    },
    screenshot: async () =>
      Buffer.from(await command("GET", "/screenshot"), "base64"),
  };
}
