// SPDX-License-Identifier: BSD-3-Clause
//
// Workers on a real Redis: several at once, killed, stopped, and while Redis or
// the store is away. No job is lost, and no two workers run the same job at
// once.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { waitFor } from '../lib/children.mjs';
import { storeKind } from '../lib/server.mjs';
import { startRedis } from '../lib/stores.mjs';
import {
  MANY, countJobs, fillStore, listJobs, makePlace, request, runCommand, startWorker,
} from './lib/jobs.mjs';

const OLD = 86400 + 60;
/** The pause after a job's first failure; see SF_QUEUE_PAUSE_MS. */
const PAUSE_MS = 10_000;

/**
 * Makes a directory and settings as makePlace() does, and starts a Redis.
 *
 * @param {import('node:test').TestContext} t
 */
async function makeRedisPlace(t) {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  return { env, redis };
}

/** @param {Record<string, string>} env */
async function queueJob(env) {
  const { code, stderr } = await runCommand('terminate', [], env);
  assert.equal(code, 0, stderr);
}

/**
 * Checks that all chats are swept: one more sweep finds nothing to do.
 *
 * @param {Record<string, string>} env
 */
async function assertSwept(env) {
  const { stdout } = await runCommand(
    'terminate', [], { ...env, SFCHAT_REDIS: '' });
  assert.match(stdout, /closed: 0, removed: 0/);
}

/** @param {Record<string, string>} env */
const isRunning = (env) => async () => await countJobs(env, 'running') === 1;

/** @param {Record<string, string>} env */
const isIdle = (env) => async () => (await listJobs(env)).jobs.length === 0;

/**
 * Starts a worker that publishes a wake-up for each chat that it closes, and
 * waits until it has closed some of them.
 *
 * @param {import('node:test').TestContext} t
 * @param {{env: Record<string, string>,
 *   redis: import('../lib/stores.mjs').Redis}} place
 */
async function startWorkerAndJob(t, { env, redis }) {
  const worker = await startWorker(t, { ...env, SFCHAT_WAKE: 'redis' });
  await queueJob(env);
  await waitFor(async () => /cmdstat_publish/.test(
    await redis.run('INFO', 'commandstats')), 'the worker has closed a chat');
  return worker;
}

/**
 * Ends the lease of the job that runs, as ten seconds without a sign of life
 * would.
 *
 * @param {Record<string, string>} env
 * @param {import('../lib/stores.mjs').Redis} redis
 */
async function endLease(env, redis) {
  const { jobs: [job] } = await listJobs(env);
  assert.equal(job.state, 'running', 'the worker is caught in the middle');
  await redis.run('ZADD', 'sfchat:{jobs}:running', 'XX', '0', job.id);
}

/**
 * Stops a worker at a moment when it does not hold the lock of the store: while
 * a stopped worker holds the lock, nobody can change the store.
 *
 * @param {import('./lib/jobs.mjs').Worker} worker
 * @param {Record<string, string>} env
 */
async function stopBetweenChanges(worker, env) {
  for (;;) {
    worker.kill('SIGSTOP');
    const creates = request('create', 'POST', env).then(() => true);
    if (await Promise.race([creates, sleep(2000, false)])) return;
    worker.kill('SIGCONT');
    await creates;
  }
}

/**
 * Counts how often the pattern occurs in the workers' logs.
 *
 * @param {import('./lib/jobs.mjs').Worker[]} workers
 * @param {RegExp} pattern
 */
const countLogged = (workers, pattern) => workers.flatMap(
  (worker) => worker.log().match(new RegExp(pattern, 'g')) ?? []).length;

/**
 * Waits until the pattern occurs in the workers' logs so many times.
 *
 * @param {import('./lib/jobs.mjs').Worker[]} workers
 * @param {RegExp} pattern
 * @param {number} times
 */
const waitLogged = (workers, pattern, times = 1) => waitFor(
  async () => countLogged(workers, pattern) >= times,
  `${pattern} is logged ${times} times`);

test('a worker runs a queued job, and SIGTERM ends it', async (t) => {
  const { env } = await makeRedisPlace(t);
  await fillStore(10, OLD, env);
  await queueJob(env);
  const worker = await startWorker(t, env);
  await waitLogged([worker], /job 1, terminate: done: chats closed: 10,/);
  assert.ok(await isIdle(env)());
  assert.equal((await listJobs(env)).workers.length, 1);
  worker.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0, signal: null });
  assert.equal((await listJobs(env)).workers.length, 0);
});

test('a worker finishes the job in hand before SIGTERM ends it', async (t) => {
  const { env } = await makeRedisPlace(t);
  await fillStore(MANY, OLD, env);
  const worker = await startWorker(t, env);
  await queueJob(env);
  await waitFor(isRunning(env), 'the job runs');
  worker.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0, signal: null });
  assert.match(worker.log(), new RegExp(`done: chats closed: ${MANY},`));
  assert.ok(await isIdle(env)());
});

test('another worker finishes the job of a killed worker', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await fillStore(MANY, OLD, env);
  const first = await startWorkerAndJob(t, { env, redis });
  first.kill('SIGKILL');
  await first.ended;
  await endLease(env, redis);
  const second = await startWorker(t, env);
  await waitLogged([second], /: done/);
  const done = second.log().match(/done: chats closed: (\d+)/);
  assert.ok(done && Number(done[1]) > 0 && Number(done[1]) < MANY,
    `each worker did a part: ${second.log()}`);
  assert.doesNotMatch(first.log(), /done/);
  await assertSwept(env);
});

