// An interpreter that is reset: node reset.mjs RUNTIME FOLDER COUNT prints what each request takes with the reset after it, in us, as JSON.
// RUNTIME is the folder of the runtime's JavaScript (emitted.mjs).
import path from "node:path";
import { pathToFileURL } from "node:url";

const [runtime, folder, count] = process.argv.slice(2);
const from = (name) => import(pathToFileURL(path.join(runtime, "pool", name)).href);
const { bareWorker } = await from("bare_worker.js");
const { WorkerHost } = await from("worker_host.js");
/** Until V8 has compiled what they run. */
const FIRST = 500;

const worker = new WorkerHost({
  name: "reset",
  describe: () => bareWorker("reset", folder, { features: ["python_workers", "python_run_sync"], resets: true }),
  onLog: (_level, text) => process.stderr.write(`${text}\n`),
  onOutput: (_stream, text) => process.stderr.write(text),
});
const us = [];
for (let i = 0; i < FIRST + Number(count); i++) {
  const begin = performance.now();
  const response = await worker.fetch({ method: "GET", url: "http://worker/", headers: [], body: null, client: "" });
  if (response.status !== 200) throw new Error(`the Worker answered ${response.status}`);
  const why = worker.noResets ?? (await worker.reset());
  if (why !== null) throw new Error(`the interpreter was not reset: ${why}`);
  if (i >= FIRST) us.push((performance.now() - begin) * 1000);
}
await worker.stop();
process.stdout.write(`${JSON.stringify(us)}\n`, () => process.exit(0));
