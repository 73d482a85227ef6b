// SPDX-License-Identifier: BSD-3-Clause
//
// Starts SFChat inside another web server than lighttpd, with the files and the
// examples of docs/hosting as they are: only paths, addresses and ports are replaced.
// Each server has its own configuration and touches no service of the machine.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync,
  rmSync, writeFileSync,
} from "node:fs";
import { access } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { waitFor } from "./children.mjs";
import { waitGone } from "./process.mjs";

const PROGRAMS = ["create", "join", "messages", "chat", "health"];

/** The modules that Debian's Apache has without `a2enmod`, of those that matter. */
const APACHE_MODULES = [
  "mpm_event", "authz_core", "alias", "dir", "env", "filter", "mime", "setenvif",
];

/**
 * @typedef {object} Site
 * @property {string} root   a copy of docs/hosting and of what make has built
 * @property {string} dir    the runtime directory
 * @property {string} web   the folder of the socket of lighttpd
 * @property {number} port
 * @property {number} behind  the port of lighttpd, if the server is its proxy
 * @property {Record<string, string>} env  the settings
 * @property {string} user   of the web server and the programs
 * @property {{uid?: number, gid?: number}} ids  the same for spawn()
 */

/** Reads the example of docs/hosting/README.md that begins with "# NAME". */
function readExample(/** @type {Site} */ site, name) {
  const page = readFileSync(`${site.root}/docs/hosting/README.md`, "utf8");
  const found = new RegExp(`^# ${name}\n([^]*?)^\`\`\`$`, "m").exec(page);
  if (!found) throw new Error(`docs/hosting/README.md has no example ${name}`);
  return found[1]
    .replace("access_log off;  # or: ", "")
    .replace("/var/log/nginx/sfchat.log", `${site.dir}/access.log`)
    .replaceAll("/usr/local/share/doc/sfchat", `${site.root}/docs`)
    .replaceAll("/usr/local/lib/sfchat", `${site.root}/build`)
    .replaceAll("/var/lib/sfchat/pages/current", `${site.root}/build`)
    .replaceAll("/run/sfchat-web", site.web)
    .replaceAll(/\/run\/sfchat(-api)?/g, site.dir)
    .replaceAll("/etc/ssl/sfchat", `${site.root}/localhost`)
    .replaceAll("chat.example.org:443", `localhost:${site.port}`)
    .replaceAll("chat.example.org", "localhost")
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${site.behind}`)
    .replace(/(?:\*?:)?\b443\b/g, `127.0.0.1:${site.port}`);
}

/** Reads the modules that the page tells an operator to enable. */
function readModules(/** @type {Site} */ site) {
  const page = readFileSync(`${site.root}/docs/hosting/README.md`, "utf8");
  return [...page.matchAll(/^ {4}a2enmod ([^#\n]*)/gm)]
    .flatMap(([, names]) => names.trim().split(/\s+/));
}

const apache = (name) => (/** @type {Site} */ site) => {
  const modules = [...APACHE_MODULES, ...readModules(site), "proxy"];
  const wanted = modules.sort((a) => (a === "proxy" ? -1 : 0)).filter((module) =>
    !(name === "apache-scgi" ? /cgid/ : /proxy/).test(module));
  writeFileSync(`${site.dir}/apache.conf`, [
    `ServerRoot ${site.dir}`, "ServerName localhost", "ServerTokens Prod",
    ...wanted.map((module) =>
      `LoadModule ${module}_module /usr/lib/apache2/modules/mod_${module}.so`),
    `Listen 127.0.0.1:${site.port} https`, `PidFile ${site.dir}/pid`,
    ...(name === "apache-scgi" ? [] : [`ScriptSock ${site.dir}/cgid`]),
    `ErrorLog ${site.dir}/error.log`, "TypesConfig /dev/null", "TraceEnable off",
    `User ${site.user}`, `Group ${site.user}`,
    `Define SFCHAT_ACCESS_LOG ${site.dir}/access.log`, readExample(site, name),
  ].join("\n"));
  return ["/usr/sbin/apache2", "-DFOREGROUND", "-f", `${site.dir}/apache.conf`];
};

const nginx = (name) => (/** @type {Site} */ site) => {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${site.dir}/nginx-${kind};`);
  writeFileSync(`${site.dir}/nginx.conf`, [
    "daemon off;", ...(site.ids.uid ? [`user ${site.user};`] : []),
    `pid ${site.dir}/pid;`, "error_log stderr;", "events {}",
    "http {", ...temporary, readExample(site, name), "}",
  ].join("\n"));
  return ["/usr/sbin/nginx", "-e", "stderr", "-c", `${site.dir}/nginx.conf`];
};

