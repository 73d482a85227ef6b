// SPDX-License-Identifier: BSD-3-Clause
// GET health.json says whether the site can serve people, and why not only in
// the log. tests/cgi/health.test.mjs has the stores that do not work.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";

import { meet, texts } from "../lib/chat.mjs";
import { atEnd, waitFor } from "../lib/children.mjs";
import { api, build, request, startServer, storeKind } from "../lib/server.mjs";
import { startRedis } from "../lib/stores.mjs";

/** Starts a server, which is stopped when the test ends. */
async function start(t, env = {}) {
  const server = await startServer({ env });
  atEnd(t, server.stop);
  return server;
}

/** Waits until health.json has this status, and returns the reply. */
const waitStatus = (server, status) => waitFor(async () => {
  const reply = await api(server, "GET", "health.json");
  return reply.status === status && reply;
}, `health.json has the status ${status}`);

/** Checks a reply that says nothing but that the site is not healthy. */
function isUnhealthy({ json, headers }) {
  assert.deepEqual(json, { results: { code: 503, msg: "Service Unavailable" } });
  assert.match(headers["retry-after"], /^\d+$/);
  assert.equal(headers["cache-control"], "no-store");
}

describe("health.json", () => {
  it("a site that works is healthy, to GET and HEAD, in both versions of HTTP", async (t) => {
    const server = await start(t);
    for (const h2 of [false, true]) {
      for (const [target, headers] of [
        ["/api/v1/health.json", {}], ["/api/health.json", { "X-SFC-VERSION": "v1" }],
        ["/api/v1/health.json?x=1", { "Sec-Fetch-Site": "cross-site" }],
      ]) {
        const got = await request(server, "GET", target, { h2, headers });
        assert.equal(got.status, 200);
        assert.deepEqual(got.json, { results: { code: 200, msg: "Ok" } });
        assert.equal(got.headers["cache-control"], "no-store");
        const head = await request(server, "HEAD", target, { h2, headers });
        assert.equal(head.status, 200);
        assert.equal(head.body, "");
        assert.equal(head.headers["content-length"], got.headers["content-length"]);
      }
    }
    assert.equal((await api(server, "POST", "health.json")).headers.allow, "GET, HEAD");
    assert.doesNotMatch(server.log(), /store:|Redis cannot/);
  });

  it("a site is healthy again when its Redis is back", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    atEnd(t, () => rm(dir, { recursive: true }));
    const redis = await startRedis(t, dir);
    const server = await start(t, { SFCHAT_REDIS: redis.address });
    await waitStatus(server, 200);
    await redis.kill();
    isUnhealthy(await waitStatus(server, 503));
    await redis.start();
    await waitStatus(server, 200);
  });

  it("a site whose store cannot be used is unhealthy until it can", async (t) => {
    const server = await start(t);
    const [alice, bob] = await meet(server);
    await chmod(`${server.dir}/store`, 0o755);
    isUnhealthy(await waitStatus(server, 503));
    await chmod(`${server.dir}/store`, 0o700);
    await waitStatus(server, 200);
    await alice.send("Hi");
    assert.deepEqual(texts(await bob.look()), ["Hi"]);
  });

  it("sfchat-status finds the store of a site that nobody has used", async (t) => {
    const server = await start(t);
    const status = spawnSync(path.join(build, storeKind, "cron/sfchat-status"), {
      env: { SFCHAT_RUNTIME_DIR: server.dir, SFCHAT_REDIS: `unix:${server.dir}/redis.sock` },
      encoding: "utf8",
    });
    assert.equal(status.status, 0, status.stdout + status.stderr);
    assert.match(status.stdout, /^store +up, /m);
    assert.match(status.stdout, /^redis +up$/m);
  });

  it("however many ask at once, Redis is asked once in a second", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    atEnd(t, () => rm(dir, { recursive: true }));
    const redis = await startRedis(t, dir);
    const server = await start(t, { SFCHAT_REDIS: redis.address });
    const countChecks = async () => {
      const stats = await redis.run("INFO", "commandstats");
      return Number(/^cmdstat_ping:calls=(\d+)/m.exec(stats)?.[1]);
    };
    // The result of the start must not be young: all questions meet no result.
    await setTimeout(1100);
    const before = await countChecks();
    // Each check takes a while, so all others come while the first one checks.
    assert.equal(await redis.run("CLIENT", "PAUSE", "300"), "OK");
    const startMs = performance.now();
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => api(server, "GET", "health.json")));
    const elapsedMs = performance.now() - startMs;
    const checks = await countChecks() - before;
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
    assert.ok(checks >= 1 && checks <= 1 + elapsedMs / 1000,
      `${checks} checks in ${Math.round(elapsedMs)} ms`);
    assert.doesNotMatch(server.log(), /store:|Redis cannot/);
  });
});
