import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LineSplitter } from "../../runtime/line_splitter.ts";

function split(...pieces: string[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const piece of pieces) splitter.write(piece);
  splitter.flush();
  return lines;
}

describe("LineSplitter", () => {
  it("makes lines of pieces", () => {
    assert.deepEqual(split("a", "b\nc", "\n", "\nd"), ["ab", "c", "", "d"]);
    assert.deepEqual(split("whole\n"), ["whole"]);
    assert.deepEqual(split(""), []);
  });

  it("passes a line without an end on before it grows without bound", () => {
    const lines = split(...Array.from({ length: 100 }, () => "x".repeat(10_000)));
    assert.ok(lines.length > 1);
    assert.equal(lines.join("").length, 1_000_000);
  });
});