const startCaddy = (/** @type {Site} */ site) => {
  // Only the first two lines keep the test from ports that are not its own.
  writeFileSync(`${site.dir}/Caddyfile`, readExample(site, "caddy")
    .replace("{\n", "{\n\tadmin off\n\tauto_https disable_redirects\n")
    .replace("\ttls ", "\tbind 127.0.0.1\n\ttls "));
  return ["/usr/bin/env", `XDG_DATA_HOME=${site.dir}`, `XDG_CONFIG_HOME=${site.dir}`,
    `SFCHAT_SITE=127.0.0.1:${site.behind}`,
    "/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", `${site.dir}/Caddyfile`];
};

const startHaproxy = (/** @type {Site} */ site) => {
  writeFileSync(`${site.dir}/haproxy.cfg`, readExample(site, "haproxy"));
  return ["/usr/sbin/haproxy", "-db", "-f", `${site.root}/docs/hosting/haproxy.cfg`,
    "-f", `${site.dir}/haproxy.cfg`];
};

/**
 * @typedef {object} Traits
 * @property {string} [name]  the header Server; without it there is no such header
 * @property {string[]} encodings  in which pages are compressed
 * @property {boolean} noticesCancel  a poll ends when its HTTP/2 stream is cancelled,
 *   while the connection stays
 */

const APACHE = { name: "Apache", encodings: ["br", "gzip"], noticesCancel: false };
const NGINX = { name: "nginx", encodings: ["gzip"], noticesCancel: true };
const PROXY = { name: undefined, encodings: ["br", "gzip"], noticesCancel: true };

/**
 * @type {Record<string, {serve: "cgi" | "scgi" | "fcgiwrap" | "uwsgi" | "proxy", traits: Traits,
 *   below?: string, socket?: boolean, start: (site: Site) => string[]}>}  start: writes
 *   the configuration and returns the command; serve: proxy of lighttpd; below: the path
 *   of the site; socket: lighttpd listens at a Unix socket
 */
export const fronts = {
  "apache-cgi": { serve: "cgi", traits: APACHE, start: apache("apache-cgi") },
  "apache-scgi": { serve: "scgi", traits: APACHE, start: apache("apache-scgi") },
  "nginx-scgi": { serve: "scgi", traits: NGINX, start: nginx("nginx-scgi") },
  "nginx-fcgiwrap": {
    serve: "fcgiwrap", traits: NGINX, start: nginx("nginx-fcgiwrap"),
  },
  "nginx-uwsgi": {
    serve: "uwsgi", traits: { ...NGINX, noticesCancel: false },
    start: nginx("nginx-uwsgi"),
  },
  "nginx-proxy": {
    serve: "proxy", traits: { ...PROXY, name: "nginx" }, start: nginx("nginx-proxy"),
  },
  "nginx-socket": {
    serve: "proxy", socket: true, traits: { ...PROXY, name: "nginx" },
    start: nginx("nginx-socket"),
  },
  "nginx-below": {
    serve: "proxy", below: "/chat", traits: { ...PROXY, name: "nginx" },
    start: nginx("nginx-below"),
  },
  caddy: { serve: "proxy", traits: PROXY, start: startCaddy },
  haproxy: { serve: "proxy", traits: PROXY, start: startHaproxy },
};

/** Makes the copy that a web server's user can read, wherever the tree is. */
function stageTree(root, build, ids) {
  const stage = mkdtempSync(path.join(os.tmpdir(), "sfchat-hosting-"));
  process.on("exit", () => rmSync(stage, { recursive: true, force: true }));
  mkdirSync(`${stage}/build/lmdb`, { recursive: true });
  for (const name of ["html", "site.apache.conf", "site.nginx.conf", "lmdb/cgi-bin"]) {
    cpSync(path.join(build, name), `${stage}/build/${name}`, { recursive: true });
  }
  cpSync(path.join(root, "docs/hosting"), `${stage}/docs/hosting`, { recursive: true });
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-keyout", `${stage}/localhost.key`, "-out", `${stage}/localhost.crt`,
  ], { stdio: "ignore" });
  writeFileSync(`${stage}/localhost.pem`, ["crt", "key"].map(
    (name) => readFileSync(`${stage}/localhost.${name}`, "utf8")).join(""));
  execFileSync("chmod", ["-R", "a+rX", stage]);
  if (ids.uid) chownSync(`${stage}/localhost.key`, ids.uid, ids.gid);
  return stage;
}

/** @returns {{user: string, ids: {uid?: number, gid?: number}}} */
function chooseUser() {
  // No web server serves requests as root.
  if (process.getuid() !== 0) return { user: os.userInfo().username, ids: {} };
  const ask = (flag) => Number(execFileSync("id", [flag, "www-data"]));
  return { user: "www-data", ids: { uid: ask("-u"), gid: ask("-g") } };
}

