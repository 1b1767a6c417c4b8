// ./dev bench run_sync and fairness: that they run and what they write, never how long anything takes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { v8Arguments } from "../../runtime/v8_flags.mjs";

const run = promisify(execFile);
const benchmark =
  (name: string) =>
  (...words: string[]) =>
    run(process.execPath, [...v8Arguments, path.join(import.meta.dirname, `../../benchmarks/${name}.mjs`), ...words]);
const bench = benchmark("run_sync");

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "blockon-bench-test-"));
});
after(() => rm(folder, { recursive: true }));

describe("the benchmark run_sync", () => {
  it("writes a row with every peer for each case that is asked for", async () => {
    const file = path.join(folder, "rows.json");
    const { stdout } = await bench("--quick", "--only", "settled", "lock", "--json", file);
    assert.match(stdout, /^settled +us /m);
    const rows = JSON.parse(await readFile(file, "utf8"));
    assert.deepEqual(
      rows.map((row: { case: string; unit: string }) => [row.case, row.unit]),
      [
        ["settled", "us"],
        ["lock", "us"],
      ],
    );
    assert.deepEqual(Object.keys(rows[0].peers), ["stock", "js", "jspi"]);
    assert.deepEqual(Object.keys(rows[1].peers), ["stock"]);
    for (const row of rows) for (const us of [row.ours, ...Object.values(row.peers)]) assert.ok((us as number) > 0);
  });

  const wrong: [words: string[], message: RegExp][] = [
    [["--rounds", "x"], /--rounds needs a whole number from 1 on, not "x"/],
    [["--runs"], /--runs needs a whole number from 0 on/],
    [["--only", "nosuch"], /there is no case "nosuch"; there are: settled, /],
    [["--only"], /--only needs a case/],
    [["--json"], /--json needs a file name/],
    [["--json", "/nowhere/rows.json"], /\/nowhere\/rows\.json cannot be written \(ENOENT\)/],
    [["--frobnicate"], /there is no option "--frobnicate"/],
  ];
  for (const [words, message] of wrong) {
    it(`refuses ${words.join(" ")}`, async () => {
      await assert.rejects(bench(...words), (error: { code: number; stderr: string }) => {
        assert.equal(error.code, 2);
        assert.match(error.stderr, message);
        return true;
      });
    });
  }
});

describe("the benchmark fairness", () => {
  it("writes three quantiles with every peer for each case that is asked for", async () => {
    const file = path.join(folder, "fairness.json");
    const { stdout } = await benchmark("fairness")("--quick", "--only", "fiber", "time.sleep 1 ms", "--json", file);
    assert.match(stdout, /^fiber, p50 +ms /m);
    const rows = JSON.parse(await readFile(file, "utf8"));
    assert.deepEqual(
      rows.map((row: { case: string; unit: string; peers: object }) => [row.case, row.unit, Object.keys(row.peers)]),
      ["fiber", "time.sleep 1 ms"].flatMap((name) =>
        ["p50", "p99", "max"].map((quantile) => [
          `${name}, ${quantile}`,
          "ms",
          name === "fiber" ? ["stock", "js", "idle"] : ["stock", "node"],
        ]),
      ),
    );
    for (const row of rows) for (const ms of [row.ours, ...Object.values(row.peers)]) assert.ok(Number.isFinite(ms));
  });

  it("refuses a case that is not there", async () => {
    await assert.rejects(
      benchmark("fairness")("--only", "settled"),
      /there is no case "settled"; there are: setTimeout, /,
    );
  });
});
