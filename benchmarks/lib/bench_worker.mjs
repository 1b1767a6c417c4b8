// A Worker as ./dev serve runs one, with the program of a benchmark.
import path from "node:path";
import { guestTree, workerMount } from "../../runtime/packages/guest_files.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";

/**
 * @param {string} url of the server @param {string} program a file of Python, whose main() takes what is asked as JSON and prints the
 *   answer @param {string} packages a folder of packages for Pyodide
 * @returns {(asked: {case: string, n: number}) => Promise<{us?: number, error?: string}>}
 */
export function benchWorker(url, program, packages) {
  let printed = "";
  /** @type {PromiseWithResolvers<void> | undefined} */
  let ended;
  const worker = new WorkerHost({
    name: "bench",
    describe: () => ({
      name: "bench",
      main: "",
      folder: workerMount,
      ...guestTree(path.dirname(program), packages),
      features: ["python_workers", "python_run_sync"],
      env: {},
      pythonEnv: {},
      runSync: true,
      deadlockWarningSeconds: 0,
    }),
    onLog: (_level, text) => process.stderr.write(`${text}\n`),
    onOutput: (stream, text) => {
      if (stream === "stdout") printed += text;
      else process.stderr.write(text);
    },
    onExit: () => ended?.resolve(),
  });
  return async (asked) => {
    printed = "";
    ended = Promise.withResolvers();
    await worker.run(path.basename(program, ".py"), JSON.stringify({ ...asked, url }));
    await ended.promise;
    return printed === "" ? { error: "the Worker ended" } : JSON.parse(printed);
  };
}
