// SPDX-License-Identifier: BSD-3-Clause
//
// Workers on a real Redis: killed, stopped, in numbers, and without a Redis or
// a store for a while. A job is lost never, and run by two at once never.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { waitFor } from '../lib/children.mjs';
import { storeKind } from '../lib/server.mjs';
import { startRedis } from '../lib/stores.mjs';
import {
  MANY, countJobs, fill, listJobs, makePlace, request, runCommand, startWorker,
} from './lib/jobs.mjs';

const OLD = 86400 + 60;

/** @param {import('node:test').TestContext} t */
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

/** All chats are swept: another run, here, has nothing left to do. */
async function assertSwept(/** @type {Record<string, string>} */ env) {
  const { stdout } = await runCommand(
    'terminate', [], { ...env, SFCHAT_REDIS: '' });
  assert.match(stdout, /closed: 0, removed: 0/);
}

/** @param {Record<string, string>} env */
const isRunning = (env) => async () => await countJobs(env, 'running') === 1;

/** @param {Record<string, string>} env */
const isIdle = (env) => async () => (await listJobs(env)).jobs.length === 0;

/**
 * Stops a worker where it has not the store locked: nobody could go on then.
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

/** @param {import('./lib/jobs.mjs').Worker[]} workers @param {RegExp} what */
const count = (workers, what) => workers
  .flatMap((worker) => worker.log().match(new RegExp(what, 'g')) ?? []).length;

test('a worker runs what is queued and ends when told to', async (t) => {
  const { env } = await makeRedisPlace(t);
  await fill(10, OLD, env);
  await queueJob(env);
  const worker = await startWorker(t, env);
  await waitFor(isIdle(env), 'the job is done');
  assert.match(worker.log(), /job 1, terminate: done: chats closed: 10,/);
  assert.equal((await listJobs(env)).workers.length, 1);
  worker.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0, signal: null });
  assert.equal((await listJobs(env)).workers.length, 0);
});

test('a worker that is told to end finishes the job in hand', async (t) => {
  const { env } = await makeRedisPlace(t);
  await fill(MANY, OLD, env);
  const worker = await startWorker(t, env);
  await queueJob(env);
  await waitFor(isRunning(env), 'the job runs');
  worker.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0, signal: null });
  assert.match(worker.log(), new RegExp(`done: chats closed: ${MANY},`));
  assert.ok(await isIdle(env)());
});

test('the job of a killed worker is run to its end by another', async (t) => {
  const { env } = await makeRedisPlace(t);
  await fill(MANY, OLD, env);
  const first = await startWorker(t, env);
  await queueJob(env);
  await waitFor(isRunning(env), 'the job runs');
  // Not before it has done a part.
  await sleep(500);
  first.kill('SIGKILL');
  await first.ended;
  assert.ok(await isRunning(env)(), 'it was killed in the middle');
  const second = await startWorker(t, env);
  await waitFor(isIdle(env), 'the job is done');
  const done = second.log().match(/done: chats closed: (\d+)/);
  assert.ok(done && Number(done[1]) > 0 && Number(done[1]) < MANY,
    `each did a part: ${second.log()}`);
  assert.doesNotMatch(first.log(), /done/);
  await assertSwept(env);
});

test('a worker that was stopped leaves its job to the other', async (t) => {
  const { env } = await makeRedisPlace(t);
  await fill(MANY, OLD, env);
  const first = await startWorker(t, env);
  await queueJob(env);
  await waitFor(isRunning(env), 'the job runs');
  await stopBetweenChanges(first, env);
  assert.ok(await isRunning(env)(), 'it was stopped in the middle');
  const second = await startWorker(t, env);
  await waitFor(isIdle(env), 'the job is done');
  first.kill('SIGCONT');
  await waitFor(async () => first.log().includes('it may be run again'),
    'the first one notices');
  assert.equal(count([first, second], /: done/), 1);
  await assertSwept(env);
});

