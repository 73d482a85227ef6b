// SPDX-License-Identifier: BSD-3-Clause
//
// The program `terminate`, which cron starts. With a Redis it queues a job;
// without one it does the work itself: both kinds of change that PROTOCOL,
// "Background jobs", names.

import assert from 'node:assert/strict';
import { chmod, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { execute } from '../lib/children.mjs';
import { build, root, storeKind } from '../lib/server.mjs';
import { startRedis } from '../lib/stores.mjs';
import {
  MANY, acknowledgeAll, countJobs, fillStore, look, makeChat, makePlace, request,
  runCommand, send,
} from './lib/jobs.mjs';

const LIFETIME = 86400;
const GRACE = 3600;

test('with Redis, two runs of `terminate` queue one job', async (t) => {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  for (const message of ['queued', 'there is one already']) {
    const { code, stdout, stderr } = await runCommand('terminate', [], env);
    assert.equal(code, 0);
    assert.equal(stdout, `terminate: ${message}\n`);
    assert.equal(stderr, '');
    assert.equal(await countJobs(env, 'waiting'), 1);
  }
});

test('with Redis, ten runs at the same moment queue one job', async (t) => {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  const ends = await Promise.all(
    Array.from({ length: 10 }, () => runCommand('terminate', [], env)));
  assert.deepEqual(ends.map(({ code }) => code), Array(10).fill(0));
  assert.equal(await countJobs(env, 'waiting'), 1);
});

test('without Redis `terminate` closes old chats and no others', async (t) => {
  const env = await makePlace(t);
  const { creator, joiner } = await makeChat(env);
  await send(creator, 'undelivered', env);
  const long = { ...env, SFCHAT_CHAT_LIFETIME: '1000' };
  const short = { ...env, SFCHAT_CHAT_LIFETIME: '1' };
  const first = await runCommand('terminate', [], long);
  assert.match(first.stdout, /closed: 0, removed: 0/);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = await runCommand('terminate', [], short);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /closed: 1, removed: 0/);
  // With the long lifetime, a look does not close the chat: the job has done it.
  for (const person of [creator, joiner]) {
    const { results } = await look(person, long);
    assert.equal(results.status, 'closed');
    assert.deepEqual(
      results.messages.map((/** @type {any} */ one) => one.event),
      ['closed_automatically']);
  }
  assert.equal((await send(creator, 'late', long)).code, 403);
  const third = await runCommand('terminate', [], short);
  assert.match(third.stdout, /closed: 0, removed: 0/);
  await acknowledgeAll(creator, long);
  await acknowledgeAll(joiner, long);
  assert.equal((await look(creator, long)).code, 401);
});

test('a closed chat is removed after an hour, with its messages', async (t) => {
  const env = await makePlace(t);
  await fillStore(7, LIFETIME + 60, env);
  await fillStore(5, LIFETIME + GRACE + 60, env);
  await fillStore(3, LIFETIME - GRACE / 2, env);
  const first = await runCommand('terminate', [], env);
  assert.match(first.stdout, /closed: 7, removed: 5, unreadable: 0/);
  const later = { ...env, SFCHAT_CHAT_LIFETIME: `${LIFETIME - GRACE}` };
  const second = await runCommand('terminate', [], later);
  assert.match(second.stdout, /closed: 3, removed: 7, unreadable: 0/);
});

test('people can talk while a job sweeps many chats', async (t) => {
  const env = await makePlace(t);
  await fillStore(MANY / 2, LIFETIME + 60, env);
  const { creator, joiner } = await makeChat(env);
  let running = true;
  const sweep = runCommand('terminate', [], env)
    .finally(() => { running = false; });
  let delivered = 0;
  for (;;) {
    const text = `message ${delivered}`;
    assert.equal((await send(creator, text, env)).code, 202);
    assert.deepEqual(await acknowledgeAll(joiner, env), [text]);
    if (!running) break;
    delivered += 1;
  }
  assert.match((await sweep).stdout,
    new RegExp(`closed: ${MANY / 2}, removed: 0`));
  assert.ok(delivered > 2,
    `${delivered} messages were sent and acknowledged during the sweep`);
  const { results } = await look(joiner, env);
  assert.equal(results.status, 'ready');
});

test('a poll is woken when the job closes its chat', async (t) => {
  const env = await makePlace(t, { SFCHAT_POLL_SLEEP: '3600' });
  const { creator } = await makeChat(env);
  const poll = request('messages', 'GET', env, creator);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await runCommand('terminate', [], { ...env, SFCHAT_CHAT_LIFETIME: '1' });
  const { results } = await poll;
  assert.equal(results.status, 'closed');
  assert.equal(results.messages[0].event, 'closed_automatically');
});

