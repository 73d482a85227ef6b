// SPDX-License-Identifier: BSD-3-Clause
/** A site with analytics: the home page reports two events and no more. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { build, request, root, startServer, storeKind } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import { Peer } from "./lib/peer.mjs";

const GOOGLE = "https://www.google-analytics.com";

/** Records the requests of the page to other servers, and sends none of them. */
const watch = (page) => page.evaluate(() => {
  const { fetch } = window;
  window.foreign = [];
  window.fetch = (url, asked) => {
    if (String(url).startsWith("/")) return fetch(url, asked);
    window.foreign.push([String(url), asked.body ?? "", asked.credentials, asked.referrerPolicy]);
    // The chat page has a window of its own, so keep them in the storage too.
    sessionStorage.foreign = JSON.stringify(window.foreign);
    return Promise.resolve(new Response());
  };
});

for (const engine of ENGINES) {
  describe(`analytics in ${engine}`, () => {
    let dir;
    let server;
    let browser;

    before(async () => {
      dir = mkdtempSync(path.join(tmpdir(), "sfchat-counted-"));
      execFileSync(path.join(root, "scripts/build-html"), [path.join(dir, "html")],
        { env: { ...process.env, SFCHAT_GA_ID: "G-TEST123" } });
      symlinkSync(path.join(build, storeKind), path.join(dir, storeKind));
      server = await startServer({
        env: { SFCHAT_BUILD: dir, SFCHAT_CERT: path.join(build, "localhost.pem") },
      });
      browser = await openBrowser(engine);
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    it("only the policy of the home page allows requests to Google", async () => {
      for (const target of ["/", "/chat", "/faq", "/privacy", "/license", "/nothing"]) {
        const { headers } = await request(server, "GET", target);
        assert.equal(headers["content-security-policy"].includes(GOOGLE), target === "/", target);
      }
    });

    it("creating and joining are counted, and nothing else is told", async () => {
      const creator = await browser.newPage();
      await creator.goto(server.url);
      await watch(creator);
      await creator.click("#create");
      await creator.waitFor(() => document.querySelector("#invite:not([hidden])"));

      const peer = await Peer.create(server);
      const joiner = await browser.newPage();
      const { code, secret } = peer.invite;
      await joiner.goto(server.url);
      await watch(joiner);
      await joiner.type("#code", "0".repeat(24));
      await joiner.click("#enter");
      await joiner.waitFor(() => /no chat/.test(document.querySelector("#problem").textContent));
      await joiner.evaluate((link) => { location.hash = link; }, `j=${code}.${secret}`);
      await joiner.click("#accept");
      await joiner.waitFor(() => location.pathname === "/chat");

      const visitors = [];
      for (const [page, event] of [[creator, "create_new_chat"], [joiner, "join_to_chat"]]) {
        const sent = JSON.parse(await page.evaluate(() => sessionStorage.foreign));
        assert.equal(sent.length, 1);
        const [url, body, credentials, referrer] = sent[0];
        assert.deepEqual([body, credentials, referrer], ["", "omit", "no-referrer"]);
        const { origin, searchParams } = new URL(url);
        assert.equal(origin, GOOGLE);
        assert.deepEqual([...searchParams.keys()], ["v", "tid", "cid", "en"]);
        assert.equal(searchParams.get("tid"), "G-TEST123");
        assert.equal(searchParams.get("en"), event);
        visitors.push(searchParams.get("cid"));
        assert.equal(await page.evaluate(() =>
          document.querySelectorAll("script[src*=google]").length), 0);
      }
      assert.notEqual(visitors[0], visitors[1]);
    });
  });
}