test('several workers share the queue, each job runs once', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  const workers = await Promise.all(
    Array.from({ length: 4 }, () => startWorker(t, env)));
  // More than terminate would queue.
  await redis.run('EVAL', `for id = 1, 200 do
      redis.call('HSET', KEYS[1] .. 'job:' .. id, 'kind', 'terminate')
      redis.call('ZADD', KEYS[1] .. 'queued', id, id)
    end`, '1', 'sfchat:{jobs}:');
  await waitFor(isIdle(env), 'all are done');
  await waitFor(async () => count(workers, /: done/) >= 200, 'all are logged');
  for (let id = 1; id <= 200; id += 1) {
    assert.equal(count(workers, new RegExp(`job ${id}, terminate: done`)), 1);
  }
  assert.equal(count(workers, /: done/), 200);
  const names = (await listJobs(env)).workers
    .map((/** @type {any} */ one) => one.name);
  assert.equal(new Set(names).size, 4);
});

test('a failing job is tried three times, kept, and requeued', {
  skip: storeKind !== 'lmdb' && 'only a folder can be missing and then be there',
}, async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  const parent = `${env.SFCHAT_RUNTIME_DIR}/later`;
  const broken = { ...env, SFCHAT_STORE: `lmdb:${parent}/store` };
  const worker = await startWorker(t, broken);
  await queueJob(env);
  for (let failures = 1; failures <= 2; failures += 1) {
    await waitFor(async () => await countJobs(env, 'delayed') === 1, 'a pause');
    const { jobs: [job], nowMs } = await listJobs(env);
    assert.equal(job.failures, failures);
    assert.ok(job.whenMs - nowMs > (failures === 1 ? 5_000 : 25_000));
    await redis.run('ZADD', 'sfchat:{jobs}:queued', 'XX', '0', job.id);
  }
  await waitFor(async () => await countJobs(env, 'failed') === 1, 'failed');
  const { jobs: [job] } = await listJobs(env);
  assert.match(job.error, /^the store cannot be reached/);
  assert.equal(count([worker], /job 1, terminate: failed/), 3);
  await mkdir(parent, { mode: 0o700 });
  const { code, stdout } = await runCommand('jobs', ['requeue', job.id], env);
  assert.equal(code, 0);
  assert.equal(stdout, 'jobs: requeued 1\n');
  await waitFor(isIdle(env), 'the job is done');
  assert.equal(count([worker], /job 1, terminate: done/), 1);
});

test('a kind that nobody knows fails and hurts nothing', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await redis.run('HSET', 'sfchat:{jobs}:job:77', 'kind', 'unheard-of');
  await redis.run('ZADD', 'sfchat:{jobs}:queued', '0', '77');
  const worker = await startWorker(t, env);
  await waitFor(async () => await countJobs(env, 'delayed') === 1, 'a pause');
  await queueJob(env);
  await waitFor(async () => worker.log().includes('terminate: done'), 'done');
  const { jobs } = await listJobs(env);
  assert.deepEqual(jobs.map((/** @type {any} */ one) => one.error),
    ['there is no such kind of job here']);
});

test('Redis away: the worker says so once, waits and comes back', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await redis.kill();
  const worker = await startWorker(t, env);
  await sleep(3500);
  assert.equal(count([worker], /Redis cannot be used/), 1);
  await redis.start();
  await waitFor(async () => worker.log().includes('Redis is back'), 'back');
  await queueJob(env);
  await waitFor(async () => count([worker], /: done/) === 1, 'the first job');
  await redis.kill();
  await waitFor(async () => count([worker], /Redis cannot be used/) === 2,
    'the loss is noticed');
  await sleep(2500);
  assert.equal(count([worker], /Redis cannot be used/), 2);
  await redis.start();
  await queueJob(env);
  await waitFor(async () => count([worker], /: done/) === 2, 'the second job');
  assert.equal(count([worker], /Redis is back/), 2);
  worker.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0, signal: null });
});

test('Redis killed under a job: it is neither lost nor doubled', async (t) => {
  const { env, redis } = await makeRedisPlace(t);
  await fill(MANY, OLD, env);
  const workers = await Promise.all([startWorker(t, env), startWorker(t, env)]);
  await queueJob(env);
  await waitFor(isRunning(env), 'the job runs');
  await redis.kill();
  await sleep(500);
  await redis.start();
  await waitFor(isIdle(env), 'the job is done');
  await waitFor(async () => count(workers, /: done/) > 0, 'it is logged');
  assert.equal(count(workers, /: done/), 1);
  await assertSwept(env);
});

test('what is wrong is said in a line, with its exit status', async (t) => {
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
