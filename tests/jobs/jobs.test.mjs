// SPDX-License-Identifier: BSD-3-Clause
//
// The program `jobs`: it lists, requeues and deletes background jobs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

import { waitFor } from '../lib/children.mjs';
import { build, storeKind } from '../lib/server.mjs';
import { startRedis } from '../lib/stores.mjs';
import { listJobs, makePlace, runCommand, startWorker } from './lib/jobs.mjs';

const KEYS = 'sfchat:{jobs}:';

// The seconds until the delayed job may run, and until the lease ends. Both are
// longer than the test takes.
const DELAY = 9000;
const LEASE = 6000;

/**
 * Starts a Redis and puts a job in every state into it. No worker runs.
 *
 * @param {import('node:test').TestContext} t
 * @returns {Promise<{env: import('./lib/jobs.mjs').Env,
 *   redis: import('../lib/stores.mjs').Redis, now: number}>}  now: the time in
 *   milliseconds that the jobs' times are counted from
 */
async function startRedisWithJobs(t) {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  const now = Date.now();
  const jobs = {
    queued: [[now - 5000, 11], [now + DELAY * 1000, 12]],
    running: [[now + LEASE * 1000, 13]],
    failed: [[now - 70_000, 14], [now - 60_000, 15]],
  };
  for (const [set, members] of Object.entries(jobs)) {
    for (const [score, id] of members) {
      await redis.run('ZADD', KEYS + set, `${score}`, `${id}`);
      await redis.run('HSET', `${KEYS}job:${id}`, 'kind', 'terminate',
        'starts', '3', 'failures', set === 'failed' ? '3' : '0',
        'error', set === 'failed' ? 'broken "for" good' : '',
        'worker', set === 'running' ? 'host:99' : '');
    }
  }
  await redis.run('ZADD', `${KEYS}workers`, `${now}`, 'host:99');
  return { env, redis, now };
}

test('`jobs --json` prints the queues, the workers and the jobs', async (t) => {
  const { env, now } = await startRedisWithJobs(t);
  const seen = await listJobs(env);
  assert.deepEqual(seen.queues, [
    { name: 'waiting', length: 1 }, { name: 'delayed', length: 1 },
    { name: 'running', length: 1 }, { name: 'failed', length: 2 }]);
  assert.deepEqual(seen.workers, [{ name: 'host:99', heartbeatMs: now }]);
  assert.ok(seen.nowMs >= now);
  assert.deepEqual(
    seen.jobs.map((/** @type {any} */ one) => [one.id, one.state]),
    [['11', 'waiting'], ['12', 'delayed'], ['13', 'running'],
      ['14', 'failed'], ['15', 'failed']]);
  const [, , running, failed] = seen.jobs;
  assert.equal(running.worker, 'host:99');
  assert.equal(failed.error, 'broken "for" good');
  assert.equal(failed.kind, 'terminate');
  assert.equal(failed.starts, 3);
  assert.equal(failed.failures, 3);
});

test('`jobs` prints the same as text', async (t) => {
  const { env, now } = await startRedisWithJobs(t);
  const { code, stdout } = await runCommand('jobs', [], env);
  assert.equal(code, 4, 'a failed job is an alarm');
  const lines = stdout.split('\n');
  assert.equal(lines[0], 'waiting 1   delayed 1   running 1   failed 2');
  assert.match(stdout, /^host:99 +\d+ s ago$/m);
  assert.match(stdout, /^11 +terminate +waiting +for \d+ s /m);
  const elapsed = (Date.now() - now) / 1000;
  for (const [pattern, seconds] of /** @type {[RegExp, number][]} */ ([
    [/^12 +terminate +delayed +in (\d+) s /m, DELAY],
    [/^13 +terminate +running +lease (\d+) s .* host:99$/m, LEASE],
  ])) {
    const [, left] = pattern.exec(stdout) ?? assert.fail(stdout);
    assert.ok(Number(left) <= seconds && Number(left) >= seconds - elapsed - 1,
      `${left} of ${seconds} s are left after ${elapsed} s`);
  }
  assert.match(stdout, /^14 +terminate +failed .* broken "for" good$/m);
});

test('`jobs requeue` requeues one failed job, or all', async (t) => {
  const { env } = await startRedisWithJobs(t);
  const states = async () => Object.fromEntries((await listJobs(env)).jobs
    .map((/** @type {any} */ one) => [one.id, one.state]));
  const one = await runCommand('jobs', ['requeue', '15'], env);
  assert.deepEqual([one.code, one.stdout], [0, 'jobs: requeued 1\n']);
  assert.deepEqual(await states(), {
    11: 'waiting', 12: 'delayed', 13: 'running', 14: 'failed', 15: 'waiting' });
  for (const id of ['15', '13', '999']) {
    const none = await runCommand('jobs', ['requeue', id], env);
    assert.deepEqual([none.code, none.stderr],
      [1, `jobs: there is no failed job ${id}\n`]);
  }
  const all = await runCommand('jobs', ['requeue', 'all'], env);
  assert.deepEqual([all.code, all.stdout], [0, 'jobs: requeued 1\n']);
  assert.equal((await states())[14], 'waiting');
  const again = await runCommand('jobs', ['requeue', 'all'], env);
  assert.deepEqual([again.code, again.stdout], [0, 'jobs: requeued 0\n']);
});

