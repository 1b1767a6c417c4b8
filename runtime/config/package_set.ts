// Flags such as python_3.14_packages_2026_09_01: a Python, and the last day whose packages count.
import { type CompatibilityTable, compatibilityTable, type PyodideRelease } from "./compatibility_table.ts";
import { isDay } from "./dates.ts";

export interface PackageSet {
  readonly flag: string;
  /** 3.14 */
  readonly python: string;
  /** Nothing that was uploaded after this day. */
  readonly day: string;
}

/** As help and tables write the flags of this kind. */
export const packageSetPattern = "python_X.Y_packages_YYYY_MM_DD";

const format = /^python_(\d+\.\d+)_packages_(\d{4})_(\d{2})_(\d{2})$/;

/**
 * The package set that a flag names; undefined for other flags, and what is wrong with it for one that there cannot be.
 * @param today The last day that may be named.
 */
export function parsePackageSet(
  flag: string,
  table: CompatibilityTable,
  today: string,
): PackageSet | { readonly wrong: string } | undefined {
  const [, python, year, month, date] = format.exec(flag) ?? [];
  if (python === undefined) return undefined;
  const day = `${year}-${month}-${date}`;
  const first = table.pyodides.find((pyodide) => pyodide.python.version === python);
  if (first === undefined)
    return { wrong: `There are package sets for Python ${table.pythons.map(({ version }) => version).join(", ")}` };
  if (!isDay(day)) return { wrong: `${day} is no day of the calendar` };
  if (day < first.packagesFrom)
    return { wrong: `The first package set for Python ${python} is that of ${first.packagesFrom}` };
  if (day > today) return { wrong: `${day} is after today, ${today}: what will be uploaded by then is not known` };
  return { flag, python, day };
}

/**
 * Whether packages that are asked for by their names alone are those of the Pyodide's own lock: with a package set, and on any
 * Pyodide but the newest, which a Worker has for the date that it was written at.
 */
export function pinsBareNames(
  pyodide: PyodideRelease,
  packageSet: PackageSet | undefined,
  { pyodides }: CompatibilityTable = compatibilityTable,
): boolean {
  return packageSet !== undefined || pyodide.version !== pyodides.at(-1)?.version;
}
