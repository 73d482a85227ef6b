// SPDX-License-Identifier: BSD-3-Clause
// scripts/run and scripts/install as a user meets them: whatever scripts/run
// started stops with it, and a failure to start is explained in one line.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  access, chmod, chown, copyFile, mkdtemp, readFile, readdir, rm, stat, symlink,
  writeFile,
} from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { meet, texts } from "../lib/chat.mjs";
import { waitFor } from "../lib/children.mjs";
import {
  findChildren, findProcesses, readName, waitGone, waitPolls,
} from "../lib/process.mjs";
import {
  build, findPort, root, spawnRun, startServer, storeKind,
} from "../lib/server.mjs";

const NOBODY = 65534;
/** The user `nobody`, who has no rights. Only root can become this user. */
const nobody = { uid: NOBODY, gid: NOBODY };
/** Why the tests that need such a user cannot run; "" if they can. */
const obstacle = process.getuid() !== 0 ? "only root can become nobody"
  : spawnSync("test", ["-r", path.join(build, "html/index.html")], nobody)
    .status !== 0 ? "nobody may not read the build" : "";

/** Returns the output without the lines that the worker logs. */
const withoutWorker = (output) => output.replace(/^sfchat: worker .*\n/gm, "");

/** Skips a test and reports it, with the reason, on standard error too. */
function skip(t, why) {
  process.stderr.write(`SKIPPED: ${t.name}: ${why}\n`);
  t.skip(why);
}

/** Makes a directory that everybody may enter, with a certificate for `nobody`. */
async function lendCertificate(t) {
  const place = await mkdtemp("/tmp/sfchat-test-");
  t.after(() => rm(place, { recursive: true }));
  await chmod(place, 0o755);
  const certificate = path.join(place, "cert.pem");
  await copyFile(path.join(build, "localhost.pem"), certificate);
  await chown(certificate, NOBODY, NOBODY);
  return certificate;
}

/** Makes a build that has no certificate yet, in a directory that is root's. */
async function copyBuild(t) {
  const place = await mkdtemp("/dev/shm/sfchat-test-");
  t.after(() => rm(place, { recursive: true }));
  await chmod(place, 0o755);
  for (const name of ["html", "site.conf", storeKind]) {
    await symlink(path.join(build, name), path.join(place, name));
  }
  return place;
}

/** @returns {Promise<number>} a free port that only root may use */
async function findPrivilegedPort() {
  for (let port = 1023; ; port--) {
    const probe = net.createServer().listen(port, "127.0.0.1");
    try {
      await once(probe, "listening");
      return port;
    } catch {
      // The port is taken.
    } finally {
      probe.close();
    }
  }
}

