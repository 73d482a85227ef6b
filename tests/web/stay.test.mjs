// SPDX-License-Identifier: BSD-3-Clause
// scripts/run keeps the site up: each process that dies or hangs is started again,
// SIGHUP reloads, and only an ordered stop removes the chats.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  access, mkdtemp, readFile, readdir, rm, writeFile,
} from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import tls from "node:tls";

import { meet, texts } from "../lib/chat.mjs";
import { atEnd, waitFor } from "../lib/children.mjs";
import { startTalk } from "../lib/load.mjs";
import {
  findChildren, killProcess, readName, waitGone, waitPolls,
} from "../lib/process.mjs";
import { findPort, serve, spawnRun, startServer, storeKind } from "../lib/server.mjs";

const ROUNDS = 3;

/** How the command line of each process of the site begins. */
const PROCESSES = {
  "the filter of the log": /^sed\0/,
  "the private Redis": /^redis-server /,
  "the worker": /^[^\0]*\/cron\/worker\0/,
  "the schedule": /^bash\0-c\0exec /,
  ...(serve === "cgi" ? {} : Object.fromEntries(
    ["create", "join", "messages", "chat", "health"].map((name) =>
      [`the program ${name}`, new RegExp(`^[^\0]*/cgi-bin/${name}\0--scgi\0`)]))),
  lighttpd: /^lighttpd\0/,
};

/** Finds the process that scripts/run itself has started under one of these names. */
const findChild = ({ pid }, name) => findChildren(pid).map((child) => ({
  pid: child, name: readName(child),
})).find((child) => PROCESSES[name].test(child.name));

/** Waits for the successor of a process and returns it. */
function waitSuccessor(server, name, pid) {
  return waitFor(async () => {
    const found = findChild(server, name);
    return found && found.pid !== pid && found;
  }, `${name} is started again`);
}

/** Waits until the server has logged a line that matches. */
function waitLog(server, line) {
  return waitFor(async () => line.test(server.log()), `the log has ${line}`);
}

async function start(t, env = {}) {
  const server = await startServer({ env });
  atEnd(t, server.stop);
  return server;
}

/** Makes a directory with a self-signed certificate. */
async function makeCertificate(t) {
  const dir = await mkdtemp("/dev/shm/sfchat-test-");
  atEnd(t, () => rm(dir, { recursive: true }));
  const file = path.join(dir, "cert.pem");
  await renewCertificate(file);
  return file;
}

async function renewCertificate(file) {
  const key = execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", "-"],
  { stdio: ["ignore", "pipe", "ignore"] });
  await writeFile(file, key);
}