test('the line of cron/sfchat.cron runs the job with the file of settings', async (t) => {
  const env = await makePlace(t);
  const { creator } = await makeChat(env);
  const lines = (await readFile(path.join(root, 'cron/sfchat.cron'), 'utf8'))
    .split('\n').filter((line) => line && !line.startsWith('#'));
  assert.equal(lines.length, 1);
  // cron ends a command at a percent sign.
  const [, command] =
    /^(?:[\d*/]+ ){5}sfchat ([^%]+)$/.exec(lines[0]) ?? assert.fail(lines[0]);
  const here = command.replace('/srv/sfchat/build/lmdb', path.join(build, storeKind));
  const file = `${env.SFCHAT_RUNTIME_DIR}/conf`;
  await writeFile(file, Object.entries({ ...env, SFCHAT_CHAT_LIFETIME: '1' })
    .map(([name, value]) => `${name}=${value}\n`).join(''));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.deepEqual(
    await execute('/bin/sh', ['-c', here], { SFCHAT_CONF: file }),
    { code: 0, stdout: '', stderr: '' });
  assert.equal((await look(creator, env)).results.status, 'closed');
});

test('`terminate` makes no store, and no folder for one', async (t) => {
  const env = await makePlace(t);
  const dir = env.SFCHAT_RUNTIME_DIR;
  const fails = async (/** @type {Record<string, string>} */ settings = {}) => {
    const end = await runCommand('terminate', [], { ...env, ...settings });
    assert.equal(end.code, 3);
    assert.match(end.stderr, /^terminate: there is no store at SFCHAT_STORE: /);
  };
  await rm(`${dir}/store`, { recursive: true });
  await fails();
  assert.deepEqual(await readdir(dir), []);
  await fails({ SFCHAT_STORE: '', SFCHAT_RUNTIME_DIR: `${dir}/new` });
  assert.deepEqual(await readdir(dir), []);
  const redis = await startRedis(t, dir);
  env.SFCHAT_REDIS = redis.address;
  await fails();
  assert.equal(await countJobs(env, 'waiting'), 0);
  assert.ok(!(await readdir(dir)).includes('store'));
});

test('`terminate` uses no store of another user', async (t) => {
  const env = await makePlace(t);
  await chmod(`${env.SFCHAT_RUNTIME_DIR}/store`, 0o755);
  const { code, stderr } = await runCommand('terminate', [], env);
  assert.equal(code, 3);
  assert.match(stderr, /store: must be a folder of mode 0700 that belongs to this user/);
});

test('`terminate` explains a failure in one line', async (t) => {
  const env = await makePlace(t);
  const secret = 'redis://:sesame@127.0.0.1:1/0';
  /** @type {[string[], Record<string, string>, number, RegExp][]} */
  const cases = [
    [['now'], {}, 2, /^terminate: it takes no arguments; see .*--help\n$/],
    [[], { SFCHAT_CHAT_LIFETIME: 'x' }, 2, /^terminate: SFCHAT_CHAT_LIFETIME: /],
    [[], { SFCHAT_REDIS: 'redis://:sesame@example.org/?db=1' }, 2,
      /^terminate: SFCHAT_REDIS: /],
    [[], { SFCHAT_WAKE: 'redis' }, 2, /^terminate: SFCHAT_REDIS: an address/],
    [[], { SFCHAT_REDIS: secret }, 3, /^sfchat: Redis cannot be used: .*\n$/],
    [[], { SFCHAT_REDIS: 'unix:/nowhere' }, 3, /^sfchat: Redis cannot .*\n$/],
  ];
  for (const [args, settings, status, message] of cases) {
    const end = await runCommand('terminate', args, { ...env, ...settings });
    assert.equal(end.code, status);
    assert.match(end.stderr, message);
    assert.equal(end.stdout, '');
    assert.doesNotMatch(end.stderr, /sesame|127\.0\.0\.1|example|nowhere/);
  }
  const help = await runCommand('terminate', ['--help'], env);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^usage: terminate\n[^]*Exit status/);
});

test('`terminate` reports a store that it cannot reach', async (t) => {
  const env = await makePlace(t, {
    SFCHAT_STORE: storeKind === 'lmdb'
      ? 'lmdb:/dev/null/store' : 'mongodb://127.0.0.1:1/nowhere',
  });
  const { code, stderr } = await runCommand('terminate', [], env);
  assert.equal(code, 3);
  assert.match(stderr, /terminate: the store cannot be reached/);
});
