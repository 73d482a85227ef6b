// SPDX-License-Identifier: BSD-3-Clause
/** One server and one browser for all tests of a file, as most files need them. */

import { after, afterEach, before } from "node:test";

import { startServer } from "../../lib/server.mjs";
import { openBrowser } from "./browser.mjs";

/**
 * Sets up the describe() that calls it. Each test's pages are closed after the
 * test; the server and the browser stop after the last one.
 * @param {string} engine one of ENGINES
 * @param {(server: any, browser: any) => void} take gets both before the first
 *   test
 * @param {object} [options] of startServer()
 */
export function setStage(engine, take, options) {
  let server;
  let browser;

  before(async () => {
    server = await startServer(options);
    browser = await openBrowser(engine);
    take(server, browser);
  });
  afterEach(() => browser?.closePages());
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
}