/** Returns the fingerprint of the certificate that the server uses. */
async function readFingerprint({ port }) {
  const socket = tls.connect({ port, host: "localhost", rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate().fingerprint256;
  } finally {
    socket.destroy();
  }
}

describe("processes that die or hang", () => {
  it("each one that is killed is named and started again, and no message is lost",
    async (t) => {
      const server = await start(t);
      const talk = startTalk([await meet(server), await meet(server)]);
      for (let round = 0; round < ROUNDS; round++) {
        for (const name of Object.keys(PROCESSES)) {
          const { pid } = await waitSuccessor(server, name, 0);
          assert.ok(killProcess(pid), name);
          await waitSuccessor(server, name, pid);
          await talk.waitArrivals(10);
        }
      }
      await talk.stop();
      for (const name of Object.keys(PROCESSES)) {
        const line = `${name} has ended: signal 9; starting it again in `;
        // On a slow machine the site may have taken one for silent as well.
        assert.ok(server.log().split(line).length - 1 >= ROUNDS, server.log());
      }
    });

  const hung = serve === "cgi" ? "lighttpd" : "the program messages";
  it(`${hung} is started again if it answers nobody`, async (t) => {
    const server = await start(t);
    const [alice, bob] = await meet(server);
    await alice.send("still here");
    const { pid } = findChild(server, hung);
    process.kill(pid, "SIGSTOP");
    await waitSuccessor(server, hung, pid);
    await waitFor(async () => {
      try {
        return texts(await bob.look()).includes("still here");
      } catch {
        return false;
      }
    }, "the site answers again");
    assert.match(server.log(), /the site does not answer/);
  });

  // Once, because the pauses between the tries take a quarter of a minute.
  if (serve === "cgi") {
    it("the site ends, says why and keeps the chats if lighttpd cannot be kept up", async (t) => {
      const certificate = await makeCertificate(t);
      const dir = await mkdtemp("/dev/shm/sfchat-test-");
      atEnd(t, () => rm(dir, { recursive: true }));
      const port = String(await findPort());
      const { child, ready, output } = await spawnRun({
        SFCHAT_RUNTIME_DIR: dir, SFCHAT_CERT: certificate, SFCHAT_PORT: port,
      });
      assert.ok(ready, output());
      await meet({ url: `https://localhost:${port}`, ca: await readFile(certificate) });
      await writeFile(certificate, "broken");
      const { pid } = findChild(child, "lighttpd");
      killProcess(pid);
      await once(child, "close");
      assert.equal(child.exitCode, 1);
      assert.match(output(), /\nscripts\/run: .*lighttpd cannot be kept up.*\n/);
      await waitGone(dir);
      const left = await readdir(dir);
      assert.equal(left.includes("store"), storeKind === "lmdb");
      assert.deepEqual(left.filter((name) => /sock|fifo|upload|started/.test(name)), []);
    });
  }
});

describe("SIGHUP", () => {
  it("puts a renewed certificate and new programs into use and keeps the chats",
    async (t) => {
      const certificate = await makeCertificate(t);
      const server = await start(t, { SFCHAT_CERT: certificate });
      const [alice, bob] = await meet(server);
      await alice.send("still here");
      const before = await readFingerprint(server);
      const old = {};
      for (const name of Object.keys(PROCESSES)) {
        old[name] = await waitSuccessor(server, name, 0);
      }
      const poll = alice.poll();
      await waitPolls(server, 1);
      await renewCertificate(certificate);
      process.kill(server.pid, "SIGHUP");
      await poll.catch(() => {});
      await waitLog(server, /scripts\/run: reloaded\n/);
      server.ca = await readFile(certificate);
      assert.notEqual(await readFingerprint(server), before);
      assert.deepEqual(texts(await bob.look()), ["still here"]);
      for (const [name, { pid }] of Object.entries(old)) {
        if (["the filter of the log", "the private Redis"].includes(name)) {
          assert.equal(findChild(server, name).pid, pid, name);
        } else {
          await waitSuccessor(server, name, pid);
        }
      }
    });

  it("changes nothing, not even a waiting poll, if the certificate is broken",
    async (t) => {
      const certificate = await makeCertificate(t);
      const server = await start(t, { SFCHAT_CERT: certificate });
      const [alice, bob] = await meet(server);
      const before = await readFingerprint(server);
      const poll = alice.poll();
      await waitPolls(server, 1);
      await writeFile(certificate, "broken");
      process.kill(server.pid, "SIGHUP");
      await waitLog(server, /SFCHAT_CERT: .*\n.*nothing was reloaded\n/);
      assert.equal(await readFingerprint(server), before);
      await bob.send("Hi");
      assert.deepEqual(texts(await poll), ["Hi"]);
    });
});

describe("systemd", () => {
  /**
   * Listens on a socket as systemd does, and returns a function that returns all
   * messages so far. The sender waits until its BARRIER has been read.
   */
  function receive(t, socket) {
    const child = spawn("perl", ["-MSocket", "-e", `$| = 1;
      socket(S, PF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) or die;
      while (defined(recv(S, $text, 4096, 0))) {
        print "$text\\n" unless $text =~ /^BARRIER/;
      }`, socket],
    { stdio: ["ignore", "pipe", "inherit"] });
    atEnd(t, () => child.kill());
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more) => { text += more; });
    return () => text;
  }

  it("is told when the site is ready, reloads, answers and stops", async (t) => {
    const dir = await mkdtemp("/dev/shm/sfchat-test-");
    atEnd(t, () => rm(dir, { recursive: true }));
    const socket = path.join(dir, "notify.sock");
    const told = receive(t, socket);
    await waitFor(async () => access(socket).then(() => true, () => false),
      "the socket is there");
    const server = await start(t, { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "30000000" });
    await waitFor(async () => /^READY=1\n/.test(told()), "ready");
    await waitFor(async () => /^WATCHDOG=1$/m.test(told()), "a sign of life");
    process.kill(server.pid, "SIGHUP");
    await waitFor(async () =>
      /^RELOADING=1\nMONOTONIC_USEC=\d+\n(WATCHDOG=1\n)*READY=1$/m.test(told()),
    "reloaded");
    await server.stop();
    assert.match(told(), /STOPPING=1\n$/);
  });
});
