// SPDX-License-Identifier: BSD-3-Clause
//
// A new minimal Debian system, with systemd, in a container that shares the network of
// this process. Must not know what runs in it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";

import { execute, waitFor } from "../lib/children.mjs";

/** What a version of Debian is called. */
const SUITES = { 12: "bookworm", 13: "trixie" };

/**
 * The longest that a block of commands may take. It proves nothing about speed: a
 * block that reaches it has hung.
 */
const BLOCK_MS = 1_200_000;

/** Behind a block of commands, so that its end can be seen. */
const MARK = "-- this block has succeeded --";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export class Machine {
  #container;
  #pid = 0;
  #shell;
  #shellEnds;

  /**
   * @param {string} debian  the version: 12 or 13
   * @param {string} root    the folder that becomes the machine's root
   * @param {string} shared  a folder of this process, which the machine sees, and
   *   cannot change, at /srv
   */
  constructor(debian, root, shared) {
    Object.assign(this, { debian, root, shared });
  }

  /** Makes the system anew. */
  async create() {
    await this.remove();
    await mkdir(path.dirname(this.root), { recursive: true });
    const { code, stderr } = await execute("mmdebstrap", [
      "--variant=minbase", "--include=systemd-sysv", SUITES[this.debian],
      this.root, "http://deb.debian.org/debian",
    ], { PATH, TMPDIR: "/tmp" });
    assert.equal(code, 0, stderr);
  }

  async remove() {
    await rm(this.root, { recursive: true, force: true });
  }

  /** Starts the system, and waits until systemd has started everything. */
  async boot() {
    // In the other mode a new systemd does not start.
    const env = { PATH, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1" };
    this.#container = spawn("systemd-nspawn", [
      "--quiet", `--directory=${this.root}`, "--boot", "--register=no", "--keep-unit",
      "--kill-signal=SIGRTMIN+3", "--resolv-conf=replace-host",
      "--bind-ro=/etc/hosts", `--bind-ro=${this.shared}:/srv`,
    ], { env, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    this.#container.stderr.on("data", (text) => { errors += text; });
    const { pid } = this.#container;
    await waitFor(async () => {
      assert.equal(this.#container.exitCode, null, errors);
      this.#pid = Number(
        readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
      if (this.#pid === 0) return false;
      const { stdout } = await this.look("systemctl is-system-running --wait");
      return /running|degraded/.test(stdout);
    }, "the machine runs");
  }

  /** Ends the system as an operator does, when the last block of commands has ended. */
  async shutDown() {
    if (!this.#container) return;
    // The end of the system would stop nsenter(1), which would then wait for ever.
    this.#shell?.stdin.end();
    await this.#shellEnds;
    this.#shell = undefined;
    this.#container.kill("SIGTERM");
    await once(this.#container, "close");
    this.#container = undefined;
  }

  #enter(...command) {
    return ["-t", String(this.#pid), "-a", "env", "-i", "HOME=/root", `PATH=${PATH}`,
      "DEBIAN_FRONTEND=noninteractive", "REQUESTS_CA_BUNDLE=/srv/authority.pem",
      ...command];
  }

  /**
   * Runs a command in a shell of its own.
   *
   * @param {string} command
   * @returns {Promise<{code: number | null, stdout: string, stderr: string}>}
   */
  look(command) {
    return execute("nsenter", this.#enter("sh", "-c", command), { PATH });
  }

  /**
   * Types a block of commands into the shell of the operator, which remembers
   * variables and the folder from block to block. Throws if a command fails.
   *
   * @param {string} block
   * @returns {Promise<string>} all that the commands have written
   */
  async type(block) {
    if (!this.#shell) {
      this.#shell = spawn("nsenter", this.#enter("bash"), { stdio: "pipe" });
      this.#shell.stdin.write("exec 2>&1; cd; set -e\n");
      this.#shellEnds = once(this.#shell, "exit").then(() => false);
    }
    const shell = this.#shell;
    assert.equal(shell.exitCode, null, "the shell has ended with an earlier command");
    let output = "";
    const timer = setTimeout(() => shell.kill("SIGKILL"), BLOCK_MS);
    const succeeds = new Promise((resolve) => {
      shell.stdout.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (output.includes(MARK)) resolve(true);
      });
    });
    shell.stdin.write(`{ ${block}\n} </dev/null\necho; echo '${MARK}'\n`);
    const isDone = await Promise.race([succeeds, this.#shellEnds]);
    clearTimeout(timer);
    shell.stdout.removeAllListeners("data");
    if (!isDone) {
      const { stdout } = await this.look("journalctl --no-pager --lines=50");
      throw new Error(`these commands failed:\n${block}\n\n${output}\n${stdout}`);
    }
    return output.replace(MARK, "");
  }
}