let stage;

/** Starts the programs of a front by SCGI, or lighttpd with them. */
async function startPrograms({ serve, below = "", socket }, site, start) {
  const isThere = (file) => access(file).then(() => true, () => false);
  if (serve === "scgi") {
    for (const program of PROGRAMS) {
      const socket = `${site.dir}/${program}.sock`;
      start([`${site.root}/build/lmdb/cgi-bin/${program}`, "--scgi", socket], site.ids);
      await waitFor(() => isThere(socket), `${program} listens`);
    }
  }
  if (serve === "fcgiwrap") {
    const socket = `${site.dir}/fcgiwrap.sock`;
    // Its workers outlive it, so it leads a group of processes.
    start(["/usr/sbin/fcgiwrap", "-c", "100", "-s", `unix:${socket}`],
      { ...site.ids, detached: true });
    await waitFor(() => isThere(socket), "fcgiwrap listens");
  }
  if (serve === "uwsgi") {
    start(["/usr/bin/uwsgi", "--ini", `${site.root}/docs/hosting/uwsgi.ini`],
      { ...site.ids, env: { ...site.env, SFCHAT_PROGRAMS: `${site.root}/build/lmdb/cgi-bin` } });
    await waitFor(() => isThere(`${site.dir}/uwsgi.sock`), "uwsgi listens");
  }
  if (serve === "proxy") {
    start([path.join(site.source, "scripts/run")], {
      env: {
        ...site.env, SFCHAT_BUILD: site.build, SFCHAT_PORT: String(site.behind),
        SFCHAT_TLS: "off", SFCHAT_TRUSTED_PROXY: socket ? "unix" : "127.0.0.1",
        ...(socket ? { SFCHAT_BIND: `unix:${site.web}/site.sock` } : {}),
        ...(site.ids.uid ? { SFCHAT_USER: "root" } : {}),
        SFCHAT_PUBLIC_URL: `https://localhost:${site.port}${below}`,
      },
    });
  }
}

/**
 * Starts the programs, if the web server needs them, and the web server.
 *
 * @param {string} name  of `fronts`
 * @param {{root: string, build: string, port: number, behind: number, dir: string,
 *   env: Record<string, string>, ready: (ca: Buffer) => Promise<boolean>}} place
 *   dir: an empty folder, which becomes the runtime directory; ready: returns
 *   whether the site answers
 * @returns {Promise<{ca: Buffer, pid: number, log: () => string,
 *   stop: () => Promise<void>, stopBehind: () => Promise<void>}>}  stopBehind: ends
 *   all but the web server
 */
export async function startFront(name, { ready, ...place }) {
  const { user, ids } = chooseUser();
  stage ??= stageTree(place.root, place.build, ids);
  const { dir, env } = place;
  const front = fronts[name];
  chmodSync(dir, 0o700);
  if (ids.uid && front.serve !== "proxy") chownSync(dir, ids.uid, ids.gid);
  const web = mkdtempSync("/dev/shm/sfchat-web-");
  chmodSync(web, 0o2750);
  if (ids.uid) chownSync(web, 0, ids.gid);
  const site = { ...place, source: place.root, root: stage, web, user, ids };
  const children = [];
  let output = "";
  const start = ([file, ...args], options) => {
    const child = spawn(file, args,
      { env, stdio: ["ignore", "pipe", "pipe"], ...options });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => { output += text; });
    }
    children.push({ child, signalled: options.detached ? -child.pid : child.pid });
    return child;
  };
  const signal = ({ child, signalled }) => {
    if (child.exitCode === null && child.signalCode === null) {
      process.kill(signalled, "SIGTERM");
    }
  };
  const kill = () => children.forEach(signal);
  process.on("exit", kill);
  const end = async (started) => {
    const { child } = started;
    if (child.exitCode !== null || child.signalCode !== null) return;
    signal(started);
    await once(child, "exit");
  };
  const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const log = () => output + read(`${dir}/error.log`) + read(`${dir}/access.log`);
  await startPrograms(front, site, start);
  const server = start(front.start(site), {});
  const ca = readFileSync(`${stage}/localhost.crt`);
  await waitFor(async () => {
    if (children.some(({ child }) => child.exitCode !== null)) {
      throw new Error(`${name} has ended:\n${log()}`);
    }
    return ready(ca);
  }, `${name} answers`);
  const stopBehind = () => Promise.all(children.slice(0, -1).map(end));
  const stop = async () => {
    process.off("exit", kill);
    await end(children[children.length - 1]);
    await stopBehind();
    await waitGone(dir);
    rmSync(web, { recursive: true });
  };
  return { ca, pid: server.pid, log, stop, stopBehind };
}
