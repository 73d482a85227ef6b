// SPDX-License-Identifier: BSD-3-Clause
/**
 * Draws a QR code. The script that computes it is loaded when the user asks for
 * the first QR code, and only if it matches the integrity hash in the page.
 */

import { qrAsset } from "../line/settings.js";

const SVG = "http://www.w3.org/2000/svg";
// Width of the light margin, in modules; readers need it (ISO/IEC 18004).
const QUIET = 4;

/** @returns {Promise<typeof import("../../qr-code.js")>} */
async function loadCode() {
  const { url, integrity } = qrAsset();
  // WebKit preloads a module without checking its hash; `fetch()` checks it.
  await fetch(url, { integrity });
  // `import()` takes no hash, but it uses the module that was preloaded with one.
  const preload = document.createElement("link");
  preload.rel = "modulepreload";
  preload.integrity = integrity;
  preload.href = url;
  return new Promise((resolve, reject) => {
    preload.addEventListener("load", () => import(preload.href).then(resolve, reject));
    preload.addEventListener("error", reject);
    document.head.append(preload);
  });
}

/**
 * @param {string} text
 * @returns {Promise<SVGElement>} rejects if the script could not be loaded
 */
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
