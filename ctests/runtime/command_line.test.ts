// What blockon says to a wrong command line: what is wrong, where to look it up, and an exit code that is none of success.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { blockon } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const commands = [
  "init",
  "serve",
  "dev",
  "pack",
  "reload",
  "deploy",
  "deployments",
  "rollback",
  "delete",
  "kv list",
  "kv get",
  "kv put",
  "kv delete",
  "ps",
  "flags",
];

function run(...words: readonly string[]): { code: number | null; stderr: string } {
  const [program, ...first] = blockon as [string, ...string[]];
  const { status, stderr } = spawnSync(program, [...first, ...words], { encoding: "utf8" });
  return { code: status, stderr };
}

describe("a wrong command line", () => {
  for (const command of commands) {
    it(`of blockon ${command}: an option that there is not`, () => {
      const { code, stderr } = run(...command.split(" "), "--such");
      const error = "blockon: error: unknown option '--such'";
      assert.equal(stderr, `${error}\n(blockon ${command} --help lists what it takes)\n`);
      assert.equal(code, 2);
    });
  }

  it("without a command that there is", () => {
    const { code, stderr } = run("sreve");
    assert.match(stderr, /unknown command 'sreve'\n\(Did you mean serve\?\)\n\(blockon --help lists the commands\)/);
    assert.equal(code, 2);
  });
});

describe("what is given for a Worker's folder", () => {
  it("and is a file", () => {
    const folder = workerFolder("");
    const file = path.join(folder.path, "wrangler.toml");
    const { code, stderr } = run("serve", file);
    assert.equal(
      stderr,
      `blockon: ${file}: this is a file. Give the folder of a Worker, which has its wrangler.toml.\n`,
    );
    assert.equal(code, 1);
    folder.remove();
  });
});
