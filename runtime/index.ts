// `import { loadPyodide } from "blockon"`: Pyodide with blockon's run_sync, for those who embed it in Node.
//
// Exports what the package pyodide exports, under the same types. The interpreter lives in the caller's own realm and has all
// that Node has: it is no sandbox, unless it is `sealed`. docs/embedding.md tells what differs, and which V8 flags the process should run with.
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { PyodideAPI, PyodideConfig } from "pyodide";
import { interpreterImports, type OwnOptions, realmEngine } from "./engine.ts";
import { howToRepair, layout, pyodideVersion } from "./layout.ts";
import { loadSealed, type SealedOptions, type SealedPyodide } from "./sealed/sealed.ts";
import { codeOf, kindOf, UserError } from "./user_error.ts";

export type * from "pyodide";
export type { SealedFunction, SealedOptions, SealedPyodide } from "./sealed/sealed.ts";
export type { SealedValue } from "./sealed/values.ts";
export { realmEngine };

/** The version of Pyodide, which is that of the package pyodide whose API this is. */
export const version: string = pyodideVersion;

type Loader = (options: PyodideConfig & { blockonEngine: object }) => Promise<PyodideAPI>;

function isSealed(options: LoadOptions | SealedOptions): options is SealedOptions {
  const sealed: unknown = "sealed" in options ? options.sealed : undefined;
  if (sealed === undefined || sealed === false || sealed === true) return sealed === true;
  throw new UserError(`loadPyodide: the option sealed is ${kindOf(sealed)}; expected true or false.`);
}

/** The options of loadPyodide: those of the package pyodide, and blockon's own. */
export interface LoadOptions extends PyodideConfig, OwnOptions {}

/**
 * With `sealed: true` Python lives in a realm and a thread of its own, and has what the options give it: another API, by values that cross.
 *
 * Else: same API and options as loadPyodide of the package pyodide, and some more. Its files are those of this package's own distribution, unless
 * `indexURL` names another folder that `./dev dist` has made.
 * Throws UserError when the distribution or the addon is missing, when V8's stacks are too small for Python, or when one of
 * blockon's own options cannot be.
 */
export async function loadPyodide(options: SealedOptions): Promise<SealedPyodide>;
export async function loadPyodide(options?: LoadOptions): Promise<PyodideAPI>;
export async function loadPyodide(options: LoadOptions | SealedOptions = {}): Promise<PyodideAPI | SealedPyodide> {
  if (isSealed(options)) return loadSealed(options);
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
