// SPDX-License-Identifier: BSD-3-Clause
// The Debian packages are built from the source tree, and lintian finds nothing in them.
// The settings of the machine that builds them do not go into them.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";

import { atEnd, execute } from "../lib/children.mjs";
import { build, root } from "../lib/server.mjs";

/**
 * Begins a command that sees the settings of a site on this machine. Only root can make
 * it see them.
 */
const ON_A_SITE = process.getuid?.() === 0 ? ["unshare", "--mount", "sh", "-ec", `
  mount -t tmpfs none /mnt
  cp -a /etc/. /mnt
  echo SFCHAT_CONTACT=/of-this-machine >/mnt/sfchat.conf
  mount --bind /mnt /etc
  exec "$0" "$@"`] : ["env"];

describe("the Debian packages", () => {
  it("are built, and lintian finds no fault in them", async (t) => {
    const place = path.join(build, "package");
    atEnd(t, () => rm(place, { recursive: true, force: true }));
    const [command, ...words] = [...ON_A_SITE, path.join(root, "scripts/make-deb")];
    const made = await execute(command, words,
      { PATH: process.env.PATH ?? "", BUILD: place });
    assert.equal(made.code, 0, made.stderr);
    const packages = made.stdout.trim().split("\n");
    assert.deepEqual(packages.map((file) => path.basename(file).split("_")[0]).sort(),
      ["sfchat", "sfchat-mongodb"]);
    const site = packages.find((file) => /sfchat_[^/]*$/.test(file)) ?? "";
    const page = execFileSync("sh", ["-c", `dpkg-deb --fsys-tarfile "$0" |
      tar -xO ./usr/share/sfchat/html/faq.html`, site], { encoding: "utf8" });
    assert.match(page, /<html/);
    assert.doesNotMatch(page, /of-this-machine/);
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
