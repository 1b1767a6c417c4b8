// What `blockon flags` prints for people.
import type { FeatureState, Reason } from "../config/compatibility.ts";
import type { CompatibilityTable } from "../config/compatibility_table.ts";
import { packageSetPattern, pinsBareNames } from "../config/package_set.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import { plainText } from "../plain_text.ts";
import { columns } from "./columns.ts";

/** Why a feature is on or off, in a few words. */
function reasonText(reason: Reason, on: boolean): string {
  switch (reason.by) {
    case "flag":
      return `flag ${reason.flag}`;
    case "date":
      return on ? `date, from ${reason.since}` : `not before ${reason.since}`;
    case "implied":
      return on ? `implied by ${reason.from} from ${reason.since}` : `${reason.from} is off`;
    case "default":
      return "by its flag alone";
  }
}

function workerLines({ name, file, compatibility, python }: WorkerConfig): string[] {
  const { wanted, runs, flag, reason } = python;
  const { date, packageSet } = compatibility;
  const why = reason.by === "flag" ? `by the flag ${reason.flag}` : `by ${flag}, ${reasonText(reason, true)}`;
  const chosen = `Python ${runs.python.version} (Pyodide ${runs.version})`;
  const instead = runs === wanted ? "" : ` in place of ${wanted.python.version} (Pyodide ${wanted.version})`;
  const days = packageSet === undefined ? "of any day" : `up to ${packageSet.day}, by the flag ${packageSet.flag}`;
  const bare = pinsBareNames(runs, packageSet) ? `; a name without a version gets that of Pyodide ${runs.version}` : "";
  return [
    `${name} (${file}), compatibility date ${date}`,
    `runs on ${chosen}${instead}, ${why}`,
    `packages: ${days}${bare}`,
  ];
}

function featureLines(states: readonly FeatureState[] | undefined, table: CompatibilityTable): string[] {
  const shown = states ?? table.features.map((feature) => ({ feature }));
  const rows = shown.map((state) => {
    const { flag, off = "-", since = "-", here, note } = state.feature;
    const inForce = "reason" in state ? [state.on ? "on" : "off", reasonText(state.reason, state.on)] : [];
    return [flag, off, since, ...inForce, here, note];
  });
  const inForce = states === undefined ? [] : ["NOW", "WHY"];
  return columns([["FLAG", "TURNED OFF BY", "SINCE", ...inForce, "HERE", "WHAT"], ...rows]);
}

const blocks = { none: "no", threads: "run_sync, locks, threads", all: "everything" } as const;

function pythonLines(table: CompatibilityTable): string[] {
  const rows = table.pyodides.map(({ version, python, packagesFrom, available, blocking }) => {
    const flags = table.features.filter(({ pyodide }) => pyodide?.version === version).map(({ flag }) => flag);
    const here = available ? "yes" : "to come";
    return [
      python.version,
      version,
      here,
      blocks[blocking],
      python.endOfSupport,
      packagesFrom,
      flags.join(", ") || "-",
    ];
  });
  return columns([
    ["PYTHON", "PYODIDE", "HERE", "BLOCKING", "SUPPORTED UNTIL", "PACKAGE SETS FROM", "CHOSEN BY"],
    ...rows,
  ]);
}

/** @param worker Undefined for the table alone. */
export function flagsText(
  worker: WorkerConfig | undefined,
  notices: readonly string[],
  table: CompatibilityTable,
): string {
  const lines = [
    ...(worker === undefined ? [] : [...workerLines(worker), ""]),
    ...featureLines(worker?.compatibility.states, table),
    "",
    ...pythonLines(table),
    "",
    `${packageSetPattern}: that Python, and no package that was uploaded after that day.`,
    "Cloudflare's flags for JavaScript are taken, and change nothing here.",
    ...notices.map((notice) => `Notice: ${notice}.`),
  ];
  return lines.map((line) => `${plainText(line)}\n`).join("");
}
