// SPDX-License-Identifier: BSD-3-Clause
/** The settings of the operator, which the build has written into the page. */

const dataset = /** @type {any} */ (document.documentElement.dataset);

// A server takes several slashes as one. At the beginning of a path a browser does not.
const place = location.href.replace(/(?<!:)\/+/g, "/");

/** The path that the site is below, without a slash at its end; empty for most. */
export const BELOW = new URL(dataset.top, place).pathname.slice(0, -1);

/** Names begin with it that this site must not share with another one of the host. */
export const NAME = `sfChat${BELOW}`;

/**
 * @typedef {object} ApiSettings
 * @property {string} userHeader the name of the header with the user token
 * @property {string} chatHeader the name of the header with the chat token
 * @property {string} away how many seconds the user may be away before the
 *   server gives the user up
 */

/** @returns {ApiSettings} */
export function apiSettings() {
  return dataset;
}

/**
 * @returns {string | undefined} the site's id at Google Analytics; undefined: the site
 *   does not use it
 */
export function analyticsId() {
  return dataset.analytics;
}

/**
 * @returns {{ url: string, integrity: string }} the address and the integrity hash of
 *   the script that computes QR codes
 */
export function qrAsset() {
  return { url: dataset.qrUrl, integrity: dataset.qrIntegrity };
}