test('a stopped worker that goes on leaves the job alone', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await fillStore(MANY, OLD, env);
  const first = await startWorkerAndJob(t, { env, redis });
  await stopBetweenChanges(first, env);
  await endLease(env, redis);
  const second = await startWorker(t, env);
  await waitLogged([second], /: done/);
  first.kill('SIGCONT');
  await waitLogged([first], /it may be run again/);
  assert.equal(countLogged([first, second], /: done/), 1);
  assert.ok(await isIdle(env)());
  await assertSwept(env);
});

test('four workers share the queue, and each job runs once', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  const workers = await Promise.all(
    Array.from({ length: 4 }, () => startWorker(t, env)));
  // Queue the jobs without `terminate`, which queues no second job.
  await redis.run('EVAL', `for id = 1, 200 do
      redis.call('HSET', KEYS[1] .. 'job:' .. id, 'kind', 'terminate')
      redis.call('ZADD', KEYS[1] .. 'queued', id, id)
    end`, '1', 'sfchat:{jobs}:');
  await waitFor(isIdle(env), 'no job is left');
  await waitLogged(workers, /: done/, 200);
  for (let id = 1; id <= 200; id += 1) {
    assert.equal(
      countLogged(workers, new RegExp(`job ${id}, terminate: done`)), 1);
  }
  assert.equal(countLogged(workers, /: done/), 200);
  const names = (await listJobs(env)).workers
    .map((/** @type {any} */ one) => one.name);
  assert.equal(new Set(names).size, 4);
});

test('a failing job is tried three times, kept as failed, and requeued', {
  skip: storeKind !== 'lmdb' && 'only the folder of LMDB can be missing at first',
}, async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  const parent = `${env.SFCHAT_RUNTIME_DIR}/later`;
  const broken = { ...env, SFCHAT_STORE: `lmdb:${parent}/store` };
  const worker = await startWorker(t, broken);
  let startMs = Date.now();
  await queueJob(env);
  for (const [failures, pauseMs] of [[1, PAUSE_MS], [2, 3 * PAUSE_MS]]) {
    const job = await waitFor(async () => (await listJobs(env)).jobs.find(
      (/** @type {any} */ one) => one.failures === failures),
    `failure ${failures}`);
    assert.equal(job.state, 'delayed');
    assert.ok(job.whenMs >= startMs + pauseMs);
    startMs = Date.now();
    await redis.run('ZADD', 'sfchat:{jobs}:queued', 'XX', '0', job.id);
  }
  await waitFor(async () => await countJobs(env, 'failed') === 1,
    'the job has failed for good');
  const { jobs: [job] } = await listJobs(env);
  assert.match(job.error, /^there is no store at SFCHAT_STORE: /);
  await waitLogged([worker], /job 1, terminate: failed/, 3);
  await mkdir(parent, { mode: 0o700 });
  assert.equal((await runCommand('prepare', [], broken)).code, 0);
  const { code, stdout } = await runCommand('jobs', ['requeue', job.id], env);
  assert.equal(code, 0);
  assert.equal(stdout, 'jobs: requeued 1\n');
  await waitLogged([worker], /job 1, terminate: done/);
  assert.ok(await isIdle(env)());
  assert.equal(countLogged([worker], /job 1, terminate: failed/), 3);
});

test('a job of an unknown kind fails, and the next one runs', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await redis.run('HSET', 'sfchat:{jobs}:job:77', 'kind', 'unheard-of');
  await redis.run('ZADD', 'sfchat:{jobs}:queued', '0', '77');
  const worker = await startWorker(t, env);
  await waitFor(async () => (await listJobs(env)).jobs.some(
    (/** @type {any} */ one) => one.failures > 0), 'the job has failed once');
  await queueJob(env);
  await waitLogged([worker], /terminate: done/);
  const { jobs } = await listJobs(env);
  assert.deepEqual(jobs.map((/** @type {any} */ one) => one.error),
    ['there is no such kind of job here']);
});

test('a worker logs once that Redis is away, and goes on later', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await redis.kill();
  const worker = await startWorker(t, env);
  for (const times of [1, 2]) {
    await waitLogged([worker], /Redis cannot be used/, times);
    // Meanwhile the worker tries again, once a second.
    await sleep(2200);
    assert.equal(countLogged([worker], /Redis cannot be used/), times);
    await redis.start();
    await waitLogged([worker], /Redis is back/, times);
    await queueJob(env);
    await waitLogged([worker], /: done/, times);
    assert.equal(countLogged([worker], /Redis is back/), times);
    if (times === 1) await redis.kill();
  }
  worker.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0, signal: null });
});

test('a job is done once even if Redis is killed meanwhile', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await fillStore(MANY, OLD, env);
  const workers = await Promise.all([startWorker(t, env), startWorker(t, env)]);
  await queueJob(env);
  await waitFor(isRunning(env), 'the job runs');
  await redis.kill();
  await waitLogged(workers, /Redis cannot be used/);
  await redis.start();
  await waitFor(isIdle(env), 'no job is left');
  await waitLogged(workers, /: done/);
  assert.equal(countLogged(workers, /: done/), 1);
  await assertSwept(env);
});

test('a worker explains wrong settings and arguments in a line', async (t) => {
  const env = await makePlace(t);
  const none = await runCommand('worker', [], env);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /^worker: SFCHAT_REDIS: needed.*\n$/);
  const more = await runCommand(
    'worker', ['fast'], { ...env, SFCHAT_REDIS: 'unix:/nowhere' });
  assert.equal(more.code, 2);
  assert.match(more.stderr, /^worker: it takes no arguments; see .*\n$/);
  const help = await runCommand('worker', ['--help'], env);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^usage: worker\n[^]*Exit status/);
});
