// SPDX-License-Identifier: BSD-3-Clause
/** The WebCrypto of each engine agrees with every value of the test vectors. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

import { root, startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";

const FOLDER = path.join(root, "tests/e2ee");

/** Bundles the check and the page's modules, as the page is built. */
const bundle = () =>
  execFileSync("esbuild", [
    path.join(FOLDER, "vectors-check.js"), "--bundle", "--format=iife",
    "--global-name=check", "--target=es2022",
  ], { encoding: "utf8" });

describe("the test vectors of the encryption", () => {
  for (const engine of ENGINES) {
    it(`agree with the WebCrypto of ${engine}`, async (t) => {
      const server = await startServer();
      t.after(() => server.stop());
      const browser = await openBrowser(engine);
      t.after(() => browser.close());
      const page = await browser.newPage();
      // Browsers offer WebCrypto to a secure origin only.
      await page.goto(server.url);
      const vectors = JSON.parse(readFileSync(path.join(FOLDER, "vectors.json"), "utf8"));
      assert.ok(vectors.modes.length > 1);
      const failures = await page.evaluate(
        new Function("vectors", `${bundle()}; return check.checkVectors(vectors);`),
        vectors);
      assert.deepEqual(failures, []);
    });
  }
});