describe("scripts/run", () => {
  let dir;
  let port;
  // A first start makes the certificate that the tests copy for `nobody`.
  before(async () => { await (await startServer()).stop(); });

  /** Starts scripts/run in a directory of its own, with further settings. */
  async function start(t, env = {}, options = {}) {
    const made = await mkdtemp("/dev/shm/sfchat-test-");
    t.after(() => rm(made, { recursive: true, force: true }));
    dir = made;
    if (options.uid) await chown(dir, options.uid, 0);
    port = await findPort();
    const run = await spawnRun(
      { SFCHAT_RUNTIME_DIR: dir, SFCHAT_PORT: String(port), ...env }, options);
    t.after(() => run.child.kill());
    return run;
  }

  const server = async () => ({
    url: `https://localhost:${port}`, dir,
    ca: await readFile(path.join(build, "localhost.pem")),
  });

  /** Checks that scripts/run failed with one line and left no process. */
  async function hasFailed({ child, ready, output }, line) {
    assert.equal(ready, false, output());
    assert.equal(child.exitCode, 1);
    assert.match(withoutWorker(output()), /^scripts\/run: .*\n$/);
    assert.match(output(), line);
    await waitGone(dir);
  }

  it("prints the site's address in one line", async (t) => {
    const { child, ready, output } = await start(t);
    assert.equal(ready, true);
    child.kill();
    await once(child, "close");
    assert.equal(withoutWorker(output()), `SFChat is at https://localhost:${port}/\n`);
  });

  it("`make run` passes on PORT and SERVE", async (t) => {
    const free = await findPort();
    const { child, ready, output } = await start(t, {}, {
      cwd: root, command: ["make", "run", `PORT=${free}`, "SERVE=scgi",
        "NO_INSTALL=1", `BUILD=${build}`, `STORE=${storeKind}`],
    });
    assert.equal(ready, true, output());
    const words = (await findProcesses({ dir })).map(({ name }) => name);
    assert.equal(words.filter((name) => /\0--scgi\0/.test(name)).length, 5);
    child.kill();
    await once(child, "close");
    assert.match(output(), new RegExp(`^SFChat is at https://localhost:${free}/$`, "m"));
    await waitGone(dir);
  });

  it("runs, again and again, the job that closes old chats", async (t) => {
    const { output } = await start(t, { SFCHAT_SCHEDULE_SECONDS: "1" });
    await waitFor(async () => /job 2, terminate: done/.test(output()), "a second job is done");
  });

  for (const signal of ["SIGINT", "SIGTERM"]) {
    it(`${signal} stops every process, also waiting polls`, async (t) => {
      const { child, output } = await start(t, {}, { detached: true });
      const [alice, bob] = await meet(await server());
      const polls = Promise.allSettled([alice.poll(), bob.poll()]);
      await waitPolls(await server(), 2);
      process.kill(-child.pid, signal);
      await once(child, "close");
      await polls;
      assert.deepEqual(await findProcesses({ dir }), []);
      assert.equal(child.exitCode, 0);
      assert.match(withoutWorker(output()), /^SFChat is at .*\n$/);
    });
  }

  it("a runtime directory that was set is kept", async (t) => {
    const { child } = await start(t);
    child.kill();
    await once(child, "close");
    await access(dir);
  });

  it("the default runtime directory is private, and is removed", async (t) => {
    if (obstacle) return skip(t, obstacle);
    const place = `/dev/shm/sfchat-${NOBODY}`;
    const { child, ready, output } = await start(t, {
      SFCHAT_RUNTIME_DIR: "", SFCHAT_CERT: await lendCertificate(t),
    }, nobody);
    assert.equal(ready, true, output());
    const { mode, uid } = await stat(place);
    assert.deepEqual([mode & 0o777, uid], [0o700, NOBODY]);
    child.kill();
    await once(child, "close");
    await assert.rejects(access(place));
    await waitGone(place);
  });

  it("chats in the default runtime directory outlive SIGKILL", async (t) => {
    if (obstacle) return skip(t, obstacle);
    const place = `/dev/shm/sfchat-${NOBODY}`;
    const env = { SFCHAT_RUNTIME_DIR: "", SFCHAT_CERT: await lendCertificate(t) };
    const first = await start(t, env, nobody);
    t.after(() => rm(place, { recursive: true, force: true }));
    assert.equal(first.ready, true, first.output());
    const [alice, bob] = await meet(await server());
    await alice.send("still here");
    first.child.kill("SIGKILL");
    const second = await start(t, env, nobody);
    assert.equal(second.ready, true, second.output());
    bob.server = await server();
    assert.deepEqual(texts(await bob.look()), ["still here"]);
    second.child.kill();
    await once(second.child, "close");
    assert.doesNotMatch(second.output(), /Redis cannot/);
    await assert.rejects(access(place));
  });

  it("SIGKILL ends the server too", async (t) => {
    const { child } = await start(t);
    child.kill("SIGKILL");
    await once(child, "close");
    await waitGone(dir);
  });

  it("starts again in the directory where it was killed", async (t) => {
    const first = await start(t);
    first.child.kill("SIGKILL");
    await once(first.child, "close");
    await waitGone(dir);
    const second = await spawnRun(
      { SFCHAT_RUNTIME_DIR: dir, SFCHAT_PORT: String(port) });
    t.after(() => second.child.kill());
    assert.equal(second.ready, true, second.output());
  });

  it("ends, and keeps the chats, when its terminal is closed", async (t) => {
    const { child, ready, output } = await start(t, {}, {
      command: ["script", "-qec", path.join(root, "scripts/run"), "/dev/null"],
    });
    assert.equal(ready, true, output());
    child.kill("SIGKILL");
    await waitGone(dir);
    await access(path.join(dir, "deflate"));
  });

  for (const name of ["SFCHAT_PORT", "SFCHAT_HTTP_PORT"]) {
    it(`a ${name} that another process uses is reported`, async (t) => {
      const other = net.createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      t.after(() => other.close());
      const { port: taken } = other.address();
      await hasFailed(await start(t, { [name]: String(taken) }),
        new RegExp(`127\\.0\\.0\\.1:${taken} is taken`));
    });
  }

  it("an address that is not this machine's is reported", async (t) => {
    await hasFailed(await start(t, { SFCHAT_BIND: "192.0.2.1" }),
      /no such address/);
  });

  it("a second server in the same directory is refused", async (t) => {
    await start(t);
    const second = await spawnRun(
      { SFCHAT_RUNTIME_DIR: dir, SFCHAT_PORT: String(await findPort()) });
    assert.equal(second.ready, false);
    assert.match(second.output(), /^scripts\/run: .*another SFChat runs.*\n$/);
    await access(dir);
  });

  it("a port that the user may not use is reported", async (t) => {
    const least = await readFile(
      "/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8");
    if (obstacle) return skip(t, obstacle);
    if (Number(least) < 1024) return skip(t, "everybody may use every port");
    await hasFailed(await start(t, {
      SFCHAT_PORT: "1023", SFCHAT_CERT: await lendCertificate(t),
    }, nobody), /no right to use 127\.0\.0\.1:1023/);
  });

  it("a certificate that cannot be written is reported", async (t) => {
    if (obstacle) return skip(t, obstacle);
    await hasFailed(await start(t, { SFCHAT_BUILD: await copyBuild(t) }, nobody),
      /SFCHAT_CERT: cannot make/);
  });

  it("root without SFCHAT_USER is refused", async (t) => {
    if (process.getuid() !== 0) return skip(t, "only root can become nobody");
    await hasFailed(await start(t, { SFCHAT_USER: "" }), /SFCHAT_USER: started as root/);
    await hasFailed(await start(t, { SFCHAT_USER: "no-such-user" }),
      /SFCHAT_USER: there is no user no-such-user/);
  });

  it("SFCHAT_USER of another user is refused unless root starts the site", async (t) => {
    if (obstacle) return skip(t, obstacle);
    await hasFailed(await start(t, { SFCHAT_USER: "root" }, nobody),
      /SFCHAT_USER: only root can become root/);
  });

  it("root with SFCHAT_USER runs every process as this user, at any port", async (t) => {
    if (obstacle) return skip(t, obstacle);
    const SFCHAT_BUILD = await copyBuild(t);
    const { child, ready, output } = await start(t, {
      SFCHAT_USER: "nobody", SFCHAT_BUILD,
      SFCHAT_RUNTIME_DIR: path.join(SFCHAT_BUILD, "new"),
      SFCHAT_HTTP_PORT: String(await findPrivilegedPort()),
    });
    assert.equal(ready, true, output());
    dir = path.join(SFCHAT_BUILD, "new");
    const site = {
      url: `https://localhost:${port}`, dir,
      ca: await readFile(path.join(SFCHAT_BUILD, "localhost.pem")),
    };
    const [alice, bob] = await meet(site);
    const poll = alice.poll();
    await waitPolls(site, 1);
    for (const { pid, name } of [...await findProcesses(site),
      ...findChildren(child.pid).map((pid) => ({ pid, name: readName(pid) }))]) {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      if (status === "") continue;
      assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m, name);
      assert.match(status, /^Groups:\t65534 $/m, name);
    }
    await bob.send("Hi");
    assert.deepEqual(texts(await poll), ["Hi"]);
    child.kill();
    await once(child, "close");
    await waitGone(dir);
  });

  it("root reads the file of settings; SFCHAT_USER has to be able to read it", async (t) => {
    if (obstacle) return skip(t, obstacle);
    const SFCHAT_CERT = await lendCertificate(t);
    const file = path.join(path.dirname(SFCHAT_CERT), "sfchat.conf");
    const redis = "SFCHAT_REDIS=redis://:a-password@127.0.0.1:1";
    await writeFile(file, `SFCHAT_USER=nobody\n${redis}\n`, { mode: 0o600 });
    const env = {
      SFCHAT_CONF: file, SFCHAT_CERT, SFCHAT_RUNTIME_DIR: path.join(path.dirname(file), "run"),
    };
    await chmod(path.dirname(file), 0o755);
    const options = { before: ["env", "-u", "SFCHAT_USER"] };
    await hasFailed(await start(t, env, options), /SFCHAT_USER: nobody may not read .*sfchat.conf/);
    await chown(file, NOBODY, NOBODY);
    const { child, ready, output } = await start(t, env, options);
    assert.equal(ready, true, output());
    const processes = await findProcesses({ dir: env.SFCHAT_RUNTIME_DIR });
    assert.ok(processes.some(({ env: lines }) => lines.includes(redis)));
    for (const { pid, name } of processes) {
      assert.doesNotMatch(name, /a-password/);
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      if (status) assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m, name);
    }
    child.kill();
    await once(child, "close");
    assert.doesNotMatch(output(), /a-password/);
  });

  it("a certificate that cannot be read is reported", async (t) => {
    if (obstacle) return skip(t, obstacle);
    const certificate = await lendCertificate(t);
    await chown(certificate, 0, 0);
    await hasFailed(await start(t, { SFCHAT_CERT: certificate }, nobody),
      /SFCHAT_CERT: cannot read/);
  });

  it("a runtime directory of another user is refused", async (t) => {
    if (obstacle) return skip(t, obstacle);
    const certificate = await lendCertificate(t);
    await hasFailed(await start(t, {
      SFCHAT_RUNTIME_DIR: path.dirname(certificate),
      SFCHAT_CERT: certificate,
    }, nobody), /SFCHAT_RUNTIME_DIR: .* is not ours/);
  });

  it("a runtime directory that cannot be made is reported", async (t) => {
    await hasFailed(await start(t, { SFCHAT_RUNTIME_DIR: "/proc/sfchat" }),
      /SFCHAT_RUNTIME_DIR: cannot make/);
  });
});

