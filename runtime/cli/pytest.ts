// blockon pytest: runs a folder of tests by pytest inside the runtime, each on a fiber; for this project's own tests.
import { existsSync } from "node:fs";
import path from "node:path";
import { defaultDeadlockWarningSeconds } from "../config/blockon_table.ts";
import { resolveCompatibility } from "../config/compatibility.ts";
import { todayUtc } from "../config/dates.ts";
import { guestTree, workerMount } from "../packages/guest_files.ts";
import { packageFolder } from "../packages/python_packages.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { startCompanion } from "./companion.ts";

/** A server for the tests, outside of the runtime: its URL is the variable BLOCKON_TEST_SERVER. */
const serverFile = "server.mjs";

/** Resolves with pytest's exit code. `env` becomes the environment of the interpreter. */
export async function runPytest(
  folder: string,
  pytestArguments: readonly string[],
  env: { readonly [name: string]: string },
  flags: readonly string[] = [],
): Promise<number> {
  const root = path.resolve(folder);
  const packages = await packageFolder(root, () => process.stderr.write("installing the tests' Python packages\n"));
  const today = todayUtc();
  const source = {
    place: () => "--flag",
    assignment: (given: readonly string[]) => given.map((flag) => `--flag ${flag}`).join(" "),
  };
  const { features } = resolveCompatibility(today, ["python_workers", ...flags], source, today);
  const serverModule = path.join(root, serverFile);
  const server = existsSync(serverModule) ? await startCompanion(serverModule) : undefined;
  const { promise, resolve } = Promise.withResolvers<number>();
  const worker = new WorkerHost({
    name: "pytest",
    describe: () => ({
      name: "pytest",
      main: "",
      folder: workerMount,
      ...guestTree(root, packages),
      features: [...features],
      env: {},
      pythonEnv: { PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1", ...(server && { BLOCKON_TEST_SERVER: server.url }), ...env },
      runSync: features.has("python_run_sync"),
      deadlockWarningSeconds: defaultDeadlockWarningSeconds,
      threadGraceSeconds: 0,
    }),
    onLog: (_level, text) => {
      process.stderr.write(`${text}\n`);
    },
    onOutput: (stream, text) => {
      process[stream].write(text);
    },
    onExit: resolve,
  });
  await worker.run("blockon._pytest", JSON.stringify([...pytestArguments]));
  const code = await promise;
  await worker.stop();
  await server?.close();
  return code;
}
