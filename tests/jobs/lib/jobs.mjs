// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of the background share: the programs as built, run directly,
// and a place of their own. Must not know what is right.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';

import { atEnd, execute, waitFor } from '../../lib/children.mjs';
import { build, storeKind } from '../../lib/server.mjs';

const out = path.join(build, storeKind);

/**
 * Chats enough for a job to be caught at sweeping them. Where each change is a
 * command to a server, and the one for the tests looks at all chats for it, a
 * few take as long as many.
 */
export const MANY = storeKind === 'lmdb' ? 200_000 : 200;

/** @typedef {Record<string, string>} Env */

/** The default, in the directory; or a database of its own. @param {string} dir */
function placeStore(dir) {
  if (storeKind === 'lmdb') return `lmdb:${dir}/store`;
  const store = new URL(/** @type {string} */ (process.env.SFCHAT_STORE));
  store.pathname = path.basename(dir);
  return store.href;
}

/**
 * A directory and the settings that keep all programs within it.
 *
 * @param {import('node:test').TestContext} context  removes it in the end
 * @param {Env} [settings]
 * @returns {Promise<Env & {SFCHAT_RUNTIME_DIR: string, SFCHAT_STORE: string}>}
 */
export async function makePlace(context, settings = {}) {
  const dir = await mkdtemp('/dev/shm/sfchat-test-');
  atEnd(context, () => rm(dir, { recursive: true, force: true }));
  return {
    SFCHAT_RUNTIME_DIR: dir, SFCHAT_STORE: placeStore(dir),
    SFCHAT_CREATE_LIMIT: '0', ...settings,
  };
}

/**
 * Runs one of cron/'s programs to its end.
 *
 * @param {string} name
 * @param {string[]} args
 * @param {Env} env
 */
export function runCommand(name, args, env) {
  return execute(path.join(out, 'cron', name), args, env);
}

/**
 * Puts chats into the store.
 *
 * @param {number} count
 * @param {number} ageSeconds
 * @param {Env} env
 */
export async function fill(count, ageSeconds, env) {
  const { code } = await execute(
    path.join(out, 'tests/jobs/fill'), [`${count}`, `${ageSeconds}`], env);
  if (code !== 0) throw new Error('the store could not be filled');
}

/**
 * @typedef {object} Worker
 * @property {() => string} log  what it has said
 * @property {(signal: NodeJS.Signals) => boolean} kill
 * @property {Promise<{code: number | null, signal: string | null}>} ended
 */

/**
 * @param {import('node:test').TestContext} context  kills it in the end
 * @param {Env} env
 * @returns {Promise<Worker>} one that has started
 */
export async function startWorker(context, env) {
  const child = spawn(path.join(out, 'cron/worker'), [], {
    env, stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { log += text; });
  const ended = once(child, 'close')
    .then(([code, signal]) => ({ code, signal }));
  atEnd(context, () => child.kill('SIGKILL') && ended);
  await waitFor(async () => log.includes('started'), 'the worker starts');
  return { log: () => log, kill: (signal) => child.kill(signal), ended };
}

/** What `jobs --json` says. @param {Env} env */
export async function listJobs(env) {
  const { code, stdout } = await runCommand('jobs', ['--json'], env);
  if (code !== 0) throw new Error(`jobs ended with ${code}`);
  return JSON.parse(stdout);
}

/** @param {Env} env @param {string} state */
export async function countJobs(env, state) {
  const { queues } = await listJobs(env);
  return queues.find((/** @type {any} */ one) => one.name === state).length;
}

/**
 * One request to a program of the API, as CGI.
 *
 * @param {string} name
 * @param {string} method
 * @param {Env} env
 * @param {{user?: string, chat?: string, body?: object, query?: string}} [with_]
 * @returns {Promise<{code: number, results: any}>}
 */
export async function request(name, method, env, with_ = {}) {
  const body = with_.body ? JSON.stringify({ data: with_.body }) : '';
  const { stdout } = await execute(path.join(out, 'cgi-bin', name), [], {
    ...env, REQUEST_METHOD: method, PATH_INFO: '/v1',
    QUERY_STRING: with_.query ?? '',
    HTTP_X_SFC_USERTOKEN: with_.user ?? '',
    HTTP_X_SFC_CHATTOKEN: with_.chat ?? '',
    ...body && {
      CONTENT_TYPE: 'application/json',
      CONTENT_LENGTH: `${Buffer.byteLength(body)}`,
    },
  }, body);
  const { results } = JSON.parse(stdout.slice(stdout.indexOf('\r\n\r\n') + 4));
  return { code: results.code, results };
}

/**
 * Two people in a chat, who have acknowledged what the server told them.
 *
 * @param {Env} env
 */
export async function makeChat(env) {
  const created = (await request('create', 'POST', env)).results;
  const chat = created.chatToken;
  const joined = (await request(
    'join', 'POST', env, { body: { chatToken: chat } })).results;
  const pair = {
    creator: { chat, user: created.userToken },
    joiner: { chat, user: joined.userToken },
  };
  for (const who of Object.values(pair)) await acknowledgeAll(who, env);
  return pair;
}

/** @typedef {{chat: string, user: string}} Person */

/** @param {Person} who @param {Env} env */
export function look(who, env) {
  return request('messages', 'GET', env, { ...who, query: 'longPolling=false' });
}

/** @param {Person} who @param {string} msg @param {Env} env */
export function send(who, msg, env) {
  return request(
    'messages', 'POST', env, { ...who, body: { messages: [{ msg }] } });
}

/** @param {Person} who @param {Env} env @returns {Promise<string[]>} texts */
export async function acknowledgeAll(who, env) {
  const { messages } = (await look(who, env)).results;
  if (messages.length > 0) {
    const body = {
      messages: messages.map((/** @type {any} */ { _id }) => ({ _id })),
    };
    await request('messages', 'DELETE', env, { ...who, body });
  }
  return messages.map((/** @type {any} */ { msg }) => msg);
}
