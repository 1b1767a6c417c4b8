// `import { loadPyodide } from "blockon"`: Pyodide with blockon's run_sync, for those who embed it in Node.
//
// The interpreter lives in the caller's own realm and has all that Node has: it is no sandbox. One realm has one engine, and
// so one gate; interpreters loaded one after another share it. The process should run with the V8 flags of v8_flags.mjs.
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { PyodideAPI, PyodideConfig } from "pyodide";
import { type Engine, loadAddon } from "./addon.ts";
import { howToRepair, layout, pyodideVersion } from "./layout.ts";
import { stackBudgets } from "./stack_budget.ts";
import { codeOf, UserError } from "./user_error.ts";

export type { PyodideAPI };

type Loader = (config: PyodideConfig & { blockonEngine: object }) => Promise<PyodideAPI>;

let engine: Engine | undefined;

/** The engine of this realm; its stats() tell of fibers that are alive. */
export function realmEngine(): Engine {
  engine ??= loadAddon().createEngine(globalThis, { runSync: true, ...stackBudgets() });
  return engine;
}

/**
 * Same API and options as loadPyodide of the package pyodide; `indexURL` is this package's own distribution unless given.
 * Throws UserError when the distribution or the addon is missing.
 */
export async function loadPyodide(config: PyodideConfig = {}): Promise<PyodideAPI> {
  const indexURL = config.indexURL ?? layout.distribution;
  const file = path.join(indexURL, "pyodide.mjs");
  let loader: Loader;
  try {
    ({ loadPyodide: loader } = (await import(pathToFileURL(file).href)) as { loadPyodide: Loader });
  } catch (error) {
    if (codeOf(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError(`${file}: the distribution of Pyodide ${pyodideVersion} is not there. ${howToRepair}`, {
      cause: error,
    });
  }
  return loader({ ...config, indexURL, blockonEngine: realmEngine().imports });
}
