// The packages of a Worker that is served: what its configuration and the command line say of them, and what the log gets.
import type { WorkerConfig } from "../config/wrangler.ts";
import type { Log } from "../log.ts";
import { packageFolder } from "./python_packages.ts";
import { targetOf } from "./target.ts";

/**
 * The folder with a Worker's packages, installed if need be; undefined when it has none.
 * @param wheels The command line's folder or URL of Pyodide's own wheels, which goes before the configuration's.
 */
export function workerPackages(
  config: WorkerConfig,
  wheels: string | undefined,
  log: Log,
): Promise<string | undefined> {
  return packageFolder(config.folder, () => log.info("installing the Worker's Python packages"), {
    packageSet: config.compatibility.packageSet,
    wheels: wheels ?? config.wheels,
    sources: config.packageSources,
    target: () => targetOf(config.python.runs),
    onNotice: (line) => log.warn(line),
  });
}
