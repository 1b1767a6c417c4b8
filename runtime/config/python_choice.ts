// Which Pyodide a Worker runs on: the one that its date and flags ask for, while its Python is supported and this runtime has it,
// else the next newer one of which both are true.
import type { Compatibility, Reason } from "./compatibility.ts";
import {
  type CompatibilityTable,
  compatibilityTable,
  type PyodideRelease,
  type PythonVersion,
} from "./compatibility_table.ts";
import { monthsBefore } from "./dates.ts";
import { howToBlock, pythonName, runSyncFlag } from "./older_pyodide.ts";

/** How long before a Python's end of support there are notices of it. */
const noticeMonths = 12;

export interface PythonChoice {
  /** By date and flags alone. */
  readonly wanted: PyodideRelease;
  /** The flag that chose it, and why that is on. */
  readonly flag: string;
  readonly reason: Reason;
  readonly runs: PyodideRelease;
  /** Lines for the log: why it runs on another one, and what will come. */
  readonly notices: readonly string[];
}

type Wanted = Pick<PythonChoice, "wanted" | "flag" | "reason">;

function wantedBy({ packageSet, states }: Compatibility, table: CompatibilityTable): Wanted {
  if (packageSet !== undefined) {
    const { flag, python, day } = packageSet;
    const wanted = table.pyodides.findLast((row) => row.python.version === python && row.packagesFrom <= day);
    if (wanted === undefined) throw new Error(`no Pyodide for ${flag}, which was taken`);
    return { wanted, flag, reason: { by: "flag", flag } };
  }
  // The newest counts, whatever the order of the flags.
  const choosing = states.filter(({ on }) => on).toReversed();
  const chooses = (version: string) => choosing.find(({ feature }) => feature.pyodide?.version === version);
  const newest = table.pyodides.findLast(({ version }) => chooses(version) !== undefined);
  const state = newest && chooses(newest.version);
  if (newest === undefined || state === undefined) throw new Error("no Pyodide for a Worker of Python");
  return { wanted: newest, flag: state.feature.flag, reason: state.reason };
}

/** The next oldest Pyodide with a Python that outlives this one. */
function successor(python: PythonVersion, table: CompatibilityTable, today: string): PyodideRelease | undefined {
  return table.pyodides.find(
    (row) => row.python.endOfSupport >= today && row.python.endOfSupport > python.endOfSupport,
  );
}

/** What a Python's end of support means to Workers, from twelve months before on. */
function endOfSupport(python: PythonVersion, table: CompatibilityTable, today: string): string[] {
  const { version, endOfSupport: last } = python;
  if (today < monthsBefore(last, noticeMonths)) return [];
  const ended = today > last;
  const when = ended
    ? `the support of Python ${version} ended on ${last}`
    : `the support of Python ${version} ends on ${last}`;
  const next = successor(python, table, today);
  if (next === undefined) return [`${when}, and there is no newer one here: install a newer version of blockon`];
  const { version: other } = next.python;
  return [
    `${when}: Workers that choose it ${ended ? "run" : "will run"} on Python ${other}; test them there and choose it`,
  ];
}

/** Of all Pythons. */
export function supportNotices(table: CompatibilityTable, today: string): string[] {
  return table.pythons.flatMap((python) => endOfSupport(python, table, today));
}

/** @param today The day it is. */
export function choosePython(
  compatibility: Compatibility,
  today: string,
  table: CompatibilityTable = compatibilityTable,
): PythonChoice {
  const choice = wantedBy(compatibility, table);
  const { wanted } = choice;
  const ended = today > wanted.python.endOfSupport;
  const supported = (ended ? successor(wanted.python, table, today) : undefined) ?? wanted;
  const notices = endOfSupport(wanted.python, table, today);
  const candidates = table.pyodides.slice(table.pyodides.indexOf(supported));
  const runs = candidates.find(({ available }) => available);
  if (runs === undefined) throw new Error("the newest Pyodide of the table is not available");
  if (runs !== supported) {
    notices.push(
      `Python ${supported.python.version} (Pyodide ${supported.version}), chosen by ${choice.flag}, is not in this version of the ` +
        `runtime: the Worker runs on Python ${runs.python.version} (Pyodide ${runs.version})`,
    );
  }
  if (runs.blocking === "none" && compatibility.features.has(runSyncFlag)) {
    notices.push(`${runSyncFlag} has no effect on ${pythonName(runs)}: ${howToBlock(table)}`);
  }
  return { ...choice, runs, notices };
}
