// ./dev bench run_sync, fairness and profile: that they run and what they write, never how long anything takes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { parseSamples } from "../../benchmarks/profile/perf.mjs";
import { residentByKind } from "../../benchmarks/profile/smaps.mjs";
import { type Tally, tally } from "../../benchmarks/profile/tally.mjs";
import { wasmFunctions } from "../../benchmarks/profile/wasm_functions.mjs";
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

describe("the benchmark start", () => {
  it("writes a row for each case that is asked for, with the processor time of what starts processes", async () => {
    const file = path.join(folder, "start.json");
    const words = ["--quick", "--only", "process_hello", "isolate_pss", "--peers", "cpython", "--json", file];
    // A reach that is missed is no failure of it.
    const { stdout } = await benchmark("start")(...words).catch((error: { code: number; stdout: string }) => {
      assert.equal(error.code, 1);
      return error;
    });
    assert.match(stdout, /^process_hello +ms /m);
    const rows = JSON.parse(await readFile(file, "utf8"));
    assert.deepEqual(
      rows.map((row: { case: string; unit: string; errors: object }) => [row.case, row.unit, row.errors]),
      [
        ["process_hello", "ms", {}],
        ["isolate_pss", "MiB", {}],
      ],
    );
    const [hello, memory] = rows;
    for (const value of [hello.ours, hello.peers.cpython, hello.cpu.ours, hello.cpu.cpython, memory.ours]) {
      assert.ok(value > 0, `${value}`);
    }
  });

  it("refuses a case that is not there", async () => {
    await assert.rejects(
      benchmark("start")("--only", "settled"),
      /there is no case "settled"; there are: process_hello, /,
    );
  });
});

describe("the benchmark profile", () => {
  const profile = (words: string[], env: Record<string, string> = {}) =>
    run(process.execPath, [...v8Arguments, path.join(import.meta.dirname, "../../benchmarks/profile.mjs"), ...words], {
      env: { ...process.env, ...env },
    });

  it("refuses a case that is not there", async () => {
    await assert.rejects(profile(["--only", "nosuch"]), {
      code: 2,
      stderr: /there is no case "nosuch"; there are: settled, /,
    });
  });

  it("says how perf is installed", async () => {
    await assert.rejects(profile([], { PATH: "/nowhere" }), {
      code: 1,
      stderr: /^profile: perf is not installed\. Debian/,
    });
  });

  it("says what is to be permitted, and what perf said", async () => {
    const bin = path.join(folder, "bin");
    await mkdir(bin);
    await writeFile(path.join(bin, "perf"), "#!/bin/sh\necho Permission denied >&2\nexit 255\n", { mode: 0o755 });
    const stderr = /^profile: perf cannot measure here\..*perf_event_paranoid.*\nPermission denied\n$/;
    await assert.rejects(profile([], { PATH: `${bin}:${process.env.PATH}` }), { code: 1, stderr });
  });
});

describe("a profile", () => {
  const fixture = (name: string) => readFile(path.join(import.meta.dirname, "lib", "profile", name), "utf8");

  it("adds the main thread's samples up by group, without what is subtracted", async () => {
    const samples = parseSamples(await fixture("perf_script.txt"));
    const windows = [
      { side: "ours", part: "less" as const, begin: 1, end: 2, n: 10 },
      { side: "ours", part: "loop" as const, begin: 3, end: 4, n: 10 },
    ];
    const ours = (index: number) =>
      index < 300
        ? { owner: "other" as const, name: "small" }
        : { owner: index < 17000 ? ("CPython" as const) : ("guest" as const), name: `named ${index}` };
    const { groups, symbols } = tally(samples, windows, { ours }).ours as Tally;
    assert.deepEqual(Object.fromEntries(Object.entries(groups).filter(([, us]) => us !== 0)), {
      kernel: 25,
      "the addon": 25,
      "suspension.js": 25,
      "wrappers of imports and exports": 50,
      "JavaScript of the glue and the case": 25,
      "V8's stack switching": 50,
      "V8's API, as the addon uses it": 25,
      "V8's promises, microtasks": 25,
      "garbage collection, memory": 25,
      "V8, the rest": 25,
      guest: 50,
      "other wasm modules": 25,
      other: 25,
    });
    assert.deepEqual(symbols[0], { symbol: "named 17262", group: "guest", us: 50 });
    assert.ok(symbols.some(({ symbol, us }) => symbol === "named 588 (liftoff)" && us === 25));
    assert.ok(symbols.some(({ symbol, us }) => symbol === "named 588" && us === -25));
  });

  it("tells mappings apart", async () => {
    assert.deepEqual(residentByKind(await fixture("smaps.txt"), 2560), {
      files: 100,
      "V8's code": 20,
      "linear memory": 3000,
      "V8's stacks": 8,
      "V8's heap": 256,
      "malloc and the rest": 40,
    });
  });

  it("knows the functions of wasm by number and name", () => {
    // Imports f; defines g, which is exported as "out"; the name section calls it "inner".
    const bytes = [
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0],
      ...[7, 7, 1, 3, 111, 117, 116, 0, 1, 10, 4, 1, 2, 0, 11],
      ...[0, 15, 4, 110, 97, 109, 101, 1, 8, 1, 1, 5, 105, 110, 110, 101, 114],
    ];
    assert.deepEqual(wasmFunctions(new Uint8Array(bytes)), { imported: 1, defined: 1, names: new Map([[1, "inner"]]) });
  });
});
