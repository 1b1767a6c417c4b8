// A program of worker_snapshot.test.ts: tries to make the snapshots of Workers whose folders it is given, and prints why there are none.
import { bareWorker } from "../../../runtime/pool/bare_worker.ts";
import { baselineSnapshot } from "../../../runtime/snapshots/baseline.ts";
import { makeWorkerSnapshot, workerPlace } from "../../../runtime/snapshots/worker_snapshot.ts";

const baseline = await baselineSnapshot(true, {}, console.error);
if (baseline === undefined) throw new Error("there is no baseline snapshot");
const running = setInterval(() => undefined, 1000);
/** @type {Record<string, readonly string[]>} */
const refusals = {};
for (const folder of process.argv.slice(2)) {
  const worker = bareWorker("worker", folder);
  const place = workerPlace(worker, baseline);
  if (place !== undefined) refusals[folder] = (await makeWorkerSnapshot(place, worker)).refusals;
}
clearInterval(running);
process.stdout.write(`${JSON.stringify(refusals)}\n`, () => process.exit(0));
