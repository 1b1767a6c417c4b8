// What an older Pyodide lacks, in words that the Worker's Python says where somebody asks for it.
import type { OlderPyodide } from "../worker/protocol.ts";
import type { Compatibility } from "./compatibility.ts";
import { type CompatibilityTable, compatibilityTable, type PyodideRelease } from "./compatibility_table.ts";

export const runSyncFlag = "python_run_sync";

export function pythonName({ version, python }: PyodideRelease): string {
  return `Python ${python.version} (Pyodide ${version})`;
}

/** How a Worker chooses the first Python of which something is true: by date, and by flag. */
function howToChoose(table: CompatibilityTable, is: (row: PyodideRelease) => boolean): string {
  const feature = table.features.find(({ pyodide, since }) => pyodide && since && pyodide.available && is(pyodide));
  if (feature?.pyodide === undefined) throw new Error("no feature with a date chooses such a Python");
  const { flag, since, pyodide } = feature;
  return `choose Python ${pyodide.python.version} by compatibility_date = "${since}" or later, or by the flag ${flag}`;
}

/** How a Worker chooses the first Python in which everything may block. */
export function howToBlock(table: CompatibilityTable = compatibilityTable): string {
  return howToChoose(table, ({ blocking }) => blocking === "all");
}

/** Why run_sync cannot be called on a Pyodide; null where it can. */
function whyNoRunSync(release: PyodideRelease, on: boolean, table: CompatibilityTable): string | null {
  if (release.blocking === "none") {
    const choose = howToChoose(table, ({ blocking }) => blocking !== "none");
    return `run_sync cannot block on ${pythonName(release)}: ${choose}`;
  }
  if (on) return null;
  return `run_sync cannot block: the compatibility flag ${runSyncFlag} is not set (its date is 2025-01-01)`;
}

/** What is missing in it; undefined for one in which everything may block. */
export function olderPyodide(
  release: PyodideRelease,
  { features }: Pick<Compatibility, "features">,
  table: CompatibilityTable = compatibilityTable,
): OlderPyodide | undefined {
  if (release.blocking === "all") return undefined;
  return {
    name: pythonName(release),
    choose: howToBlock(table),
    whyNoRunSync: whyNoRunSync(release, features.has(runSyncFlag), table),
  };
}
