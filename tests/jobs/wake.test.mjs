// SPDX-License-Identifier: BSD-3-Clause
//
// Polls that are woken over Redis. Two runtime directories stand for two web
// machines: only Redis can carry a wake-up from one to the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { waitFor } from '../lib/children.mjs';
import { startRedis } from '../lib/stores.mjs';
import {
  acknowledgeAll, makeChat, makePlace, request, send,
} from './lib/jobs.mjs';

/**
 * Makes the settings of two machines with one store and one Redis.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} [pollSleep]  seconds between two looks of a poll on `here`;
 *   by default an hour, so that only a wake-up can end such a poll. On `there`
 *   a poll looks every 3 seconds, the default of SFCHAT_POLL_SLEEP
 */
async function makeMachines(t, pollSleep = '3600') {
  const here = await makePlace(t, {
    SFCHAT_POLL_SLEEP: pollSleep, SFCHAT_POLL_ITERATION: '10000',
  });
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

/**
 * Waits until `count` channels have a subscriber: one channel for each user who
 * polls.
 *
 * @param {import('../lib/stores.mjs').Redis} redis
 * @param {number} count
 */
const waitSubscribers = (redis, count) => waitFor(async () => {
  const channels = await redis.run('PUBSUB', 'CHANNELS');
  return channels.split('\n').filter(Boolean).length === count;
}, `${count} polls have subscribed`);

test('a message sent on one machine wakes a poll on the other', async (t) => {
  const { here, there, redis } = await makeMachines(t);
  const { creator, joiner } = await makeChat(here);
  for (let i = 0; i < 5; i += 1) {
    const poll = request('messages', 'GET', here, joiner);
    await waitSubscribers(redis, 1);
    assert.equal((await send(creator, `Hi ${i}`, there)).code, 202);
    const { results } = await poll;
    assert.deepEqual(results.messages.map((/** @type {any} */ m) => m.msg),
      [`Hi ${i}`]);
    await acknowledgeAll(joiner, there);
  }
});

test('a newer poll on the other machine ends the older one', async (t) => {
  const { here, there, redis } = await makeMachines(t);
  const { creator, joiner } = await makeChat(here);
  const older = request('messages', 'GET', here, joiner);
  await waitSubscribers(redis, 1);
  const newer = request('messages', 'GET', there, joiner);
  const { results } = await older;
  assert.equal(results.count, 0);
  await send(creator, 'Hi', here);
  assert.equal((await newer).results.count, 1);
});

test('closing a chat wakes the polls of both participants', async (t) => {
  const { here, there, redis } = await makeMachines(t);
  const { creator, joiner } = await makeChat(here);
  const polls = [creator, joiner].map(
    (person) => request('messages', 'GET', here, person));
  await waitSubscribers(redis, 2);
  assert.equal((await request('chat', 'DELETE', there, creator)).code, 202);
  const events = (await Promise.all(polls)).map(
    ({ results }) => results.messages[0].event);
  assert.deepEqual(events, ['closed_by_you', 'closed_by_talker']);
});

test('without Redis a poll sees a message at its next look', async (t) => {
  const { here, there, redis } = await makeMachines(t, '1');
  const { creator, joiner } = await makeChat(here);
  const poll = request('messages', 'GET', here, joiner);
  await waitSubscribers(redis, 1);
  await redis.kill();
  assert.equal((await send(creator, 'without Redis', there)).code, 202);
  assert.equal((await poll).results.messages[0].msg, 'without Redis');
});

test('a poll begun without Redis subscribes when Redis is back', async (t) => {
  const { here, there, redis } = await makeMachines(t, '1');
  const { creator, joiner } = await makeChat(here);
  await redis.kill();
  const poll = request('messages', 'GET', here, joiner);
  await waitFor(async () => poll.log().includes('Redis cannot be used'),
    'the poll notices that Redis is away');
  await redis.start();
  await waitSubscribers(redis, 1);
  await send(creator, 'with Redis', there);
  assert.equal((await poll).results.messages[0].msg, 'with Redis');
});