test('`jobs delete` deletes one failed job, or all', async (t) => {
  const { env } = await startRedisWithJobs(t);
  const ids = async () =>
    (await listJobs(env)).jobs.map((/** @type {any} */ one) => one.id);
  const one = await runCommand('jobs', ['delete', '15'], env);
  assert.deepEqual([one.code, one.stdout], [0, 'jobs: deleted 1\n']);
  assert.deepEqual(await ids(), ['11', '12', '13', '14']);
  for (const id of ['15', '13', '11']) {
    const none = await runCommand('jobs', ['delete', id], env);
    assert.deepEqual([none.code, none.stderr],
      [1, `jobs: there is no failed job ${id}\n`]);
  }
  const all = await runCommand('jobs', ['delete', 'all'], env);
  assert.deepEqual([all.code, all.stdout], [0, 'jobs: deleted 1\n']);
  assert.deepEqual(await ids(), ['11', '12', '13']);
});

test('`jobs` says when a kind of job last succeeded, and raises alarms', async (t) => {
  const { env, redis, now } = await startRedisWithJobs(t);
  const failed = 'a job has failed for good';
  const stale = 'a kind of job has not succeeded in the last hour';
  assert.deepEqual((await listJobs(env)).alarms, [failed]);
  await runCommand('jobs', ['delete', 'all'], env);
  assert.equal((await runCommand('jobs', [], env)).code, 0, 'no alarm is left');
  await redis.run('SADD', `${KEYS}kinds`, 'terminate');
  await redis.run('HSET', `${KEYS}kind:terminate`, 'succeeded', `${now - 5000}`,
    'took', '17', 'result', 'chats closed: 1', 'failed', `${now - 9000}`,
    'error', 'broken');
  const fresh = await runCommand('jobs', [], env);
  assert.equal(fresh.code, 0);
  assert.match(fresh.stdout,
    /^terminate +\d+ s ago +17 ms +\d+ s ago +chats closed: 1$/m);
  assert.doesNotMatch(fresh.stdout, /ALARM/);
  await redis.run('HSET', `${KEYS}kind:terminate`, 'succeeded', `${now - 3_601_000}`);
  const old = await runCommand('jobs', [], env);
  assert.equal(old.code, 4);
  assert.match(old.stdout, new RegExp(`^ALARM: ${stale}$`, 'm'));
  assert.match(old.stdout, /^terminate +36\d\d s ago +17 ms +\d+ s ago +broken$/m);
  assert.deepEqual((await listJobs(env)).alarms, [stale]);
});

test('a worker leaves behind how its last job went', async (t) => {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  await startWorker(t, env);
  assert.equal((await runCommand('terminate', [], env)).code, 0);
  const kind = await waitFor(
    async () => (await listJobs(env)).kinds[0], 'the job has ended');
  assert.equal(kind.kind, 'terminate');
  assert.equal(kind.result, 'chats closed: 0, removed: 0, unreadable: 0');
  assert.ok(kind.succeededMs > 0 && kind.tookMs >= 0);
  assert.equal(kind.failedMs, 0);
});

test('`jobs --watch` goes on after Redis was away', async (t) => {
  const { env, redis } = await startRedisWithJobs(t);
  const child = spawn(
    path.join(build, storeKind, 'cron/jobs'), ['--watch', '--json'],
    { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  /** @type {any[]} */
  const seen = [];
  let log = '';
  createInterface(child.stdout).on('line', (line) => {
    seen.push(JSON.parse(line));
  });
  child.stderr.setEncoding('utf8').on('data', (text) => { log += text; });
  await waitFor(async () => seen.length >= 2, 'jobs prints a second list');
  await redis.kill();
  await waitFor(async () => log.includes('Redis cannot be used'),
    'jobs notices that Redis is away');
  const before = seen.length;
  await redis.start();
  await waitFor(async () => seen.length > before, 'jobs prints one more list');
  assert.equal(seen[before].jobs.length, 5);
  child.kill('SIGINT');
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGINT');
});

test('a worker is listed, and shows signs of life', async (t) => {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  await startWorker(t, env);
  const first = await waitFor(
    async () => (await listJobs(env)).workers[0], 'the worker is listed');
  await waitFor(async () => {
    const { workers: [worker] } = await listJobs(env);
    assert.equal(worker.name, first.name);
    return worker.heartbeatMs > first.heartbeatMs;
  }, 'the worker shows one more sign of life');
});

test('`jobs` explains a failure in one line', async (t) => {
  const env = await makePlace(t, { SFCHAT_REDIS: 'unix:/nowhere' });
  /** @type {[string[], number, RegExp][]} */
  const cases = [
    [['--csv'], 2, /^jobs: unknown argument; see jobs --help\n$/],
    [['--json', 'requeue'], 2, /^jobs: unknown argument; see .*\n$/],
    [['requeue'], 2, /^jobs: requeue and delete take the number of a job, or all; .*\n$/],
    [['requeue', 'x'], 2, /^jobs: requeue and delete take .*\n$/],
    [['delete'], 2, /^jobs: requeue and delete take .*\n$/],
    [['requeue', '1', '2'], 2, /^jobs: requeue and delete take .*\n$/],
    [[], 3, /^sfchat: Redis cannot be used: .*\n$/],
    [['requeue', 'all'], 3, /^sfchat: Redis cannot be used: .*\n$/],
  ];
  for (const [args, status, message] of cases) {
    const { code, stdout, stderr } = await runCommand('jobs', args, env);
    assert.equal(code, status, args.join(' '));
    assert.match(stderr, message);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /nowhere/);
  }
  const none = await runCommand('jobs', [], { ...env, SFCHAT_REDIS: '' });
  assert.equal(none.code, 2);
  const help = await runCommand('jobs', ['--help'], env);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^usage: jobs [^]*Exit status/);
});
