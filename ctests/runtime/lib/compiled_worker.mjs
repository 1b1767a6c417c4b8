// A program of compiled_code.test.ts: starts a Worker whose files are in the folder that it is given, waits, if told so, until what V8 has
// compiled is kept, and prints what was logged, what the Worker answered, and the places.
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { bareWorker } from "../../../runtime/pool/bare_worker.ts";
import { WorkerHost } from "../../../runtime/pool/worker_host.ts";
import { compiledPlaces, useCompiled } from "../../../runtime/snapshots/compiled.ts";

/** @type {string[]} */
const logs = [];
const onLog = (level, text) => logs.push(`${level}: ${text}`);
const [folder, waits] = process.argv.slice(2);
const worker = new WorkerHost({
  name: "compiled",
  describe: () => bareWorker("compiled", folder),
  onLog,
  onOutput: (_stream, text) => logs.push(`output: ${text}`),
});
const response = await worker.fetch({ method: "GET", url: "http://worker/", headers: [], body: null, client: "" });
const answer = await new Response(response.body).text();
const places = compiledPlaces();
const lock = `${places.code.file}.lock`;
if (waits) {
  while (!existsSync(lock)) await sleep(20);
  while (existsSync(lock)) await sleep(20);
}
const isUsed = useCompiled(onLog) !== undefined;
await worker.stop();
process.stdout.write(`${JSON.stringify({ logs, answer, places, isUsed })}\n`, () => process.exit(0));
