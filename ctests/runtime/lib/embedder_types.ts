// For tsc, which reads it in ./dev check: what the package pyodide exports has the same type in blockon, in both directions.
import type * as stock from "pyodide";
import type * as blockon from "../../../runtime/index.ts";

type Assignable<From extends To, To> = From;
type Both<A extends B, B extends C, C = A> = [A, B, C];

export type Compared = [
  Both<stock.TypedArray, blockon.TypedArray>,
  Both<stock.PyodideAPI, blockon.PyodideAPI>,
  Both<stock.PyodideInterface, blockon.PyodideInterface>,
  Both<stock.PyodideConfig, blockon.PyodideConfig>,
  Both<stock.PyodideConfigWithDefaults, blockon.PyodideConfigWithDefaults>,
  Both<stock.Lockfile, blockon.Lockfile>,
  Both<stock.LockfileInfo, blockon.LockfileInfo>,
  Both<stock.LockfilePackage, blockon.LockfilePackage>,
  Both<stock.PackageData, blockon.PackageData>,
  Both<typeof stock.version, typeof blockon.version>,
  // One form more: `sealed`.
  Assignable<typeof blockon.loadPyodide, typeof stock.loadPyodide>,
  Assignable<typeof stock.loadPyodide, (options?: stock.PyodideConfig) => Promise<blockon.PyodideAPI>>,
];

// The whole module, for a program that takes either. The types of pyodide declare a default export that it has not.
export type Module = Assignable<typeof blockon, Omit<typeof stock, "default">>;
