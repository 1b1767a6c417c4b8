// Compatibility dates and flags: the table itself, and how it is resolved.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cloudflareFlags, parseCloudflareFlags } from "../../runtime/config/cloudflare_flags.ts";
import { type FlagSource, knownFlags, resolveCompatibility } from "../../runtime/config/compatibility.ts";
import { compatibilityTable, parseCompatibilityTable } from "../../runtime/config/compatibility_table.ts";
import { nearestName } from "../../runtime/config/nearest.ts";
import { pyodideVersion } from "../../runtime/layout.ts";

const today = "2026-11-01";

const source: FlagSource = {
  place: (index) => `wrangler.toml:${index ?? "list"}`,
  assignment: (flags) => `flags: ${flags.join(" ")}`,
};

const resolveAll = (date: string, flags: string[]) => resolveCompatibility(date, flags, source, today);
const resolve = (date: string, ...flags: string[]) => resolveAll(date, ["python_workers", ...flags]);
const featuresOf = (date: string, ...flags: string[]) => resolve(date, ...flags).features;

describe("the table of compatibility flags", () => {
  it("has the Pyodide that this runtime is made of", () => {
    const here = compatibilityTable.pyodides.filter(({ available }) => available).map(({ version }) => version);
    assert.equal(here.at(-1), pyodideVersion);
  });

  const small = `[[python]]
version = "3.14"
end_of_support = "2030-10-31"
[[pyodide]]
version = "314.0.7"
python = "3.14"
platform = "p"
packages_from = "2026-06-11"
available = true
blocking = "all"
[[feature]]
flag = "python_workers"
here = "implemented"
note = "Python"
[[feature]]
flag = "other"
off = "no_other"
here = "recognised"
requires = "python_workers"
note = "n"
`;
  const wrong: [from: string, to: string, message: RegExp][] = [
    ['"2030-10-31"', '"2030-02-30"', /t\.toml:3: "end_of_support" is .*; expected a day/],
    ['python = "3.14"', 'python = "3.15"', /t\.toml:6: "python" is .*3\.15.*; expected the name of a row above/],
    ["available = true", "available = false", /t\.toml:4: "pyodide" .*; expected that the last one is available/],
    [
      'blocking = "all"',
      'blocking = "some"',
      /t\.toml:10: "blocking" is .*some.*; expected "none", "threads" or "all"/,
    ],
    ['"no_other"', '"python_workers"', /t\.toml:17: "off" is .*; expected a name that no other row has/],
    ['"recognised"', '"maybe"', /t\.toml:18: "here" is .*maybe/],
    [
      'requires = "python_workers"',
      'requires = "later"',
      /t\.toml:19: "requires" is .*; expected the name of a row above/,
    ],
    ['note = "n"', 'nota = "n"', /t\.toml:20: "nota" is .*; expected one of the keys flag, off/],
    ['note = "n"', "", /t\.toml:15: the key "note" is missing/],
  ];
  for (const [from, to, message] of wrong) {
    it(`is checked: ${to || "a missing note"}`, () => {
      assert.equal(parseCompatibilityTable(small, "t.toml").features.length, 2);
      assert.throws(() => parseCompatibilityTable(small.replace(from, to), "t.toml"), message);
    });
  }
});

describe("resolving", () => {
  it("turns a feature on from its date on", () => {
    assert.ok(!featuresOf("2024-12-31").has("python_run_sync"));
    assert.ok(featuresOf("2025-01-01").has("python_run_sync"));
  });

  it("lets a flag go before the date", () => {
    assert.ok(featuresOf("2024-01-01", "python_run_sync").has("python_run_sync"));
    assert.ok(!featuresOf("2026-01-01", "no_python_run_sync").has("python_run_sync"));
  });

  it("counts a date only with the feature it requires", () => {
    assert.ok(featuresOf("2025-10-16").has("python_dedicated_snapshot"));
    assert.ok(!featuresOf("2025-10-16", "no_python_workers_20250116").has("python_dedicated_snapshot"));
  });

  it("says why each feature is on or off", () => {
    const { states } = resolve("2025-10-01", "no_python_run_sync", "no_python_workers_20250116");
    const reasonOf = (name: string) => states.find(({ feature }) => feature.flag === name)?.reason;
    assert.deepEqual(reasonOf("python_workers"), { by: "flag", flag: "python_workers" });
    assert.deepEqual(reasonOf("python_run_sync"), { by: "flag", flag: "no_python_run_sync" });
    assert.deepEqual(reasonOf("python_no_global_handlers"), { by: "date", since: "2025-08-14" });
    assert.deepEqual(reasonOf("python_workflows"), { by: "implied", since: "2025-09-20", from: "python_workers" });
    assert.deepEqual(reasonOf("python_dedicated_snapshot"), { by: "date", since: "2025-10-16" });
    assert.deepEqual(reasonOf("nodejs_compat"), { by: "default" });
  });

  it("refuses contradictions", () => {
    assert.throws(
      () => resolve("2026-01-01", "python_run_sync", "no_python_run_sync"),
      /toml:2: .*"python_run_sync" and "no_python_run_sync" contradict each other/,
    );
    assert.throws(() => resolve("2026-01-01", "python_run_sync", "python_run_sync"), /toml:2: .* is given twice/);
  });

  it("refuses unknown flags and suggests the nearest", () => {
    assert.throws(() => resolve("2026-01-01", "python_runsync"), /"python_runsync"\. Did you mean "python_run_sync"\?/);
    assert.throws(() => resolve("2026-01-01", "zzzzzz"), /The flags are: python_workers, .*, python_X\.Y_packages_/);
  });

  it("says of a feature that cannot be turned off that it cannot", () => {
    assert.throws(
      () => resolve("2026-01-01", "disable_experimental"),
      /unknown compatibility flag "disable_experimental"\. "experimental" cannot be turned off/,
    );
  });

  it("says which line gives python_workers", () => {
    assert.throws(
      () => resolveAll("2026-01-01", []),
      /wrangler\.toml:list: .* Add this line at its top: flags: python_workers$/,
    );
    assert.throws(
      () => resolveAll("2026-01-01", ["python_run_sync"]),
      /Change its compatibility_flags to: flags: python_workers python_run_sync$/,
    );
  });
});

