// SPDX-License-Identifier: BSD-3-Clause
// The Debian packages are built from the source tree, and lintian finds nothing in them.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";

import { atEnd, execute } from "../lib/children.mjs";
import { build, root } from "../lib/server.mjs";

describe("the Debian packages", () => {
  it("are built, and lintian finds no fault in them", async (t) => {
    const place = path.join(build, "package");
    atEnd(t, () => rm(place, { recursive: true, force: true }));
    const made = await execute(path.join(root, "scripts/make-deb"), [],
      { PATH: process.env.PATH ?? "", BUILD: place });
    assert.equal(made.code, 0, made.stderr);
    const packages = made.stdout.trim().split("\n");
    assert.deepEqual(packages.map((file) => path.basename(file).split("_")[0]).sort(),
      ["sfchat", "sfchat-mongodb"]);
    const { stdout, stderr } = await execute("lintian", [
      "--allow-root", "--display-info", "--pedantic", ...packages,
    ], {});
    assert.equal(stderr, "");
    // The service needs systemd. Debian 13 does not know this tag any more.
    const faults = stdout.split("\n").filter((line) => line &&
      !line.includes("package-supports-alternative-init-but-no-init.d-script"));
    assert.deepEqual(faults, []);
  });
});
