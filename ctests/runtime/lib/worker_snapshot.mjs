// A program of worker_snapshot.test.ts: makes the snapshot of a Worker whose files are in the folder that it is given, starts it twice, and prints
// why there is no snapshot, what was logged and what each start answered.
import { appendFileSync } from "node:fs";
import path from "node:path";
import { bareWorker } from "../../../runtime/pool/bare_worker.ts";
import { WorkerHost } from "../../../runtime/pool/worker_host.ts";
import { baselineSnapshot } from "../../../runtime/snapshots/baseline.ts";
import { makeWorkerSnapshot, workerPlace } from "../../../runtime/snapshots/worker_snapshot.ts";

const [folder, makes = "make", packages] = process.argv.slice(2);
/** @type {string[]} */
const logs = [];
const log = (/** @type {string} */ level, /** @type {string} */ text) => logs.push(`${level}: ${text}`);
const describe = () => bareWorker("worker", folder, { env: { NAME: "a value" }, workerServices: ["OTHER"] }, packages);
const baseline = await baselineSnapshot(true, {}, log);
const place = baseline && workerPlace(describe(), baseline);
// As by who deploys while the server makes it.
if (makes === "change") appendFileSync(path.join(folder, "entry.py"), "# changed\n");
const running = setInterval(() => undefined, 1000);
const made = place && makes !== "find" ? await makeWorkerSnapshot(place, describe()) : { refusals: [] };
clearInterval(running);
const answers = [];
for (let i = 0; i < 2; i++) {
  const worker = new WorkerHost({
    name: "worker",
    snapshots: true,
    describe,
    onLog: log,
    onOutput: (_stream, text) => logs.push(`output: ${text}`),
  });
  const response = await worker.fetch({ method: "GET", url: "http://worker/", headers: [], body: null, client: "" });
  answers.push(await new Response(response.body).json());
  await worker.stop();
}
const result = { refusals: made.refusals, file: place?.file, base: place?.base?.file, logs, answers };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
