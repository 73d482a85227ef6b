// SPDX-License-Identifier: BSD-3-Clause
/**
 * Draws a QR code. The code that computes one is loaded when the first is
 * asked for, and only as the page's own integrity hash has it.
 */

import { qrAsset } from "../line/settings.js";

const SVG = "http://www.w3.org/2000/svg";
// Light around a code, without which readers do not find it (ISO/IEC 18004).
const QUIET = 4;

/**
 * @returns {Promise<typeof import("../../qr-code.js")>}
 */
async function loadCode() {
  const { url, integrity } = qrAsset();
  // WebKit preloads modules without a look at their hash; this looks at it.
  await fetch(url, { integrity });
  // import() takes no hash; what was preloaded under one is what it gets.
  const preload = document.createElement("link");
  preload.rel = "modulepreload";
  preload.integrity = integrity;
  preload.href = url;
  return new Promise((resolve, reject) => {
    preload.addEventListener("load", () => import(url).then(resolve, reject));
    preload.addEventListener("error", reject);
    document.head.append(preload);
  });
}

/** @param {string} text */
export async function drawQr(text) {
  const { encode } = await loadCode();
  const rows = encode(text);
  const size = rows.length + 2 * QUIET;
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", rows.flatMap((row, y) =>
    row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")),
  ).join(""));
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("viewBox", `0 0 ${size} ${size}`);
  drawn.setAttribute("shape-rendering", "crispEdges");
  drawn.append(path);
  return drawn;
}
