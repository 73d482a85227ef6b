// SPDX-License-Identifier: BSD-3-Clause
/** What most stories are told on: one server and one browser for all of them. */

import { after, afterEach, before } from "node:test";

import { startServer } from "../../lib/server.mjs";
import { openBrowser } from "./browser.mjs";

/**
 * For the tests of the describe() that it is called in. Pages end with their
 * test, server and browser after the last one.
 * @param {string} engine one of ENGINES
 * @param {(server: any, browser: any) => void} take is given both before the
 *   first test
 */
export function setStage(engine, take) {
  let server;
  let browser;

  before(async () => {
    server = await startServer();
    browser = await openBrowser(engine);
    take(server, browser);
  });
  afterEach(() => browser.closePages());
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
}
