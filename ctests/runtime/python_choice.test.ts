// Which Python a Worker runs on, as its date, the clock and what is available have it; and `blockon flags`, which tells.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { flags as flagsCommand } from "../../runtime/cli/flags.ts";
import { resolveCompatibility } from "../../runtime/config/compatibility.ts";
import { type CompatibilityTable, compatibilityTable } from "../../runtime/config/compatibility_table.ts";
import { monthsBefore } from "../../runtime/config/dates.ts";
import { choosePython } from "../../runtime/config/python_choice.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** As if each Pyodide of the table were there. */
const complete: CompatibilityTable = {
  ...compatibilityTable,
  pyodides: compatibilityTable.pyodides.map((row) => ({ ...row, available: true })),
};

/** As if the newest were the only one. */
const onlyNewest: CompatibilityTable = {
  ...compatibilityTable,
  pyodides: compatibilityTable.pyodides.map((row, index, all) => ({ ...row, available: index === all.length - 1 })),
};

function choose(date: string, flags: string[], today: string, table: CompatibilityTable = complete) {
  const source = { place: () => "wrangler.toml", assignment: String };
  return choosePython(resolveCompatibility(date, ["python_workers", ...flags], source, today, table), today, table);
}

const versionOf = (date: string, ...flags: string[]) => choose(date, flags, "2026-11-01").runs.version;

describe("the Python of a Worker", () => {
  it("is that of its date", () => {
    assert.equal(versionOf("2024-03-18"), "0.26.4");
    assert.equal(versionOf("2025-09-28"), "0.26.4");
    assert.equal(versionOf("2025-09-29"), "0.28.3");
    assert.equal(versionOf("2026-09-07"), "0.28.3");
    assert.equal(versionOf("2026-09-08"), "314.0.7");
  });

  it("is that of a flag, whatever the date and the order", () => {
    assert.equal(versionOf("2024-03-18", "python_workers_20250116"), "0.28.3");
    assert.equal(versionOf("2024-03-18", "python_workers_314", "python_workers_20250116"), "314.0.7");
    assert.equal(versionOf("2024-03-18", "python_workers_development"), "314.0.7");
    assert.equal(versionOf("2026-10-01", "no_python_workers_314"), "0.28.3");
    assert.equal(versionOf("2026-10-01", "no_python_workers_314", "no_python_workers_20250116"), "0.26.4");
  });

  it("is that of its package set, by the day", () => {
    assert.equal(versionOf("2024-03-18", "python_3.14_packages_2026_09_01"), "314.0.7");
    assert.equal(versionOf("2026-10-01", "python_3.13_packages_2025_10_13"), "0.28.3");
    assert.equal(versionOf("2026-10-01", "python_3.13_packages_2025_10_14"), "0.29.5");
  });

  it("is the next newer one where that is not there, which is told", () => {
    const { wanted, runs, flag, notices } = choose("2025-10-01", [], "2026-11-01", onlyNewest);
    assert.deepEqual([wanted.version, runs.version, flag], ["0.28.3", "314.0.7", "python_workers_20250116"]);
    assert.deepEqual(notices, [
      "Python 3.13 (Pyodide 0.28.3), chosen by python_workers_20250116, is not in this version of the runtime: the Worker runs on " +
        "Python 3.14 (Pyodide 314.0.7)",
    ]);
    assert.deepEqual(choose("2026-10-01", [], "2026-11-01", onlyNewest).notices, []);
  });

  it("is told where run_sync is on and cannot block", () => {
    const { runs, notices } = choose("2025-01-01", [], "2026-11-01");
    assert.equal(runs.blocking, "none");
    assert.match(
      notices[0] as string,
      /^python_run_sync has no effect on Python 3\.12 \(Pyodide 0\.26\.4\): choose Python 3\.\d+ by/,
    );
    assert.deepEqual(choose("2024-12-31", [], "2026-11-01").notices, []);
    assert.deepEqual(choose("2025-01-01", ["no_python_run_sync"], "2026-11-01").notices, []);
  });
});

