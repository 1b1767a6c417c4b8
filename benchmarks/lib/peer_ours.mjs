// blockon's, in a Worker as ./dev serve runs one: peer_ours.mjs URL PROGRAM PACKAGES.
import path from "node:path";
import { guestTree, workerMount } from "../../runtime/packages/guest_files.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { answerLines } from "./peer_loop.mjs";

const [url, program, packages] = process.argv.slice(2);
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

await answerLines(async (asked) => {
  printed = "";
  ended = Promise.withResolvers();
  await worker.run(path.basename(program, ".py"), JSON.stringify({ ...asked, url }));
  await ended.promise;
  return printed === "" ? { error: "the Worker ended" } : JSON.parse(printed);
});
