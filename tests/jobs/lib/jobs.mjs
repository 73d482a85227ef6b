// SPDX-License-Identifier: BSD-3-Clause
//
// Helpers that the tests of the background jobs share: they run the programs as
// built, directly, with settings and a directory of the test's own. Must not
// know which outcome is right.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';

import { atEnd, execute, waitFor } from '../../lib/children.mjs';
import { build, storeKind } from '../../lib/server.mjs';

const out = path.join(build, storeKind);

/**
 * A number of chats that keeps a job busy while a test acts. With MongoDB a
 * smaller number is enough: each change is a command, and the server of the tests
 * reads all chats for each command.
 */
export const MANY = storeKind === 'lmdb' ? 50_000 : 200;

/** @typedef {Record<string, string>} Env */

/**
 * Names a store of the test's own: the default one, in the directory, or a
 * database named like the directory.
 *
 * @param {string} dir
 */
function nameStore(dir) {
  if (storeKind === 'lmdb') return `lmdb:${dir}/store`;
  const store = new URL(/** @type {string} */ (process.env.SFCHAT_STORE));
  store.pathname = path.basename(dir);
  return store.href;
}

/**
 * Makes a directory with a store, which is removed when the test ends.
 *
 * @param {import('node:test').TestContext} context
 * @param {Env} [settings]
 * @returns {Promise<Env & {SFCHAT_RUNTIME_DIR: string, SFCHAT_STORE: string}>}
 *   the settings that keep all data of the programs in it
 */
export async function makePlace(context, settings = {}) {
  const dir = await mkdtemp('/dev/shm/sfchat-test-');
  atEnd(context, () => rm(dir, { recursive: true, force: true }));
  const env = {
    SFCHAT_RUNTIME_DIR: dir, SFCHAT_STORE: nameStore(dir), SFCHAT_CREATE_LIMIT: '0',
  };
  // MongoDB makes a collection with its first document.
  if (storeKind === 'lmdb') await runCommand('prepare', [], env);
  return { ...env, ...settings };
}

/**
 * Runs one of the programs of cron/ to its end.
 *
 * @param {string} name
 * @param {string[]} args
 * @param {Env} env
 */
export function runCommand(name, args, env) {
  return execute(path.join(out, 'cron', name), args, env);
}

/**
 * Puts drafts of a given age into the store.
 *
 * @param {number} count
 * @param {number} ageSeconds
 * @param {Env} env
 */
export async function fillStore(count, ageSeconds, env) {
  const { code } = await execute(
    path.join(out, 'tests/jobs/fill'), [`${count}`, `${ageSeconds}`], env);
  if (code !== 0) throw new Error('tests/jobs/fill failed');
}

/**
 * @typedef {object} Worker
 * @property {() => string} log  all that the worker has logged so far
 * @property {(signal: NodeJS.Signals) => boolean} kill
 * @property {Promise<{code: number | null, signal: string | null}>} ended
 */

/**
 * Starts a worker, which is killed when the test ends.
 *
 * @param {import('node:test').TestContext} context
 * @param {Env} env
 * @returns {Promise<Worker>}
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
  await waitFor(async () => log.includes('started'), 'the worker has started');
  return { log: () => log, kill: (signal) => child.kill(signal), ended };
}

/** Returns what `jobs --json` prints. @param {Env} env */
export async function listJobs(env) {
  const { code, stdout } = await runCommand('jobs', ['--json'], env);
  // 4: there is an alarm.
  if (code !== 0 && code !== 4) throw new Error(`jobs ended with ${code}`);
  return JSON.parse(stdout);
}

/**
 * Returns how many jobs are in a state.
 *
 * @param {Env} env
 * @param {string} state
 */
export async function countJobs(env, state) {
  const { queues } = await listJobs(env);
  return queues.find((/** @type {any} */ one) => one.name === state).length;
}

/**
 * Runs a program of the API as CGI, with one request.
 *
 * @param {string} name
 * @param {string} method
 * @param {Env} env
 * @param {{user?: string, chat?: string, body?: object, query?: string}} [with_]
 * @returns {Promise<{code: number, results: any}> & {log: () => string}}
 *   log: what the program has logged so far
 */
export function request(name, method, env, with_ = {}) {
  const body = with_.body ? JSON.stringify({ data: with_.body }) : '';
  const program = execute(path.join(out, 'cgi-bin', name), [], {
    ...env, REQUEST_METHOD: method, PATH_INFO: '/v1',
    QUERY_STRING: with_.query ?? '',
    HTTP_X_SFC_USERTOKEN: with_.user ?? '',
    HTTP_X_SFC_CHATTOKEN: with_.chat ?? '',
    ...body && {
      CONTENT_TYPE: 'application/json',
      CONTENT_LENGTH: `${Buffer.byteLength(body)}`,
    },
  }, body);
  const reply = program.then(({ stdout }) => {
    const { results } =
      JSON.parse(stdout.slice(stdout.indexOf('\r\n\r\n') + 4));
    return { code: results.code, results };
  });
  return Object.assign(reply, { log: program.log });
}

/**
 * Creates and joins a chat; both participants acknowledge the system messages.
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
  for (const person of Object.values(pair)) await acknowledgeAll(person, env);
  return pair;
}

/** @typedef {{chat: string, user: string}} Person */

/**
 * Asks for the messages without waiting.
 *
 * @param {Person} person
 * @param {Env} env
 */
export function look(person, env) {
  return request(
    'messages', 'GET', env, { ...person, query: 'longPolling=false' });
}

/** @param {Person} sender @param {string} msg @param {Env} env */
export function send(sender, msg, env) {
  return request(
    'messages', 'POST', env, { ...sender, body: { messages: [{ msg }] } });
}

/**
 * Acknowledges all waiting messages.
 *
 * @param {Person} person
 * @param {Env} env
 * @returns {Promise<string[]>} their texts
 */
export async function acknowledgeAll(person, env) {
  const { messages } = (await look(person, env)).results;
  if (messages.length > 0) {
    const body = {
      messages: messages.map((/** @type {any} */ { _id }) => ({ _id })),
    };
    await request('messages', 'DELETE', env, { ...person, body });
  }
  return messages.map((/** @type {any} */ { msg }) => msg);
}
