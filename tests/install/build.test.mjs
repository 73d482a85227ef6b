// SPDX-License-Identifier: BSD-3-Clause
// A build in place, while the site runs: make replaces each program and each page by a
// rename, so no visitor meets one that is missing or half written.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";

import { atEnd, execute } from "../lib/children.mjs";
import { api, build, request, root, startServer } from "../lib/server.mjs";

const BUILDS = 2;
const VISITORS = 3;

/** Makes a second build, whose files are links to those of the first. */
async function linkBuild(t) {
  const copy = path.join(build, "again");
  await rm(copy, { recursive: true, force: true });
  atEnd(t, () => rm(copy, { recursive: true }));
  await mkdir(path.join(copy, "lmdb/obj"), { recursive: true });
  for (const name of [
    "html", "site.conf", "site.apache.conf", "site.nginx.conf",
    "lmdb/libsfcore.a", "lmdb/cgi-bin", "lmdb/cron", "lmdb/obj/libsfcore",
    "lmdb/obj/cgi-bin", "lmdb/obj/cron",
  ]) {
    execFileSync("cp", ["-al", path.join(build, name), path.join(copy, name)]);
  }
  return copy;
}

describe("a build in place", () => {
  it("does not disturb the visitors of the site", async (t) => {
    const copy = await linkBuild(t);
    const server = await startServer({ env: { SFCHAT_BUILD: copy } });
    atEnd(t, server.stop);
    const seen = {};
    let building = true;
    const count = ({ status }, what) => {
      const name = `${what}: ${status}`;
      seen[name] = (seen[name] ?? 0) + 1;
    };
    const visit = async () => {
      while (building) {
        count(await api(server, "POST", "create.json"), "create");
        count(await api(server, "GET", "health.json"), "health");
        for (const page of ["/", "/chat", "/de/faq"]) {
          count(await request(server, "GET", page), "page");
        }
      }
    };
    const visits = Promise.all(Array.from({ length: VISITORS }, visit));
    try {
      for (let i = 0; i < BUILDS; i++) {
        // As if the library and the pages had changed.
        const made = await execute("make", [
          "-C", root, `BUILD=${copy}`, "-W", path.join(copy, "lmdb/libsfcore.a"),
          "-W", "COPYING", "all",
        ], { PATH: process.env.PATH ?? "" });
        assert.equal(made.code, 0, made.stderr);
        assert.match(made.stdout, /cgi-bin\/create/);
        assert.match(made.stdout, /build-html/);
      }
    } finally {
      building = false;
    }
    await visits;
    assert.deepEqual(Object.keys(seen).sort(), ["create: 201", "health: 200", "page: 200"],
      JSON.stringify(seen));
  });
});
