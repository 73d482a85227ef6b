// SPDX-License-Identifier: BSD-3-Clause
// `make install` and `make uninstall`: an ordinary user runs the installed site, with a
// file of settings, and nothing is left of it but settings that were changed.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile,
} from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { meet, texts } from "../lib/chat.mjs";
import { atEnd, execute, waitFor } from "../lib/children.mjs";
import { findPort, request, root, spawnRun } from "../lib/server.mjs";

const PREFIX = "/opt/chat";
const NOBODY = 65534;
/** The ordinary user: `nobody`, or whoever runs the tests. */
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const PATH = process.env.PATH ?? "";

/** Runs a target of the Makefile for the folder that stands for the root. */
async function make(target, destination) {
  const { code, stdout, stderr } = await execute("make", [
    "-C", root, target, `DESTDIR=${destination}`, `PREFIX=${PREFIX}`,
  ], { PATH });
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Lists the files and links below a folder. */
async function list(dir) {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  return names.filter((entry) => !entry.isDirectory()).map(({ name }) => name).sort();
}

describe("an installed site", () => {
  let top;
  let destination;
  let lib;
  let settings;

  /** Writes the file of settings of the site, which runs as the ordinary user. */
  const configure = (lines) => writeFile(settings, [
    `SFCHAT_RUNTIME_DIR=${top}/runtime`, `SFCHAT_STATE_DIR=${top}/state`,
    "SFCHAT_CREATE_LIMIT=0", ...lines, "",
  ].join("\n"));
  /** Runs a program of the installation to its end. */
  const call = (file, args = [], options = {}) => spawnSync(
    path.join(destination, PREFIX, file), args,
    { encoding: "utf8", env: { PATH, SFCHAT_CONF: settings }, ...user, ...options });

  before(async () => {
    top = await mkdtemp("/dev/shm/sfchat-test-");
    await chmod(top, 0o755);
    for (const name of ["runtime", "state"]) {
      await mkdir(path.join(top, name), { mode: 0o700 });
      if (user.uid) await chown(path.join(top, name), NOBODY, NOBODY);
    }
    destination = path.join(top, "root");
    lib = path.join(destination, PREFIX, "lib/sfchat");
    settings = path.join(top, "site.conf");
    await make("install", destination);
  });
  after(() => rm(top, { recursive: true }));

  it("serves chats, and a new installation does not disturb it", async (t) => {
    const port = await findPort();
    await configure([`SFCHAT_PORT=${port}`]);
    const { child, ready, output } = await spawnRun({}, {
      command: [path.join(lib, "scripts/run")], cwd: "/", ...user,
      env: { PATH, SFCHAT_CONF: settings },
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    atEnd(t, () => {
      child.kill("SIGTERM");
      return ended;
    });
    assert.ok(ready, output());
    const server = {
      url: `https://localhost:${port}`,
      ca: await readFile(path.join(top, "state/localhost.pem")),
    };
    const [alice, bob] = await meet(server);
    await alice.send("before");
    await make("install", destination);
    await alice.send("after");
    assert.deepEqual(texts(await bob.look()), ["before", "after"]);

    await t.test("the commands know its settings, whoever calls them", () => {
      for (const who of [{}, user]) {
        const { status, stdout, stderr } = call("sbin/sfchat-status", [], who);
        assert.equal(status, 0, stderr);
        assert.match(stdout, /ready +1/);
        const jobs = call("sbin/sfchat-jobs", ["--json"], who);
        // 4: no job has succeeded yet.
        assert.ok([0, 4].includes(jobs.status ?? -1), jobs.stderr);
        assert.ok(JSON.parse(jobs.stdout));
      }
    });

    await t.test("a reload builds the pages with a changed setting", async () => {
      const address = "mailto:operator@chat.example.org";
      await configure([`SFCHAT_PORT=${port}`, `SFCHAT_CONTACT=${address}`]);
      const { status, stderr } = call("lib/sfchat/scripts/reload", [String(child.pid)]);
      assert.equal(status, 0, stderr + output());
      const { body } = await request(server, "GET", "/de/faq");
      assert.ok(body.includes(address), output());
      const home = await request(server, "GET", "/");
      assert.ok(home.body.includes(address));
      assert.match(home.headers["content-security-policy"], /script-src 'sha256-/);
    });

    await t.test("a reload with a wrong setting fails and changes nothing", async () => {
      await configure([`SFCHAT_PORT=${port}`, "SFCHAT_CONTACT=nowhere"]);
      const { status } = call("lib/sfchat/scripts/reload", [String(child.pid)]);
      assert.equal(status, 1, output());
      await waitFor(async () => /SFCHAT_CONTACT: a URL was expected/.test(output()),
        "the log names the setting");
      assert.equal((await request(server, "GET", "/faq")).status, 200);
      await alice.send("still there");
      assert.ok(texts(await bob.look()).includes("still there"));
    });

    await t.test("reloads that fail leave the pages of the site", async () => {
      for (const contact of ["/one", "/two"]) {
        await configure([
          `SFCHAT_PORT=${port}`, `SFCHAT_CONTACT=${contact}`, "SFCHAT_SERVE=neither"]);
        const { status } = call("lib/sfchat/scripts/reload", [String(child.pid)]);
        assert.equal(status, 1, output());
        assert.equal((await request(server, "GET", "/faq")).status, 200, contact);
      }
    });

    await t.test("a reload ends, though the file names another runtime directory", async () => {
      await configure([`SFCHAT_PORT=${port}`]);
      const text = await readFile(settings, "utf8");
      await writeFile(settings, text.replace("/runtime\n", "/elsewhere\n"));
      const { status, stderr } = call(
        "lib/sfchat/scripts/reload", [String(child.pid)], { timeout: 120_000 });
      assert.equal(status, 0, stderr + output());
      await waitFor(
        async () => /SFCHAT_RUNTIME_DIR: a change takes effect/.test(output()),
        "the log names the setting");
    });
  });

  it("has documents whose links lead to each other", async () => {
    const folder = path.join(destination, PREFIX, "share/doc/sfchat");
    const links = [];
    for (const file of await readdir(folder, { recursive: true })) {
      if (!file.endsWith(".md")) continue;
      const text = await readFile(path.join(folder, file), "utf8");
      for (const [, link] of text.matchAll(/\]\((?!https?:)([^)#]+\.md)/g)) {
        links.push(path.join(path.dirname(file), link));
      }
    }
    assert.ok(links.includes("HOSTING.md"));
    for (const link of links) await stat(path.join(folder, link));
  });

  it("names a folder that it cannot use", async () => {
    for (const [dir, said] of [
      ["state", /SFCHAT_STATE_DIR: an absolute path was expected/],
      [`${top}/none`, /SFCHAT_CERT: cannot make .*SFCHAT_STATE_DIR/],
    ]) {
      await configure([]);
      const { status, stderr } = call("lib/sfchat/scripts/run", [], {
        env: { PATH, SFCHAT_CONF: settings, SFCHAT_STATE_DIR: dir },
      });
      assert.equal(status, 1);
      assert.match(stderr, said);
    }
  });

  it("keeps the installed pages if nothing can build others", async (t) => {
    const tools = await mkdtemp(path.join(top, "tools-"));
    await chmod(tools, 0o755);
    for (const name of await readdir("/usr/bin")) {
      if (!/^(node|nodejs|esbuild|minify)$/.test(name)) {
        await symlink(path.join("/usr/bin", name), path.join(tools, name));
      }
    }
    await configure(["SFCHAT_AWAY_SECONDS=7200"]);
    const { status, stdout, stderr } = call("lib/sfchat/scripts/pages", [], {
      env: { PATH: tools, SFCHAT_CONF: settings },
    });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /SFCHAT_AWAY_SECONDS: .*nodejs, esbuild, minify/);
    const page = await readFile(path.join(stdout.trim(), "html/index.html"), "utf8");
    assert.match(page, /data-away="3600"/);
  });

  it("goes away as a whole, without its changed settings", async () => {
    const original = path.join(destination, "etc/sfchat.conf");
    assert.equal((await stat(original)).mode & 0o777, 0o640);
    await writeFile(original, "SFCHAT_PORT=1234\n");
    await make("install", destination);
    assert.equal(await readFile(original, "utf8"), "SFCHAT_PORT=1234\n");
    assert.match(await make("uninstall", destination), /sfchat\.conf has changed/);
    assert.deepEqual(await list(destination), ["sfchat.conf"]);
    await rm(original);
    await make("install", destination);
    await make("uninstall", destination);
    assert.deepEqual(await list(destination), []);
  });
});
