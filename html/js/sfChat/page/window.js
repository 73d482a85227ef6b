// SPDX-License-Identifier: BSD-3-Clause
/**
 * Keeps the page as high as what the user sees of the window. The keyboard of an
 * iPhone covers the page instead of making the window smaller.
 */

export function fitWindow() {
  const { visualViewport: seen } = window;

  seen?.addEventListener("resize", () => {
    // Zooming in with two fingers is no change of the window.
    const height = Math.round(seen.height * seen.scale);
    const isCovered = height < window.innerHeight;
    document.documentElement.style.setProperty("--height", isCovered ? `${height}px` : "");
    // The browser has moved the page to show the field; now the field fits.
    if (seen.scale === 1) window.scrollTo(0, 0);
  });
}
