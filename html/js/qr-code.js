// SPDX-License-Identifier: BSD-3-Clause
/** Computes QR codes. A page loads this script when the user asks for one. */

/*! QR Code Generator, Copyright (c) 2009 Kazuhiko Arase, MIT licence:
 https://opensource.org/license/mit */
// For an import, esbuild would add code that this module does not need.
const qrcode = require("qrcode-generator");

const ANY_VERSION = 0;

/**
 * @param {string} text
 * @returns {boolean[][]} rows of modules, true where dark
 */
export function encode(text) {
  const code = qrcode(ANY_VERSION, "M");
  code.addData(text);
  code.make();
  const places = [...Array(code.getModuleCount()).keys()];
  return places.map((y) => places.map((x) => code.isDark(y, x)));
}
