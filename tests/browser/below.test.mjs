// SPDX-License-Identifier: BSD-3-Clause
/** Two sites below two paths of one host: each works whole, and they share nothing. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { after, afterEach, before, describe, it } from "node:test";

import { build, findPort, startServer } from "../lib/server.mjs";
import { ENGINES, openBrowser } from "./lib/browser.mjs";
import {
  closeChat, createChat, readLog, say, waitPath, waitReady, waitState, waitText,
} from "./lib/story.mjs";

const BELOW = ["/one", "/two.x/chat"];

/** A web server that passes each path on to the site that is below it. */
async function startHost(port, sites) {
  const pem = readFileSync(path.join(build, "localhost.pem"));
  const host = https.createServer({ key: pem, cert: pem }, (req, res) => {
    const site = sites.find(({ below }) => req.url.replace(/^\/+/, "/").startsWith(below));
    if (!site) return void res.writeHead(404).end();
    const { method, url, headers } = req;
    const passed = http.request({ port: site.port, method, path: url, headers }, (reply) => {
      res.writeHead(reply.statusCode, reply.headers);
      reply.pipe(res);
    });
    passed.on("error", () => res.destroy());
    res.on("close", () => passed.destroy());
    req.pipe(passed);
  });
  host.listen(port, "127.0.0.1");
  await once(host, "listening");
  return host;
}

for (const engine of ENGINES) {
  describe(`sites below two paths of a host in ${engine}`, () => {
    let browser;
    let host;
    let servers = [];
    let one;
    let two;

    before(async () => {
      const port = await findPort();
      [one, two] = BELOW.map((below) => `https://localhost:${port}${below}`);
      servers = await Promise.all([one, two].map((url) => startServer({
        env: { SFCHAT_TLS: "off", SFCHAT_PUBLIC_URL: url },
      })));
      host = await startHost(
        port, servers.map((server, i) => ({ below: BELOW[i], port: server.port })));
      browser = await openBrowser(engine);
    });
    afterEach(() => browser?.closePages());
    after(async () => {
      await browser?.close();
      host?.close();
      host?.closeAllConnections();
      await Promise.all(servers.map((server) => server.stop()));
    });

    /** Creates a chat and returns its invitation link, as the page copies it. */
    async function invite(page, url) {
      await createChat(page, url);
      await page.evaluate(() => {
        navigator.clipboard.writeText = async (text) => { window.link = text; };
      });
      await page.click("#copy-link");
      await page.waitFor(() => window.link);
      return page.evaluate(() => window.link);
    }

    const waitInvited = (page) =>
      page.waitFor(() => document.querySelector("#accept").checkVisibility());
    const isOffered = (page, selector) => page.evaluate(
      (wanted) => document.querySelector(wanted).checkVisibility(), selector);

    it("two people meet by a link, talk, reload and close below the path", async () => {
      const [creator, joiner] = await Promise.all([browser.newPage(), browser.newPage()]);
      // Without its slash, the path leads to the home page too.
      const link = await invite(creator, two);
      assert.ok(link.startsWith(`${two}/#j=`), link);
      await creator.click("#show-qr");
      await creator.waitFor(() => document.querySelector("#qr svg"));
      await joiner.goto(link.replace("/#", "/de/#"));
      await waitInvited(joiner);
      await joiner.reload();
      await joiner.click("#accept");
      await waitReady(creator);
      await waitReady(joiner);
      assert.equal(await joiner.url(), `${two}/de/chat`);
      await say(creator, "Hi");
      await waitText(joiner, "Hi");
      await Promise.all([creator.reload(), joiner.reload()]);
      await waitReady(creator);
      await waitReady(joiner);
      await say(joiner, "Hello");
      await waitText(creator, "Hello");
      assert.deepEqual(await readLog(joiner), [["talker", "Hi"], ["you", "Hello"]]);
      const names = await creator.evaluate(async () => {
        const { held, pending } = await navigator.locks.query();
        return [...Object.keys(sessionStorage), ...[...held, ...pending].map(({ name }) => name)];
      });
      assert.ok(names.length >= 2, `${names}`);
      for (const name of names) assert.match(name, /^sfChat\/two\.x\/chat( |$)/);
      await closeChat(creator);
      await waitState(joiner, "closed");
      await joiner.click("#again");
      await waitPath(joiner, `${BELOW[1]}/de/`);
      for (const page of [creator, joiner]) assert.deepEqual(page.complaints, []);
    });

    it("a tab keeps the chats and the invitations of the two sites apart", async () => {
      const [page, other] = await Promise.all([browser.newPage(), browser.newPage()]);
      await page.goto(await invite(other, `${one}/`));
      await waitInvited(page);
      await page.goto(`${two}/`);
      await page.waitFor(() => document.querySelector("#create:not([disabled])"));
      assert.deepEqual(await Promise.all([isOffered(page, "#accept"), isOffered(page, "#return")]),
        [false, false]);
      await createChat(page, `${two}/`);
      await page.goto(`${one}/`);
      await waitInvited(page);
      await page.click("#accept");
      await waitReady(page);
      await page.goto(`${two}/chat`);
      await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
      await closeChat(page);
      await waitState(page, "closed");
      await page.goto(`${one}/`);
      await page.click("#return");
      await waitReady(page);
      await say(page, "still here");
      await waitText(other, "still here");
      await page.goto(`${two}/`);
      await page.waitFor(() => document.querySelector("#create:not([disabled])"));
      assert.equal(await isOffered(page, "#return"), false);
      assert.deepEqual(page.complaints, []);
    });

    it("an address with a slash too many works, and has the state of the site", async () => {
      const page = await browser.newPage();
      await createChat(page, `${one}//`);
      await page.goto(`${one.replace("/one", "//one")}/chat`);
      await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
      await page.goto(`${one}/chat`);
      await page.waitFor(() => document.querySelector("#invite:not([hidden])"));
      assert.deepEqual(page.complaints, []);
    });
  });
}
