// SPDX-License-Identifier: BSD-3-Clause
/**
 * The one global. Each page publishes the modules it uses under their names,
 * so that anybody can look at them from the browser's console.
 */

/** @param {Record<string, unknown>} modules */
export function publish(modules) {
  Object.assign(globalThis, { sfChat: Object.freeze(modules) });
}