describe("Cloudflare's other flags", () => {
  it("are taken, and on for the Worker that asks", () => {
    const { features, states } = resolve("2026-01-01", "global_fetch_strictly_public", "no_global_navigator");
    assert.ok(features.has("global_fetch_strictly_public"));
    assert.ok(!features.has("global_navigator"));
    const told = states.filter(({ feature }) => !compatibilityTable.features.includes(feature));
    assert.deepEqual(
      told.map(({ feature, on, reason }) => [feature.flag, feature.here, on, reason]),
      [
        ["global_fetch_strictly_public", "recognised", true, { by: "flag", flag: "global_fetch_strictly_public" }],
        ["global_navigator", "recognised", false, { by: "flag", flag: "no_global_navigator" }],
      ],
    );
  });

  it("are none of the table's, whose own names are Cloudflare's", () => {
    const own = new Set(compatibilityTable.features.flatMap(({ flag, off }) => [flag, off]));
    assert.deepEqual(
      cloudflareFlags().filter(({ flag, off }) => own.has(flag) || (off !== undefined && own.has(off))),
      [],
    );
    assert.ok(!featuresOf("2026-06-01", "disable_python_process_pth_files").has("python_process_pth_files"));
    assert.ok(featuresOf("2026-06-01").has("python_process_pth_files"));
  });

  it("contradict each other and are given once", () => {
    assert.throws(
      () => resolve("2026-01-01", "nodejs_compat_v2", "no_nodejs_compat_v2"),
      /toml:2: .*"nodejs_compat_v2" and "no_nodejs_compat_v2" contradict each other/,
    );
    assert.throws(() => resolve("2026-01-01", "js_rpc", "js_rpc"), /toml:2: .*"js_rpc" is given twice/);
    assert.throws(() => resolve("2026-01-01", "no_js_rpc"), /Did you mean "js_rpc"\?/);
  });

  it("are checked", () => {
    const features = parseCloudflareFlags('[flags]\na = "no_a"\nb = ""\n', "t.toml");
    assert.deepEqual(
      features.map(({ flag, off }) => [flag, off]),
      [
        ["a", "no_a"],
        ["b", undefined],
      ],
    );
    assert.throws(() => parseCloudflareFlags("[flags]\na = 1\n", "t.toml"), /t\.toml:2: .*the flag that turns it off/);
    assert.throws(
      () => parseCloudflareFlags('[flags]\na = "b"\nb = ""\n', "t.toml"),
      /t\.toml:2: .*a name that no other flag has/,
    );
  });
});

describe("package sets", () => {
  it("name a Python and a day", () => {
    const { packageSet } = resolve("2026-10-01", "python_3.14_packages_2026_09_01");
    assert.deepEqual(packageSet, { flag: "python_3.14_packages_2026_09_01", python: "3.14", day: "2026-09-01" });
    assert.equal(resolve("2026-10-01").packageSet, undefined);
  });

  const refused: [flags: string[], message: RegExp][] = [
    [
      ["python_3.11_packages_2026_09_01"],
      /toml:1: unknown .* There are package sets for Python 3\.12, 3\.13, 3\.14\.$/,
    ],
    [["python_3.14_packages_2026_09_31"], /2026-09-31 is no day of the calendar/],
    [["python_3.14_packages_2025_09_01"], /The first package set for Python 3\.14 is that of 2026-06-11/],
    [["python_3.14_packages_2026_11_02"], /2026-11-02 is after today, 2026-11-01/],
    [["python_3.14_packages_2026_9_1"], /unknown compatibility flag/],
    [["no_python_3.14_packages_2026_09_01"], /unknown compatibility flag .*cannot be turned off: leave it away/],
    [
      ["python_3.14_packages_2026_09_01", "python_3.13_packages_2026_01_01"],
      /toml:2: .*"python_3\.14_packages_2026_09_01" and "python_3\.13_packages_2026_01_01" contradict/,
    ],
    [["python_3.14_packages_2026_09_01", "python_3.14_packages_2026_09_01"], /toml:2: .* is given twice/],
    [["python_workers_20250116", "python_3.14_packages_2026_09_01"], /toml:2: .* contradict/],
    [["python_3.14_packages_2026_09_01", "no_python_workers_314"], /toml:2: .* contradict/],
  ];
  for (const [flags, message] of refused) {
    it(`are refused: ${flags.join(", ")}`, () => {
      assert.throws(() => resolve("2026-10-01", ...flags), message);
    });
  }

  it("go with flags that say the same, and with the absence of other Pythons", () => {
    assert.ok(resolve("2025-10-01", "python_3.14_packages_2026_09_01", "python_workers_314").packageSet);
    assert.ok(resolve("2026-10-01", "no_python_workers_314", "python_3.13_packages_2026_09_01").packageSet);
  });
});

describe("nearestName", () => {
  it("finds a name that is mistyped, and none for a strange one", () => {
    assert.equal(nearestName("python_worker", knownFlags()), "python_workers");
    assert.equal(nearestName("PYTHON_WORKERS", knownFlags()), "python_workers");
    assert.equal(nearestName("qqqqqqqq", knownFlags()), undefined);
  });
});
