// SPDX-License-Identifier: BSD-3-Clause
/**
 * The page's only global, `sfChat`. Each page publishes its modules there, so
 * that anybody can look at them from the browser's console.
 */

/** @param {Record<string, unknown>} modules by their names */
export function publish(modules) {
  Object.assign(globalThis, { sfChat: Object.freeze(modules) });
}