describe("the end of a Python's support", () => {
  const at = (today: string, table?: CompatibilityTable) => choose("2024-03-18", [], today, table);

  it("is announced twelve months ahead", () => {
    assert.deepEqual(at("2027-10-30").notices, []);
    const { runs, notices } = at("2027-10-31");
    assert.equal(runs.version, "0.26.4");
    assert.deepEqual(notices, [
      "the support of Python 3.12 ends on 2028-10-31: Workers that choose it will run on Python 3.13; test them there and choose it",
    ]);
  });

  it("moves a Worker to the next oldest Python that is supported, and says so", () => {
    assert.equal(at("2028-10-31").runs.version, "0.26.4");
    const moved = at("2028-11-01");
    assert.deepEqual([moved.wanted.version, moved.runs.version], ["0.26.4", "0.28.3"]);
    assert.match(
      moved.notices[0] as string,
      /^the support of Python 3\.12 ended on 2028-10-31: .* run on Python 3\.13;/,
    );
    assert.equal(at("2029-11-01").runs.version, "314.0.7");
    assert.match(at("2029-11-01").notices[0] as string, /run on Python 3\.14;/);
  });

  it("goes on to what is there", () => {
    const moved = at("2028-11-01", onlyNewest);
    assert.equal(moved.runs.version, "314.0.7");
    assert.equal(moved.notices.length, 2);
  });

  it("leaves the last Python running, and asks for a newer runtime", () => {
    const { runs, notices } = at("2031-01-01");
    assert.equal(runs.version, "0.26.4");
    assert.match(notices[0] as string, /ended on 2028-10-31, and there is no newer one here: install a newer version/);
  });

  it("is counted by the calendar", () => {
    assert.equal(monthsBefore("2028-10-31", 12), "2027-10-31");
    assert.equal(monthsBefore("2028-02-29", 12), "2027-02-28");
    assert.equal(monthsBefore("2028-03-31", 1), "2028-02-29");
    assert.equal(monthsBefore("2028-01-15", 1), "2027-12-15");
  });
});

describe("blockon flags", () => {
  let folder: WorkerFolder;
  beforeEach(() => {
    folder = workerFolder("x = 1\n", ["no_python_run_sync"]);
    folder.write(
      "wrangler.toml",
      'name = "test"\nmain = "src/entry.py"\ncompatibility_date = "2026-01-15"\ncompatibility_flags = ["python_workers", "no_python_run_sync"]\n',
    );
  });
  afterEach(() => folder.remove());

  const line = (text: string, name: string) => text.split("\n").find((row) => row.startsWith(`${name} `)) ?? "";

  it("prints the table", () => {
    const text = flagsCommand(undefined, {}, "2026-11-01");
    assert.match(line(text, "python_run_sync"), /no_python_run_sync +2025-01-01 +implemented +Synchronous/);
    assert.match(
      line(text, "3.13"),
      /0\.28\.3 +(yes|to come) +run_sync, locks, threads +2029-10-31 +2025-07-04 +python_workers_20250116$/,
    );
    assert.doesNotMatch(text, /Notice/);
    assert.match(flagsCommand(undefined, {}, "2028-01-01"), /^Notice: the support of Python 3\.12 ends on 2028-10-31/m);
  });

  it("prints what is in force for a Worker, and why", () => {
    const text = flagsCommand(folder.path, {}, "2026-11-01");
    assert.match(text, /^test \(.*wrangler\.toml\), compatibility date 2026-01-15\n/);
    assert.match(
      text,
      /\nruns on Python 3\.13 \(Pyodide 0\.28\.3\), by python_workers_20250116, implied by python_workers from 2025-09-29\n/,
    );
    assert.match(text, /\npackages: of any day; a name without a version gets that of Pyodide 0\.28\.3\n/);
    assert.match(line(text, "python_run_sync"), / off +flag no_python_run_sync +implemented/);
    assert.match(line(text, "python_workers_314"), / off +not before 2026-09-08 /);
    assert.match(line(text, "python_dedicated_snapshot"), / on +implied by python_workers_20250116 from 2025-10-16 /);
    const ended = flagsCommand(folder.path, {}, "2029-11-01");
    assert.match(ended, /\nruns on Python 3\.14 \(Pyodide 314\.0\.7\) in place of 3\.13 \(Pyodide 0\.28\.3\), by/);
    assert.match(
      ended,
      /\nNotice: the support of Python 3\.13 ended on 2029-10-31: Workers that choose it run on Python 3\.14/,
    );
  });

  it("prints JSON for programs", () => {
    const text = flagsCommand(folder.path, { json: true }, "2026-11-01");
    assert.equal(text.split("\n").length, 2);
    const { worker, features, pyodides, notices } = JSON.parse(text);
    assert.deepEqual(worker.python, {
      runs: "0.28.3",
      wanted: "0.28.3",
      flag: "python_workers_20250116",
      reason: { by: "implied", since: "2025-09-29", from: "python_workers" },
    });
    const gate = features.find(({ flag }: { flag: string }) => flag === "python_run_sync");
    assert.deepEqual([gate.on, gate.reason], [false, { by: "flag", flag: "no_python_run_sync" }]);
    assert.deepEqual(pyodides.at(-1), {
      version: "314.0.7",
      python: "3.14",
      platform: "pyemscripten_2026_0_wasm32",
      packagesFrom: "2026-06-11",
      endOfSupport: "2030-10-31",
      available: true,
      blocking: "all",
    });
    assert.deepEqual(notices, []);
    assert.equal(JSON.parse(flagsCommand(undefined, { json: true }, "2026-11-01")).worker, null);
  });
});
