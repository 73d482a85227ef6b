// SPDX-License-Identifier: BSD-3-Clause
// MongoDB is killed and started again while people talk: no message is lost,
// and the site goes on by itself.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { meet } from "../lib/chat.mjs";
import { atEnd, waitFor } from "../lib/children.mjs";
import { startTalk } from "../lib/load.mjs";
import { api, startServer } from "../lib/server.mjs";
import { startMongodb } from "../lib/stores.mjs";

const waitHealth = (server, status) => waitFor(
  async () => (await api(server, "GET", "health.json")).status === status,
  `health.json has the status ${status}`);

describe("MongoDB killed under load", () => {
  for (const serve of ["cgi", "scgi"]) {
    it(`each message arrives once, served by ${serve}`, async (t) => {
      const mongodb = await startMongodb(t);
      const server = await startServer({ env: {
        SFCHAT_SERVE: serve, SFCHAT_STORE:
          `mongodb://127.0.0.1:${mongodb.port}/sfchat?directConnection=true`,
      } });
      atEnd(t, server.stop);
      const talk = startTalk([await meet(server), await meet(server)]);
      for (let kills = 0; kills < 2; kills++) {
        await talk.waitArrivals(100);
        const before = talk.refusals.length;
        await mongodb.kill();
        await waitFor(
          async () => talk.refusals.length > before,
          "a request is refused");
        await waitHealth(server, 503);
        await mongodb.start();
        await waitHealth(server, 200);
      }
      await talk.waitArrivals(100);
      await talk.stop();
      for (const { status, headers } of talk.refusals) {
        assert.equal(status, 503);
        assert.match(headers["retry-after"], /^\d+$/);
      }
    });
  }
});
