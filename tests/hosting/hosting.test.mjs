// SPDX-License-Identifier: BSD-3-Clause
//
// Follows docs/HOSTING.md to the letter on a new Debian system: every command of the
// page is typed as it stands, in its order. Between the commands, two people chat, and
// each part of the page has to keep what it promises. Then README, "Run it", on a second
// new system. DEBIAN is the version of Debian.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import tls from "node:tls";
import { after, before, describe, it } from "node:test";

import { meet, texts } from "../lib/chat.mjs";
import { atEnd, execute, waitFor } from "../lib/children.mjs";
import { build, request, root } from "../lib/server.mjs";
import { directory, startAuthority } from "./authority.mjs";
import { Machine } from "./machine.mjs";

const HOST = "chat.example.org";
const REPOSITORY = "https://git.example.org/sfchat.git";

const debian = process.env.DEBIAN ?? "12";
const dir = path.join(build, `hosting-${debian}`);
const shared = path.join(dir, "shared");
const bare = path.join(shared, "sfchat.git");

/** @returns {Promise<string>} what a command of this machine prints */
async function must(file, ...args) {
  const { code, stdout, stderr } = await execute(file, args, {});
  assert.equal(code, 0, `${file} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/**
 * Reads the blocks of commands of a page: indented lines behind an empty line.
 *
 * @param {string} file
 * @returns {Promise<Map<string, string[]>>} the blocks below each heading
 */
async function readBlocks(file) {
  const text = await readFile(path.join(root, file), "utf8");
  const parts = new Map();
  for (const part of text.split(/^## /m).slice(1)) {
    const blocks = part.match(/(?<=\n\n)(?: {4}.*\n+)+/g) ?? [];
    parts.set(part.split("\n")[0], blocks.map((block) => block.replace(/^ {4}/gm, "")));
  }
  return parts;
}

/** Makes a repository of what is committed here: the one that the pages name. */
async function publish() {
  await must("git", "clone", "--quiet", "--bare", root, bare);
  await must("chmod", "-R", "a+rX", shared);
}

/** Publishes a new version. Returns its name. */
async function publishNext() {
  const clone = path.join(dir, "clone");
  const git = (...args) => must("git", "-C", clone, ...args);
  await must("git", "clone", "--quiet", bare, clone);
  const now = (await readFile(path.join(clone, "VERSION"), "utf8")).trim();
  const next = `${now}.1`;
  await writeFile(path.join(clone, "VERSION"), `${next}\n`);
  await git("-c", "user.name=Test", "-c", "user.email=test@example.org",
    "commit", "--quiet", "--all", "--message=test: make a new version");
  await git("push", "--quiet");
  return next;
}

/** A new system on which commands can find the repository and the authority. */
async function makeMachine(name) {
  const machine = new Machine(debian, path.join(dir, name), shared);
  await machine.create();
  const home = path.join(machine.root, "root");
  await writeFile(path.join(home, ".gitconfig"),
    `[url "file:///srv/sfchat.git"]\n\tinsteadOf = ${REPOSITORY}\n` +
    "[safe]\n\tdirectory = *\n");
  await must("mkdir", "-p", path.join(home, ".config/letsencrypt"));
  await writeFile(path.join(home, ".config/letsencrypt/cli.ini"), `server = ${directory}\n`);
  await machine.boot();
  return machine;
}

describe(`docs/HOSTING.md on Debian ${debian}`, () => {
  const undo = [];
  let machine;
  let authority;
  let parts;
  let variables;
  let site;

  before(async () => {
    await must("rm", "-rf", dir);
    await must("mkdir", "-p", shared);
    undo.push(() => must("rm", "-rf", dir));
    await publish();
    authority = await startAuthority(shared);
    undo.push(authority.stop);
    site = { url: `https://${HOST}`, ca: authority.ca };
    parts = await readBlocks("docs/HOSTING.md");
    [variables] = parts.get("1. Install");
    machine = await makeMachine("site");
    undo.push(() => machine.shutDown());
  });

  after(async () => {
    while (undo.length > 0) await undo.pop()();
  });

  /**
   * Types the blocks of a part of the page that have not been typed yet: all, or those
   * up to the block that matches `last`.
   */
  async function typePart(heading, last) {
    const blocks = parts.get(heading);
    let block;
    do {
      block = blocks?.shift();
      assert.ok(block, `docs/HOSTING.md has the commands ${last ?? ""} in "${heading}"`);
      await machine.type(block);
    } while (last ? !last.test(block) : blocks.length > 0);
  }

  /** Runs a command of the machine's root; returns what it prints. */
  async function ask(command) {
    const { code, stdout, stderr } = await machine.look(command);
    assert.equal(code, 0, `${command}: ${stdout}${stderr}`);
    return stdout;
  }

  /** @returns {Promise<string>} the serial number of the certificate in use */
  function findSerial() {
    return new Promise((resolve, reject) => {
      const socket = tls.connect(
        { host: HOST, port: 443, servername: HOST, ca: authority.ca }, () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        }).on("error", reject);
    });
  }

  /** Waits for a message as the page does: asks again if a poll fails. */
  const receive = (person, text) => waitFor(async () => {
    const reply = await person.poll().catch(() => undefined);
    if (reply?.status !== 200) {
      assert.ok(reply === undefined || reply.status >= 500, reply?.body);
      return false;
    }
    return texts(reply).includes(text);
  }, `${text} arrives`);

  /**
   * Two people chat while something is done to the site: what waits before it arrives
   * after it, a poll that goes on through it gets what is sent after it.
   */
  async function chatThrough(what) {
    const [alice, bob] = await meet(site);
    assert.equal((await alice.send("before")).status, 202);
    const waits = receive(alice, "after");
    await what();
    await receive(bob, "before");
    await waitFor(
      () => bob.send("after").then(({ status }) => status === 202, () => false),
      "a message is sent");
    await waits;
    assert.equal((await alice.close()).status, 202);
  }

  it("installs the package", async () => {
    await typePart("1. Install");
    assert.match(await ask("systemctl is-enabled sfchat"), /enabled/);
    assert.match(await ask(
      'for p in /proc/[0-9]*; do echo "$(stat -c %U $p) $(cat $p/comm)"; done'),
    /^sfchat lighttpd$/m);
  });

  it("gives the site its name", async () => {
    await typePart("2. Give it its name");
    const { stdout } = await execute(
      "curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}",
        `http://${HOST}/faq`], {});
    assert.equal(stdout, `308 https://${HOST}/faq`);
  });

  it("gets a certificate", async () => {
    await typePart("3. Get a certificate", /SFCHAT_CERT/);
    await chatThrough(async () => {});
    for (const address of ["198.51.100.80", "[2001:db8::80]"]) {
      await must("curl", "-fsS", "-o", "/dev/null", "--resolve",
        `${HOST}:443:${address}`, "--cacert", path.join(shared, "roots.pem"), `https://${HOST}/`);
    }
  });

  it("renews the certificate", async () => {
    const serial = await findSerial();
    await chatThrough(async () => {
      await typePart("3. Get a certificate");
      await waitFor(
        async () => await findSerial().catch(() => serial) !== serial,
        "the site uses the new certificate");
    });
  });

  it("shows how it is doing", async () => {
    // The machine does not know this authority, as it would know a public one.
    await ask("cp /srv/roots.pem /usr/local/share/ca-certificates/test.crt");
    await ask("update-ca-certificates");
    await typePart("4. Try it");
    const status = JSON.parse(await ask("sfchat-status --json"));
    assert.deepEqual(status.alarms, []);
  });

  it("takes a changed setting, and keeps the chats", async () => {
    await ask("echo SFCHAT_CONTACT=mailto:talk@example.org >>/etc/sfchat.conf");
    await chatThrough(() => typePart("Change a setting"));
    await waitFor(async () =>
      (await request(site, "GET", "/").catch(() => undefined))
        ?.body.includes("mailto:talk@example.org"), "the page has the new contact");
  });

  it("upgrades, and keeps the chats", async () => {
    const next = await publishNext();
    await chatThrough(() => typePart("Upgrade"));
    assert.match(await ask("sfchat-status --version"), new RegExp(`${next}$`, "m"));
  });

  it("comes back after a restart of the machine", async () => {
    await machine.shutDown();
    await machine.boot();
    await chatThrough(async () => {});
  });

  it("leaves nothing behind", async () => {
    await machine.type(variables);
    await typePart("Remove it");
    assert.equal(await ask("find / -xdev -iname '*sfchat*' " +
      "-not -path '/usr/local/src/*' -not -path '/proc/*' -not -path '/srv/*' " +
      "-not -path '/var/log/*'"), "");
    assert.equal(await ask("getent passwd sfchat; getent group sfchat; :"), "");
  });

  it("has no command that was not tried", () => {
    const left = [...parts].filter(([, blocks]) => blocks.length > 0);
    assert.deepEqual(left, []);
  });
});

// One version is enough: docs/HOSTING.md needs nearly the same packages on both.
if (debian === "13") {
  it("README runs a site on a minimal Debian", async (t) => {
    await must("mkdir", "-p", shared);
    atEnd(t, () => must("rm", "-rf", dir));
    await publish();
    const machine = await makeMachine("newcomer");
    atEnd(t, () => machine.shutDown());
    const [block] = (await readBlocks("README.md")).get("Run it");
    const run = machine.type(block);
    const answers = waitFor(async () => {
      const { stdout } = await execute("curl",
        ["-sk", "https://localhost:8443/api/v1/health.json"], {});
      return stdout.includes('"code":200');
    }, "the site answers");
    await Promise.race([answers, run]);
    await machine.look("for p in /proc/[0-9]*; do " +
      "tr '\\0' ' ' <$p/cmdline | grep -q '^/bin/bash .*scripts/run' && " +
      "kill ${p#/proc/}; done");
    await run;
  });
}
