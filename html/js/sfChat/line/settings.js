// SPDX-License-Identifier: BSD-3-Clause
/** What the operator has set and the build has written into the page. */

const { dataset } = document.documentElement;

/** @param {string} name */
function read(name) {
  const value = dataset[name];
  if (value === undefined) throw new Error(`no data-${name}`);
  return value;
}

export function tokenHeaders() {
  return {
    user: read("userHeader"),
    chat: read("chatHeader"),
  };
}

/** Google Analytics' name for this site; undefined: no analytics. */
export function analyticsId() {
  return dataset.analytics;
}

/** The script that computes QR codes. */
export function qrAsset() {
  return {
    url: read("qrUrl"),
    integrity: read("qrIntegrity"),
  };
}
