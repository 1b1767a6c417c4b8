// The log of a process, as it is written: lines for people have nothing that a terminal acts upon.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";

const module = pathToFileURL(path.join(import.meta.dirname, "../../runtime/log.ts")).href;
const text = "\u001b[2J of a Worker\u0007,\tand\nits \u202e second line";

function written(format: "text" | "json"): string {
  const program = `const { createLog } = await import(${JSON.stringify(module)});
    createLog(${JSON.stringify(format)}).child({ worker: "w" }).info(${JSON.stringify(text)});`;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" }).stderr;
}

describe("the log", () => {
  it("has codes in place of what a terminal acts upon, in text for people", () => {
    assert.match(
      written("text"),
      /^\[[\d:.]+\] INFO: \[w\] \\u001b\[2J of a Worker\\u0007,\tand\nits \\u202e second line\n$/,
    );
  });

  it("has the text as it is, in lines for programs", () => {
    const line = written("json");
    assert.equal(line.split("\n").length, 2);
    assert.equal((JSON.parse(line) as { msg: string }).msg, text);
  });
});
