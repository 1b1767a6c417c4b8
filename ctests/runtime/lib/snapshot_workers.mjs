// A program of baseline_snapshot.test.ts: starts two Workers, whose files are in the folder that it is given, and prints what was logged
// and what each one answered.
import { bareWorker } from "../../../runtime/pool/bare_worker.ts";
import { WorkerHost } from "../../../runtime/pool/worker_host.ts";

/** @type {string[]} */
const logs = [];
const [folder, runSync = "on"] = process.argv.slice(2);
const answers = [];
for (const name of ["one", "two"]) {
  const worker = new WorkerHost({
    name,
    describe: () =>
      bareWorker(name, folder, {
        pythonEnv: { WHO: name, ...(process.env.HASH_SEED && { PYTHONHASHSEED: "1" }) },
        runSync: runSync === "on",
      }),
    onLog: (level, text) => logs.push(`${level}: ${text}`),
    onOutput: (_stream, text) => logs.push(`output: ${text}`),
  });
  const response = await worker.fetch({ method: "GET", url: "http://worker/", headers: [], body: null, client: "" });
  answers.push(await new Response(response.body).json());
  await worker.stop();
}
// What compiles packages to bytecode stays for a while.
process.stdout.write(`${JSON.stringify({ logs, answers })}\n`, () => process.exit(0));
