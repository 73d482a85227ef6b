// SPDX-License-Identifier: BSD-3-Clause
/** The settings of the operator, which the build has written into the page. */

const { dataset } = document.documentElement;

/** @param {string} name of the `data-` attribute, in camel case */
function read(name) {
  const value = dataset[name];
  if (value === undefined) throw new Error(`no data-${name}`);
  return value;
}

/**
 * @typedef {object} ApiSettings
 * @property {string} userHeader the name of the header with the user token
 * @property {string} chatHeader the name of the header with the chat token
 * @property {string} away how many seconds the user may be away before the
 *   server gives the user up
 */

/** @returns {ApiSettings} */
export function apiSettings() {
  return {
    userHeader: read("userHeader"),
    chatHeader: read("chatHeader"),
    away: read("away"),
  };
}

/** The site's id at Google Analytics; undefined: the site does not use it. */
export function analyticsId() {
  return dataset.analytics;
}

/** The address and the integrity hash of the script that computes QR codes. */
export function qrAsset() {
  return {
    url: read("qrUrl"),
    integrity: read("qrIntegrity"),
  };
}
