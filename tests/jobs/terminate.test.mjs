// SPDX-License-Identifier: BSD-3-Clause
//
// What cron starts, and the work itself: both phases of PROTOCOL, "Background
// jobs", where there is no Redis.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { execute } from '../lib/children.mjs';
import { root, storeKind } from '../lib/server.mjs';
import { startRedis } from '../lib/stores.mjs';
import {
  MANY, acknowledgeAll, countJobs, fill, look, makeChat, makePlace, request,
  runCommand, send,
} from './lib/jobs.mjs';

const LIFETIME = 86400;
const GRACE = 3600;

test('with Redis, one job is queued however often it runs', async (t) => {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  for (const said of ['queued', 'there is one already']) {
    const { code, stdout, stderr } = await runCommand('terminate', [], env);
    assert.equal(code, 0);
    assert.equal(stdout, `terminate: ${said}\n`);
    assert.equal(stderr, '');
    assert.equal(await countJobs(env, 'waiting'), 1);
  }
});

test('ten that start at once queue one job', async (t) => {
  const env = await makePlace(t);
  const redis = await startRedis(t, env.SFCHAT_RUNTIME_DIR);
  env.SFCHAT_REDIS = redis.address;
  const ends = await Promise.all(
    Array.from({ length: 10 }, () => runCommand('terminate', [], env)));
  assert.deepEqual(ends.map(({ code }) => code), Array(10).fill(0));
  assert.equal(await countJobs(env, 'waiting'), 1);
});

test('without Redis it closes what is old and leaves the rest', async (t) => {
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
  // By the long lifetime: not the look closes it, the job has.
  for (const who of [creator, joiner]) {
    const { results } = await look(who, long);
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

test('closed chats are removed after an hour, whatever they hold', async (t) => {
  const env = await makePlace(t);
  await fill(7, LIFETIME + 60, env);
  await fill(5, LIFETIME + GRACE + 60, env);
  await fill(3, LIFETIME - 60, env);
  const first = await runCommand('terminate', [], env);
  assert.match(first.stdout, /closed: 7, removed: 5, unreadable: 0/);
  const later = { ...env, SFCHAT_CHAT_LIFETIME: `${LIFETIME - GRACE}` };
  const second = await runCommand('terminate', [], later);
  assert.match(second.stdout, /closed: 3, removed: 7, unreadable: 0/);
});

test('a big sweep does not hold up who talks', async (t) => {
  const env = await makePlace(t);
  await fill(MANY / 2, LIFETIME + 60, env);
  const { creator, joiner } = await makeChat(env);
  let running = true;
  const sweep = runCommand('terminate', [], env)
    .finally(() => { running = false; });
  let longest = 0;
  let said = 0;
  while (running) {
    const start = performance.now();
    assert.equal((await send(creator, `message ${said}`, env)).code, 202);
    assert.deepEqual(await acknowledgeAll(joiner, env), [`message ${said}`]);
    longest = Math.max(longest, performance.now() - start);
    said += 1;
  }
  assert.match((await sweep).stdout,
    new RegExp(`closed: ${MANY / 2}, removed: 0`));
  assert.ok(said > 2, `only ${said} messages went through meanwhile`);
  assert.ok(longest < 2000, `a message took ${longest} ms`);
  const { results } = await look(joiner, env);
  assert.equal(results.status, 'ready');
});

test('who waits is told when the job closes the chat', async (t) => {
  const env = await makePlace(t, { SFCHAT_POLL_SLEEP: '60' });
  const { creator } = await makeChat(env);
  const poll = request('messages', 'GET', env, creator);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await runCommand('terminate', [], { ...env, SFCHAT_CHAT_LIFETIME: '1' });
  const { results } = await poll;
  assert.equal(results.status, 'closed');
  assert.equal(results.messages[0].event, 'closed_automatically');
});

test("cron's line reads the settings, whatever is in them", async (t) => {
  const env = await makePlace(t);
  const dir = env.SFCHAT_RUNTIME_DIR;
  const lines = (await readFile(path.join(root, 'cron/sfchat.cron'), 'utf8'))
    .split('\n').filter((line) => line && !line.startsWith('#'));
  assert.equal(lines.length, 1);
  // To cron a percent sign is the end of the line.
  const [, command] =
    /^(?:[\d*/]+ ){5}sfchat ([^%]+)$/.exec(lines[0]) ?? assert.fail(lines[0]);
  const here = command.replace('/etc/sfchat.conf', `${dir}/conf`)
    .replace('/srv/sfchat/build/lmdb/cron/terminate', `${dir}/terminate`);
  const uri = 'mongodb://sfchat:p%40ss@a,b,c/sfchat?replicaSet=rs0&tls=true';
  await writeFile(`${dir}/conf`, `SFCHAT_STORE='${uri}'\nSFCHAT_WAKE=redis\n`);
  await writeFile(`${dir}/terminate`, '#!/bin/sh\nenv >&2\n', { mode: 0o755 });
  const { code, stdout, stderr } = await execute('/bin/sh', ['-c', here], {});
  assert.deepEqual([code, stdout], [0, '']);
  const seen = stderr.split('\n');
  assert.ok(seen.includes(`SFCHAT_STORE=${uri}`), stderr);
  assert.ok(seen.includes('SFCHAT_WAKE=redis'), stderr);
});

test('what is wrong is said in a line, with its exit status', async (t) => {
  const env = await makePlace(t);
  const secret = 'redis://:sesame@127.0.0.1:1/0';
  /** @type {[string[], Record<string, string>, number, RegExp][]} */
  const cases = [
    [['now'], {}, 2, /^terminate: it takes no arguments; see .*--help\n$/],
    [[], { SFCHAT_CHAT_LIFETIME: 'x' }, 2, /^terminate: SFCHAT_CHAT_LIFETIME: /],
    [[], { SFCHAT_REDIS: 'redis://:sesame@example.org/' }, 2,
      /^terminate: SFCHAT_REDIS: /],
    [[], { SFCHAT_WAKE: 'redis' }, 2, /^terminate: SFCHAT_REDIS: needed/],
    [[], { SFCHAT_REDIS: secret }, 3, /^sfchat: Redis cannot be used: .*\n$/],
    [[], { SFCHAT_REDIS: 'unix:/nowhere' }, 3, /^sfchat: Redis cannot .*\n$/],
  ];
  for (const [args, settings, status, said] of cases) {
    const end = await runCommand('terminate', args, { ...env, ...settings });
    assert.equal(end.code, status);
    assert.match(end.stderr, said);
    assert.equal(end.stdout, '');
    assert.doesNotMatch(end.stderr, /sesame|127\.0\.0\.1|example|nowhere/);
  }
  const help = await runCommand('terminate', ['--help'], env);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^usage: terminate\n[^]*Exit status/);
});

test('a store that cannot be reached is said too', async (t) => {
  const env = await makePlace(t, {
    SFCHAT_STORE: storeKind === 'lmdb'
      ? 'lmdb:/nowhere/store' : 'mongodb://127.0.0.1:1/nowhere',
  });
  const { code, stderr } = await runCommand('terminate', [], env);
  assert.equal(code, 3);
  assert.match(stderr, /terminate: the store cannot be reached/);
});
