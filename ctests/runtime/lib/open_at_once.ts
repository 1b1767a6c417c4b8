// A thread that opens KV's database of each folder in turn, at the moment that the other one does.
import { parentPort, workerData } from "node:worker_threads";
import { openForWriting } from "../../../runtime/bindings/kv/database.ts";

const { folders, arrived } = workerData as { folders: string[]; arrived: Int32Array };
const threads = 2;
const problems: string[] = [];
for (const [i, folder] of folders.entries()) {
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < threads * (i + 1));
  try {
    openForWriting(folder).close();
  } catch (error) {
    problems.push(String(error));
  }
}
parentPort?.postMessage(problems);
