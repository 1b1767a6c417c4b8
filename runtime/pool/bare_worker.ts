// A Worker without a configuration: the files of a folder, with entry.py as its main module.
import { guestTree, workerMount } from "../packages/guest_files.ts";
import type { WorkerDescription } from "./host_options.ts";

/** @param given What is otherwise than with the defaults. @param packages The folder of its packages. */
export function bareWorker(
  name: string,
  folder: string,
  given: Partial<WorkerDescription> = {},
  packages?: string,
): WorkerDescription {
  return {
    name,
    main: `${workerMount}/entry.py`,
    folder: workerMount,
    ...guestTree(folder, packages),
    features: ["python_workers"],
    env: {},
    pythonEnv: {},
    runSync: true,
    deadlockWarningSeconds: 0,
    threadGraceSeconds: 0,
    ...given,
  };
}
