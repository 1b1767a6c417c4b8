// The packages of a Worker that is to start: installed, compiled, and in one image for all that have them.
import type { WorkerConfig } from "../config/wrangler.ts";
import type { Log } from "../log.ts";
import { openPackages, openSnapshot } from "../pack/artifact.ts";
import { imagePackages } from "../packages/cached_image.ts";
import type { Packages } from "../packages/guest_files.ts";
import { workerPackages } from "../packages/worker_packages.ts";
import { compilePackages } from "./compile_packages.ts";

/**
 * Undefined where it has none. An artifact has all of it. Throws UserError.
 * @param wheels The command line's folder or URL of Pyodide's own wheels.
 */
export async function preparePackages(
  config: WorkerConfig,
  wheels: string | undefined,
  log: Log,
): Promise<Packages | undefined> {
  if (config.artifact !== undefined) {
    openSnapshot(config.artifact);
    return openPackages(config.artifact);
  }
  const packages = await workerPackages(config, wheels, log);
  await compilePackages(packages, config.python.runs, log);
  imagePackages(packages, log);
  return packages;
}