describe("scripts/install", () => {
  const script = path.join(root, "scripts/install");
  let dir;
  before(async () => {
    dir = await mkdtemp("/tmp/sfchat-test-");
    await chmod(dir, 0o755);
  });
  after(() => rm(dir, { recursive: true }));

  /**
   * Runs scripts/install where only these commands and a few standard ones exist.
   * `commands` maps the name of each command to the text of its script.
   */
  async function install(names, commands, { env = {}, ...options } = {}) {
    const bin = await mkdtemp(path.join(dir, "bin-"));
    await chmod(bin, 0o755);
    for (const name of [
      "bash", "cat", "chmod", "comm", "find", "flock", "grep", "id", "ln", "mkdir",
      "mktemp", "node", "rm", "sed", "sh", "sort", "touch",
    ].filter((name) => !(name in commands))) {
      const { stdout } = spawnSync("/bin/sh", ["-c", `command -v ${name}`]);
      await symlink(String(stdout).trim(), path.join(bin, name));
    }
    for (const [name, text] of Object.entries(commands)) {
      await writeFile(path.join(bin, name), `#!/bin/sh\n${text}\n`,
        { mode: 0o755 });
    }
    const { status, stdout, stderr } = spawnSync(script, names,
      { env: { PATH: bin, ...env }, encoding: "utf8", ...options });
    return { status, stdout, stderr };
  }

  /** Debian's commands on a machine where two packages are missing. */
  const debian = {
    "dpkg-query": 'case $4 in openssl | gcc) echo "no packages found" >&2;' +
      " exit 1 ;; esac; printf installed",
    "apt-get": "echo apt-get was called; exit 1",
  };

  it("prints nothing when no package is missing", async () => {
    assert.deepEqual(
      await install(["run"], { ...debian, "dpkg-query": "printf installed" }),
      { status: 0, stdout: "", stderr: "" });
  });

  it("NO_INSTALL=1 names the missing packages and installs none", async () => {
    assert.deepEqual(
      await install(["build", "run"], debian, { env: { NO_INSTALL: "1" } }), {
        status: 1, stdout: "",
        stderr: "scripts/install: missing packages: gcc openssl\n",
      });
  });

  it("a removed package that left its settings counts as missing", async () => {
    const { stderr } = await install(["openssl"],
      { ...debian, "dpkg-query": "printf config-files" },
      { env: { NO_INSTALL: "1" } });
    assert.match(stderr, /missing packages: openssl\n$/);
  });

  it("a system that is not Debian is refused", async () => {
    assert.deepEqual(await install(["run"], {}), {
      status: 1, stdout: "", stderr: "scripts/install: this is not Debian: " +
        "install by hand the packages that the README names\n",
    });
  });

  /**
   * Installs a package with a service on a machine that has one service already.
   * The machine's file "asked" records what Debian's scripts were told about
   * each service.
   */
  async function installService() {
    const machine = await mkdtemp(path.join(dir, "machine-"));
    const policy = `${machine}/usr/sbin/policy-rc.d`;
    const place = (name) => `mkdir -p etc/init.d etc/rc2.d etc/systemd/system/x.wants
      touch etc/init.d/${name} etc/rc2.d/S01${name}
      ln -s /${name} etc/systemd/system/x.wants/${name}.service`;
    spawnSync("sh", ["-ec", `mkdir -p usr/sbin run/lock; ${place("old")}`],
      { cwd: machine });
    const { status, stderr } = await install(["openssl"], {
      ...debian, "apt-cache": "", id: "echo 0",
      "update-rc.d": `echo "$@" >>${machine}/asked`,
      "apt-get": `cd ${machine}; ${place("new")}
        for name in old new; do
          ${policy} $name start || echo "$name refused" >>asked
        done`,
    }, { env: { SFCHAT_INSTALL_ROOT: machine } });
    assert.equal(status, 0, stderr);
    return { machine, policy };
  }

  it("a service that comes with a package is neither started nor enabled",
    async () => {
      const { machine, policy } = await installService();
      assert.equal(await readFile(`${machine}/asked`, "utf8"),
        "new refused\nnew disable\n");
      assert.deepEqual(await readdir(`${machine}/etc/systemd/system/x.wants`),
        ["old.service"]);
      await assert.rejects(access(policy));
    });

  it("a user who is not root installs by sudo, after a message", async (t) => {
    if (obstacle) return skip(t, obstacle);
    const { status, stdout } = await install(["build", "run"],
      { ...debian, sudo: 'echo "sudo ${1##*/} $2 $3 $4"' }, nobody);
    assert.equal(status, 0);
    assert.equal(stdout, "Missing packages, to be installed by sudo: " +
      "gcc openssl\nsudo install gcc openssl \n");
  });

  it("a user who is not root and has no sudo is told so", async (t) => {
    if (obstacle) return skip(t, obstacle);
    assert.deepEqual(await install(["run"], debian, nobody), {
      status: 1, stdout: "", stderr: "scripts/install: not root and no sudo, " +
        "so cannot install packages: openssl\n",
    });
  });
});
