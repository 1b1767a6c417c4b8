// A test file that does not end by itself (lib/file_limit.ts).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { it } from "node:test";

const limits = path.join(import.meta.dirname, "lib", "file_limit.ts");

it("ends a file that hangs, and names it, and runs the others", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  const test = 'import { it } from "node:test";\n';
  write(
    "setup.mjs",
    `import { limitFiles } from ${JSON.stringify(limits)};\nexport const globalSetup = () => limitFiles(5, 1);\n`,
  );
  write("computes.test.mjs", `${test}it("computes", () => { for (;;); });\n`);
  write("ends.test.mjs", `${test}it("passes", () => {});\n`);
  write("waits.test.mjs", `${test}it("waits", () => new Promise(() => { setInterval(() => {}, 1000); }));\n`);
  // What it has started has its output, and does not end with it.
  const sleeper = 'import { spawn } from "node:child_process";\nspawn("sleep", ["100"], { stdio: "inherit" });\n';
  write(
    "starts.test.mjs",
    `${sleeper}${test}it("starts", () => new Promise(() => { setInterval(() => {}, 1000); }));\n`,
  );
  const { NODE_TEST_CONTEXT: _inner, ...env } = process.env; // one that has it runs no files
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--test", "--test-concurrency=4", "--test-global-setup=setup.mjs", "--test-reporter=spec", "*.test.mjs"],
    { cwd: folder, env, encoding: "utf8", timeout: 60_000 },
  );
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^\S*computes\.test\.mjs has not ended after 5 s: it is ended$/m);
  assert.match(stderr, /^\S*waits\.test\.mjs has not ended after 5 s: it is ended$/m);
  assert.match(stderr, /^\S*starts\.test\.mjs has not ended after 5 s: it is ended$/m);
  assert.doesNotMatch(stderr, /ends\.test\.mjs/);
  assert.match(stdout, /✔ passes/);
  assert.match(stdout, /^ℹ fail 3$/m);
});
