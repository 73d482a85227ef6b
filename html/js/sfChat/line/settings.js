// SPDX-License-Identifier: BSD-3-Clause
/** The settings of the operator, which the build has written into the page. */

const { dataset } = document.documentElement;

/** @param {string} name of the `data-` attribute, in camel case */
function read(name) {
  const value = dataset[name];
  if (value === undefined) throw new Error(`no data-${name}`);
  return value;
}

/** The names of the headers that carry the two tokens. */
export function tokenHeaders() {
  return {
    user: read("userHeader"),
    chat: read("chatHeader"),
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
