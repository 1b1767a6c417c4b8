// blockon's, in a Worker: peer_ours.mjs URL PROGRAM PACKAGES.
import { benchWorker } from "./bench_worker.mjs";
import { answerLines } from "./peer_loop.mjs";

const [url, program, packages] = process.argv.slice(2);
await answerLines(benchWorker(url, program, packages));
