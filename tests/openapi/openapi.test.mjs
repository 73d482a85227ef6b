// SPDX-License-Identifier: BSD-3-Clause
// docs/openapi.yaml says the same as PROTOCOL, and schemathesis finds that a
// running site does what the document says. hooks.py has the chats of its
// requests; schemathesis.toml says which replies it accepts.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { build, root, startServer } from "../lib/server.mjs";

const HERE = path.join(root, "tests/openapi");
const PYTHON = path.join(build, "python/bin/python");
const DOCUMENT = path.join(root, "docs/openapi.yaml");
const EXAMPLES = process.env.SFCHAT_EXAMPLES || "20";
const SEED = process.env.SFCHAT_SEED || "1";
const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];

/** The folder in which schemathesis runs and keeps its files. */
const work = path.join(build, "openapi");

/** Reads the document anew, so that a test may change it. */
function readDocument() {
  return JSON.parse(execFileSync(PYTHON, ["-c",
    "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"],
  { input: execFileSync("cat", [DOCUMENT]) }));
}

/** Returns the rows of the tables of a section of PROTOCOL, as lists of cells. */
async function readRows(heading) {
  const text = await readFile(path.join(root, "docs/PROTOCOL.md"), "utf8");
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `PROTOCOL has no section ${heading}`);
  return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row]) => row.split(" | "));
}

/** Lists the operations of a document: "GET /messages.json" and its object. */
function listOperations(document) {
  return Object.entries(document.paths).flatMap(([where, item]) =>
    METHODS.filter((method) => item[method]).map((method) =>
      ({ name: `${method.toUpperCase()} ${where}`, operation: item[method] })));
}

/** Tests a document against the server, and returns the end of schemathesis. */
async function runSchemathesis(server, document, ...options) {
  const st = path.join(path.dirname(PYTHON), "st");
  const url = `${server.url}/api/v1`;
  const ca = path.join(build, "localhost.pem");
  const child = spawn(st, ["--no-color",
    "--config-file", path.join(HERE, "schemathesis.toml"), "run", document,
    "--url", url, "--tls-verify", ca, "--seed", SEED, ...options], {
    cwd: work,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH, LANG: "C.UTF-8", PYTHONPATH: HERE,
      PYTHONDONTWRITEBYTECODE: "1", SCHEMATHESIS_HOOKS: "hooks",
      SFCHAT_TEST_API: url, SFCHAT_TEST_CA: ca,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => { output += text; });
  }
  const [code] = await once(child, "close");
  return { code, output };
}

describe("docs/openapi.yaml", () => {
  it("has the resources, methods, tokens and successes of PROTOCOL", async () => {
    const rows = (await readRows("REST API"))
      .filter(([resource]) => resource.endsWith(".json`"));
    const said = rows.flatMap(([resource, methods, tokens, success]) =>
      methods.split(", ").map((method) =>
        `${method} /${resource.replaceAll("`", "")} ${tokens} ${success.slice(0, 3)}`));
    const found = listOperations(readDocument()).map(({ name, operation }) => {
      const success = Object.keys(operation.responses).filter((code) => code < "300");
      return `${name} ${operation.security.length > 0 ? "yes" : "no"} ${success}`;
    });
    assert.ok(said.length > 0);
    assert.deepEqual(found.sort(), said.sort());
  });

  it("has the codes of PROTOCOL and their phrases", async () => {
    const said = (await readRows("Codes")).filter(([code]) => /^[45]\d\d$/.test(code));
    const { responses } = readDocument().components;
    const found = Object.values(responses).map(({ content }) => {
      const { code, msg } = content["application/json"].schema.properties.results.properties;
      return `${code.const} ${msg.const}`;
    });
    assert.ok(said.length > 0);
    for (const [code, phrase] of said) {
      assert.ok(found.includes(`${code} ${phrase}`), `${code} ${phrase}`);
    }
  });

  it("has the events of PROTOCOL", async () => {
    const said = (await readRows("Life of a chat"))
      .map(([cell]) => /^`(\w+)`$/.exec(cell)?.[1]).filter((name) => name && name !== "event");
    const { event } = readDocument().components.schemas.SystemMessage.properties;
    assert.ok(said.length > 0);
    assert.deepEqual(event.enum.toSorted(), said.sort());
  });
});

describe("a running site", () => {
  let server;
  before(async () => {
    await mkdir(work, { recursive: true });
    server = await startServer();
  });
  after(() => server?.stop());

  it(`does what the document says (EXAMPLES=${EXAMPLES} SEED=${SEED})`, async () => {
    const { code, output } = await runSchemathesis(
      server, DOCUMENT, "--max-examples", EXAMPLES);
    console.log(output);
    assert.equal(code, 0, `to repeat: make check-openapi EXAMPLES=${EXAMPLES} SEED=${SEED}`);
    for (const phase of ["Coverage", "Fuzzing", "Stateful"]) {
      assert.match(output, new RegExp(`✅ ${phase}\n`));
    }
  });

  // Each of these changes makes the document say something wrong.
  for (const [name, operation, finding, spoil] of [
    ["a reply with a member that the document lacks", "createChat", /chatToken/,
      ({ schemas }) => {
        const { results } = schemas.CreateReply.properties;
        delete results.properties.chatToken;
        results.required.splice(results.required.indexOf("chatToken"), 1);
      }],
    ["a reply without a header of the document", "getHealth", /X-Missing/,
      ({ headers }, { paths }) => {
        paths["/health.json"].get.responses["200"].headers["X-Missing"] =
          headers.CacheControl;
      }],
    ["a status that the document lacks", "joinChat", /Undocumented status code/,
      (components, { paths }) => { delete paths["/join.json"].post.responses["400"]; }],
    ["a method that the document lacks", "receiveMessages", /unnamed_method/,
      (components, { paths }) => { delete paths["/messages.json"].delete; }],
    ["a valid request that the site refuses", "joinChat", /Schema-valid request rejected/,
      ({ schemas }) => { schemas.JoinRequest.properties.data.required = []; }],
    ["an invalid request that the site accepts", "acknowledgeMessages",
      /Schema-violating request accepted/,
      ({ schemas }) => {
        schemas.Acknowledged.properties.more = { type: "integer" };
        schemas.Acknowledged.required.push("more");
        schemas.AcknowledgedById = schemas.Acknowledged;
      }],
  ]) {
    it(`a mistake in the document is found: ${name}`, async () => {
      const document = readDocument();
      spoil(document.components, document);
      for (const { operation: { responses } } of listOperations(document)) {
        for (const response of Object.values(responses)) delete response.links;
      }
      const file = path.join(work, "mistake.json");
      await writeFile(file, JSON.stringify(document));
      const { code, output } = await runSchemathesis(server, file, "--phases", "coverage",
        "--include-operation-id", operation, "--max-failures", "1");
      assert.equal(code, 1, output);
      assert.match(output, finding);
    });
  }
});
