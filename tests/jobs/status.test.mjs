// SPDX-License-Identifier: BSD-3-Clause
//
// The program `sfchat-status`: what it says of a site whose programs have run,
// in its three forms, and when it raises an alarm.

import assert from 'node:assert/strict';
import { chmod, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { startRedis } from '../lib/stores.mjs';
import {
  fillStore, look, makeChat, makePlace, request, runCommand, send,
} from './lib/jobs.mjs';

/** @param {import('./lib/jobs.mjs').Env} env @param {number} code */
async function readStatus(env, code = 0) {
  const got = await runCommand('sfchat-status', ['--json'], env);
  assert.equal(got.code, code, got.stdout + got.stderr);
  return { ...JSON.parse(got.stdout), stderr: got.stderr };
}

test('`sfchat-status` counts chats, people, messages and refusals', async (t) => {
  const env = await makePlace(t);
  const { creator, joiner } = await makeChat(env);
  await send(creator, 'Hi', env);
  await fillStore(3, 100, env);
  await look({ ...joiner, user: 'f'.repeat(24) }, env);
  await request('join', 'POST', env, { body: { chatToken: 'x' } });
  const seen = await readStatus(env);
  assert.deepEqual(seen.chats, { draft: 3, ready: 1, closed: 0, unreadable: 0 });
  assert.equal(seen.people, 2, 'a join is a sign of life of both');
  assert.ok(seen.messages >= 4, 'each draft has its code, and Bob a message');
  assert.ok(seen.oldestChatSeconds >= 100);
  assert.equal(seen.refused.unauthorized, 1);
  assert.equal(seen.refused.invalid, 1);
  assert.deepEqual(seen.errors, { internal: 0, unavailable: 0 });
  assert.ok(seen.sinceMs <= seen.nowMs);
  assert.ok(seen.store.usedBytes > 0 && seen.store.usedBytes < seen.store.roomBytes);
  assert.equal(seen.redis.state, 'absent');
  assert.deepEqual(seen.alarms, []);
});

test('no form of `sfchat-status` shows a token, and each names the version', async (t) => {
  const env = await makePlace(t);
  const { creator, joiner } = await makeChat(env);
  for (const form of [[], ['--json'], ['--prometheus']]) {
    const { code, stdout, stderr } = await runCommand('sfchat-status', form, env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /version\W+\d+\.\d+\.\d+/);
    for (const secret of [creator.user, joiner.user, creator.chat]) {
      assert.ok(!(stdout + stderr).includes(/** @type {string} */ (secret)));
    }
  }
});

test('`sfchat-status --prometheus` keeps to the text format', async (t) => {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  await makeChat(env);
  const { stdout } = await runCommand('sfchat-status', ['--prometheus'], env);
  /** @type {Map<string, string>} */
  const types = new Map();
  const samples = new Set();
  for (const line of stdout.trimEnd().split('\n')) {
    const type = /^# TYPE ([a-z_]+) (gauge|counter)$/.exec(line);
    const sample =
      /^([a-z_]+)(\{[a-z]+="[\w.]+"\})? (\d+(\.\d{3})?)$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1]), `${type[1]} has one type`);
      types.set(type[1], type[2]);
    } else if (sample) {
      assert.ok(types.has(sample[1]), `the type of ${sample[1]} comes first`);
      assert.equal(
        types.get(sample[1]) === 'counter', sample[1].endsWith('_total'), line);
      assert.ok(!samples.has(sample[1] + sample[2]), `${line} comes once`);
      samples.add(sample[1] + sample[2]);
    } else {
      assert.match(line, /^# HELP [a-z_]+ [A-Z][^\\]*\.?$/);
    }
  }
  for (const part of ['sfchat_up{part="store"} 1', 'sfchat_up{part="redis"} 1',
    'sfchat_chats{status="ready"} 1', 'sfchat_jobs{state="failed"} 0',
    'sfchat_alarms 0']) {
    assert.ok(stdout.includes(`\n${part}\n`), part);
  }
});

test('chats that no sweep removes are an alarm until one does', async (t) => {
  const env = await makePlace(t);
  await fillStore(2, 86400 + 3600 + 3600 + 100, env);
  const before = await readStatus(env, 4);
  assert.deepEqual(before.alarms, ['old chats are not removed: no sweep runs']);
  assert.equal(before.sweep.succeededMs, 0);
  assert.equal((await runCommand('terminate', [], env)).code, 0);
  const after = await readStatus(env);
  assert.deepEqual(after.alarms, []);
  assert.equal(after.sweep.result, 'chats closed: 0, removed: 2, unreadable: 0');
  assert.ok(after.sweep.succeededMs > 0);
});

test('a store that cannot be used is counted and is an alarm', async (t) => {
  const env = await makePlace(t);
  await makeChat(env);
  const store = path.join(env.SFCHAT_RUNTIME_DIR, 'store');
  await chmod(store, 0o755);
  await request('create', 'POST', env);
  assert.equal((await runCommand('terminate', [], env)).code, 3);
  const broken = await readStatus(env, 3);
  assert.deepEqual(
    broken.alarms, ['the store cannot be used', 'the last sweep failed']);
  assert.equal(broken.errors.unavailable, 1);
  assert.equal(broken.chats, undefined);
  assert.match(broken.stderr, /must be a folder of mode 0700/);
  await chmod(store, 0o700);
  assert.equal((await runCommand('terminate', [], env)).code, 0);
  assert.deepEqual((await readStatus(env)).alarms, []);
});

test('`sfchat-status` makes no store and no file where there is none', async (t) => {
  const env = await makePlace(t);
  await rm(`${env.SFCHAT_RUNTIME_DIR}/store`, { recursive: true });
  const seen = await readStatus(env, 3);
  assert.equal(seen.store.state, 'absent');
  assert.deepEqual(seen.alarms, ['there is no store']);
  assert.deepEqual(await readdir(env.SFCHAT_RUNTIME_DIR), []);
  assert.equal(seen.stderr, '');
});

test('`sfchat-status` says what is wrong with its arguments', async (t) => {
  const env = await makePlace(t);
  for (const args of [['--xml'], ['--json', '--prometheus']]) {
    const { code, stdout, stderr } = await runCommand('sfchat-status', args, env);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^sfchat-status: .*; see sfchat-status --help\n$/);
  }
  const help = await runCommand('sfchat-status', ['--help'], env);
  assert.match(help.stdout, /^usage: sfchat-status [^]*Exit status/);
});
