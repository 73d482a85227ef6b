// SPDX-License-Identifier: BSD-3-Clause
//
// Polls that are woken over Redis. Two web machines are two runtime
// directories here: no wake-up but Redis' gets from one to the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { waitFor } from '../lib/children.mjs';
import { startRedis } from '../lib/stores.mjs';
import {
  acknowledgeAll, makeChat, makePlace, request, send,
} from './lib/jobs.mjs';

/**
 * @param {import('node:test').TestContext} t
 * @param {string} pollSleep  seconds
 */
async function makeMachines(t, pollSleep) {
  const here = await makePlace(t, { SFCHAT_POLL_SLEEP: pollSleep });
  const there = await makePlace(t);
  const redis = await startRedis(t, here.SFCHAT_RUNTIME_DIR);
  const shared = {
    SFCHAT_WAKE: 'redis', SFCHAT_REDIS: redis.address,
    SFCHAT_STORE: here.SFCHAT_STORE,
  };
  return {
    redis, here: { ...here, ...shared }, there: { ...there, ...shared },
  };
}

/** @param {import('../lib/stores.mjs').Redis} redis @param {number} count */
const listens = (redis, count) => waitFor(async () => {
  const channels = await redis.run('PUBSUB', 'CHANNELS');
  return channels.split('\n').filter(Boolean).length === count;
}, `${count} polls listen`);

test('who waits on one machine is woken by the other', async (t) => {
  const { here, there, redis } = await makeMachines(t, '60');
  const { creator, joiner } = await makeChat(here);
  for (let i = 0; i < 5; i += 1) {
    const poll = request('messages', 'GET', here, joiner);
    await listens(redis, 1);
    const start = performance.now();
    assert.equal((await send(creator, `Hi ${i}`, there)).code, 202);
    const { results } = await poll;
    assert.ok(performance.now() - start < 30_000, 'a look would have taken 60 s');
    assert.deepEqual(results.messages.map((/** @type {any} */ m) => m.msg),
      [`Hi ${i}`]);
    await acknowledgeAll(joiner, there);
  }
});

test('a newer poll elsewhere ends the older one', async (t) => {
  const { here, there, redis } = await makeMachines(t, '60');
  const { creator, joiner } = await makeChat(here);
  const older = request('messages', 'GET', here, joiner);
  await listens(redis, 1);
  const newer = request('messages', 'GET', there, joiner);
  const { results } = await older;
  assert.equal(results.count, 0);
  await send(creator, 'Hi', here);
  assert.equal((await newer).results.count, 1);
});

test('closing wakes both', async (t) => {
  const { here, there, redis } = await makeMachines(t, '60');
  const { creator, joiner } = await makeChat(here);
  const polls = [creator, joiner].map(
    (who) => request('messages', 'GET', here, who));
  await listens(redis, 2);
  assert.equal((await request('chat', 'DELETE', there, creator)).code, 202);
  const events = (await Promise.all(polls)).map(
    ({ results }) => results.messages[0].event);
  assert.deepEqual(events, ['closed_by_you', 'closed_by_talker']);
});

test('a poll ends by looking while Redis is away, and is woken again once '
  + 'it is back', async (t) => {
  const { here, there, redis } = await makeMachines(t, '1');
  const { creator, joiner } = await makeChat(here);
  let poll = request('messages', 'GET', here, joiner);
  await listens(redis, 1);
  await redis.kill();
  assert.equal((await send(creator, 'without Redis', there)).code, 202);
  assert.equal((await poll).results.messages[0].msg, 'without Redis');
  await acknowledgeAll(joiner, there);

  // This one begins without Redis, and subscribes when it is there again.
  poll = request('messages', 'GET', here, joiner);
  await sleep(1500);
  await redis.start();
  await listens(redis, 1);
  await send(creator, 'with Redis', there);
  assert.equal((await poll).results.messages[0].msg, 'with Redis');
});
