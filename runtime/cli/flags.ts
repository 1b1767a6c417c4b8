// blockon flags: the table of compatibility flags, and what of it is in force for a Worker, and why.
import type { FeatureState } from "../config/compatibility.ts";
import { type CompatibilityFeature, compatibilityTable, type PyodideRelease } from "../config/compatibility_table.ts";
import { todayUtc } from "../config/dates.ts";
import { pinsBareNames } from "../config/package_set.ts";
import { supportNotices } from "../config/python_choice.ts";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import { plainText } from "../plain_text.ts";
import { flagsText } from "./flags_text.ts";

export interface FlagsOptions {
  readonly json?: true;
  readonly env?: string;
}

function pyodideEntry({ version, python, platform, packagesFrom, available, blocking }: PyodideRelease): object {
  const { version: pythonVersion, endOfSupport } = python;
  return { version, python: pythonVersion, platform, packagesFrom, endOfSupport, available, blocking };
}

function featureEntry({ flag, off, since, requires, here, pyodide, note }: CompatibilityFeature): object {
  const or = <Value>(value: Value | undefined): Value | null => value ?? null;
  return { flag, off: or(off), since: or(since), requires: or(requires), here, pyodide: or(pyodide?.version), note };
}

function stateEntry({ feature, on, reason }: FeatureState): object {
  return { ...featureEntry(feature), on, reason };
}

function workerEntry({ name, file, compatibility, python }: WorkerConfig): object {
  const { date, flags, packageSet } = compatibility;
  return {
    name,
    file,
    date,
    flags,
    packageSet: packageSet ?? null,
    pinsBareNames: pinsBareNames(python.runs, packageSet),
    python: {
      runs: python.runs.version,
      wanted: python.wanted.version,
      flag: python.flag,
      reason: python.reason,
    },
  };
}

/**
 * @param folder Of a Worker; the table alone without.
 * @param today The day it is.
 */
export function flags(folder: string | undefined, options: FlagsOptions, today: string = todayUtc()): string {
  const config = folder === undefined ? undefined : readWorkerConfig(folder, { today, env: options.env });
  const notices = config?.python.notices ?? supportNotices(compatibilityTable, today);
  if (!options.json) return flagsText(config, notices, compatibilityTable);
  const report = {
    worker: config === undefined ? null : workerEntry(config),
    features:
      config === undefined
        ? compatibilityTable.features.map(featureEntry)
        : config.compatibility.states.map(stateEntry),
    pyodides: compatibilityTable.pyodides.map(pyodideEntry),
    notices,
  };
  return `${plainText(JSON.stringify(report))}\n`;
}
