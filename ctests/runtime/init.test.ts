// blockon init: what it writes, what it refuses, and that each template's Worker answers and passes its own tests.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { commandEnd } from "./lib/command_end.ts";
import { ServeProcess } from "./lib/serve_process.ts";

/** What a template's Worker answers at "/". */
const answers: { readonly [template: string]: RegExp } = {
  hello: /^Hello from Python\n$/,
  api: /^\[\]$/,
  websocket: /^<!doctype html>/,
  queue: /^It will be done\.\n$/,
  cron: /^no report yet\n$/,
  requests: /^http:\/\/127\.0\.0\.1:1\/: ConnectionError\n$/,
  flask: /^\{"message":"Hello from Flask"\}/,
  fastapi: /^\{"message":"Hello from FastAPI"\}/,
};
const targets: { readonly [template: string]: string } = {
  requests: "/?url=http://127.0.0.1:1/",
  api: "/notes",
};

describe("blockon init", () => {
  let root = "";

  before(() => {
    root = mkdtempSync(path.join(os.tmpdir(), "blockon-init-"));
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  const listed = (folder: string): string[] =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(path.join(root, folder), path.join(entry.parentPath, entry.name)))
      .sort();

  it("writes a Worker of the folder's name and tells the next two commands", async () => {
    const { code, out, err } = await commandEnd(["init", "first"], root);
    assert.deepEqual([code, err], [0, ""]);
    assert.deepEqual(listed("first"), [".gitignore", "src/entry.py", "tests/test_entry.py", "wrangler.toml"]);
    const { name, warnings, secretFiles } = readWorkerConfig(path.join(root, "first"));
    assert.deepEqual({ name, warnings, secretFiles }, { name: "first", warnings: [], secretFiles: [] });
    assert.deepEqual(out.match(/blockon \w+ first/g), ["blockon dev first", "blockon test first"]);
  });

  it("overwrites nothing, and names what is there", async () => {
    const file = path.join(root, "taken", "src", "entry.py");
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, "mine");
    writeFileSync(path.join(root, "taken", "wrangler.json"), "{}");
    const { code, out, err } = await commandEnd(["init", "taken"], root);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /taken: src\/entry\.py, wrangler\.json are there already, and nothing was written/);
    assert.equal(readFileSync(file, "utf8"), "mine");
    assert.deepEqual(listed("taken"), ["src/entry.py", "wrangler.json"]);
  });

  it("refuses names that no Worker has, files, and templates that there are not", async () => {
    writeFileSync(path.join(root, "wrangler.toml"), "");
    const results = await Promise.all([
      commandEnd(["init", "--name", "a b", "named"], root),
      commandEnd(["init", "ärger"], root),
      commandEnd(["init", "wrangler.toml", "--name", "x"], root),
      commandEnd(["init", "other", "--template", "cobol"], root),
    ]);
    assert.deepEqual(
      results.map(({ code }) => code),
      [2, 2, 1, 2],
    );
    const [name, folder, file, template] = results.map(({ err }) => err) as [string, string, string, string];
    assert.match(name, /^blockon: --name: "a b": .*Give one, as --name my-worker\.\n$/);
    assert.match(folder, /^blockon: --name: the folder's name, "ärger", is none for a Worker: /);
    assert.match(file, /wrangler\.toml: this is a file\. Give a folder/);
    assert.match(template, /Allowed choices are hello, api, websocket, queue, cron, requests, flask, fastapi\./);
    for (const name of ["named", "ärger", "other"]) assert.ok(!existsSync(path.join(root, name)), name);
  });

  it("says where no folder can be made", async () => {
    const { code, err } = await commandEnd(["init", "/proc/worker"], root);
    assert.equal(code, 1);
    assert.match(err, /^blockon: \/proc\/worker\/\.gitignore: cannot be written: ENOENT: /);
  });

  for (const [template, answer] of Object.entries(answers)) {
    it(`makes of the template ${template} a Worker that answers and whose tests pass`, async () => {
      assert.equal((await commandEnd(["init", template, "--template", template], root)).code, 0);
      const folder = path.join(root, template);
      const server = await ServeProcess.start(folder);
      try {
        assert.match(await (await server.get(targets[template])).text(), answer);
      } finally {
        await server.stop();
      }
      const { code, out, err } = await commandEnd(["test", folder, "-q"], root);
      assert.equal(code, 0, `${out}${err}`);
      assert.match(out, /\d passed/);
    });
  }
});
