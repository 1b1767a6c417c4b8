// `import { loadPyodide } from "blockon"`: Pyodide with blockon's run_sync, for those who embed it in Node.
//
// Exports what the package pyodide exports, under the same types. The interpreter lives in the caller's own realm and has all
// that Node has: it is no sandbox. docs/embedding.md tells what differs, and which V8 flags the process should run with.
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { PyodideAPI, PyodideConfig } from "pyodide";
import { interpreterImports, type OwnOptions, realmEngine } from "./engine.ts";
import { howToRepair, layout, pyodideVersion } from "./layout.ts";
import { codeOf, UserError } from "./user_error.ts";

export type * from "pyodide";
export { realmEngine };

/** The version of Pyodide, which is that of the package pyodide whose API this is. */
export const version: string = pyodideVersion;

type Loader = (options: PyodideConfig & { blockonEngine: object }) => Promise<PyodideAPI>;

/** The options of loadPyodide: those of the package pyodide, and blockon's own. */
export interface LoadOptions extends PyodideConfig, OwnOptions {}

/**
 * Same API and options as loadPyodide of the package pyodide, and some more. Its files are those of this package's own distribution, unless
 * `indexURL` names another folder that `./dev dist` has made.
 * Throws UserError when the distribution or the addon is missing, when V8's stacks are too small for Python, or when one of
 * blockon's own options cannot be.
 */
export async function loadPyodide(options: LoadOptions = {}): Promise<PyodideAPI> {
  const file = path.join(layout.distribution, "pyodide.mjs");
  let loader: Loader;
  try {
    ({ loadPyodide: loader } = (await import(pathToFileURL(file).href)) as { loadPyodide: Loader });
  } catch (error) {
    if (codeOf(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError(`${file}: the distribution of Pyodide ${pyodideVersion} is not there. ${howToRepair}`, {
      cause: error,
    });
  }
  const pyodide = await loader({ ...options, blockonEngine: interpreterImports(options) });
  if (options.input) {
    const module = pyodide.pyimport("blockon._host_input");
    module.read_from(options.input[Symbol.asyncIterator]());
    module.destroy();
  }
  return pyodide;
}
