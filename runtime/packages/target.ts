// The platform that packages are for: a Pyodide, as pip is told of it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { compatibilityTable, type PyodideRelease } from "../config/compatibility_table.ts";
import { distributionFolder } from "../distributions.ts";
import { pyodideVersion } from "../layout.ts";
import { normalizedName } from "./package_name.ts";

/** A package of pyodide-lock.json: what Pyodide itself has of it. */
export interface LockedByPyodide {
  readonly name: string;
  readonly version: string;
  readonly file_name: string;
  readonly sha256: string;
  readonly package_type: string;
  readonly depends: readonly string[];
}

export interface Target {
  readonly pyodide: PyodideRelease;
  /** By normalized names. */
  readonly locked: ReadonlyMap<string, LockedByPyodide>;
  /** Each marker of requirements, and its value there. */
  readonly markers: { readonly [name: string]: string };
  /** Which wheels pip may choose. */
  readonly pipArguments: readonly string[];
  /** Wheels of metadata, of packages that the standard library has in place of their own files (tools/stand_ins.py). */
  readonly standIns: string;
}

interface PyodideLock {
  readonly info: { readonly python: string; readonly platform: string };
  readonly packages: { readonly [name: string]: LockedByPyodide };
}

/** The Pyodide that this runtime is made of. */
export function currentTarget(): Target {
  const pyodide = compatibilityTable.pyodides.find(({ version }) => version === pyodideVersion);
  if (pyodide === undefined) throw new Error(`the table of compatibility has no Pyodide ${pyodideVersion}`);
  return targetOf(pyodide);
}

/** Throws UserError where that Pyodide is not installed. */
export function targetOf(pyodide: PyodideRelease): Target {
  const distribution = distributionFolder(pyodide);
  const text = readFileSync(path.join(distribution, "pyodide-lock.json"), "utf8");
  const { info, packages } = JSON.parse(text) as PyodideLock;
  const python = pyodide.python.version;
  const abi = `cp${python.replace(".", "")}`;
  return {
    pyodide,
    locked: new Map(Object.values(packages).map((entry) => [normalizedName(entry.name), entry])),
    markers: {
      implementation_name: "cpython",
      implementation_version: info.python,
      os_name: "posix",
      platform_machine: "wasm32",
      platform_python_implementation: "CPython",
      // emscripten_5_0_3
      platform_release: info.platform.split("_").slice(1).join("."),
      platform_system: "Emscripten",
      platform_version: "#1",
      python_full_version: info.python,
      python_version: python,
      sys_platform: "emscripten",
    },
    pipArguments: [
      `--platform=${pyodide.platform}`,
      `--python-version=${python}`,
      "--implementation=cp",
      `--abi=${abi}`,
      "--abi=none",
      "--only-binary=:all:",
    ],
    standIns: path.join(distribution, "wheels"),
  };
}
