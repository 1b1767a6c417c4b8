// The thread that makes a snapshot: it starts an interpreter as a Worker's does, and writes its memory.
import { Worker } from "node:worker_threads";
import { defaultWorkerLimits } from "../config/limits.ts";
import { resourceLimits, threadStack } from "../pool/resource_limits.ts";
import { portsOf } from "../pool/worker_thread.ts";
import { beforePython } from "../process_flags.ts";
import { workerEntry } from "../worker/entry.ts";
import type { FromWorker, LogLevel, WorkerOptions } from "../worker/protocol.ts";
import { openLink } from "../worker/thread_link.ts";

export type Log = (level: LogLevel, text: string) => void;

interface Made {
  readonly options: Omit<WorkerOptions, "channel" | "stackBytes" | "stackBudgets">;
  readonly timeoutMs: number;
  readonly execArgv?: string[];
}

/** Resolves when the file is written, or with the lines that say why there can be none. Rejects when the thread fails. */
export async function runMaker({ options, timeoutMs, execArgv }: Made): Promise<readonly string[]> {
  await beforePython();
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  const receive = (message: FromWorker): void => {
    if (message.type === "ready") resolve([]);
    else if (message.type === "impossible") resolve(linesOf(message.text));
    else if (message.type === "failed" || message.type === "fatal" || message.type === "refused") {
      reject(new Error(message.text));
    }
  };
  const { link, number } = openLink(receive);
  const workerData: WorkerOptions = { ...options, ...threadStack(), channel: number };
  const thread = new Worker(workerEntry, {
    name: "snapshot",
    workerData,
    transferList: portsOf(options),
    resourceLimits: resourceLimits(defaultWorkerLimits.heapMb),
    env: {},
    ...(execArgv !== undefined && { execArgv }),
  });
  thread.unref();
  const late = (): void => reject(new Error(`it was not made within ${timeoutMs / 1000} s`));
  const timer = setTimeout(late, timeoutMs);
  thread.on("error", reject);
  thread.on("exit", (code) => {
    link.drain();
    reject(new Error(`the thread that makes it ended with code ${code}`));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
    link.close();
  }
}

/** What the realm said, whatever it is. */
function linesOf(text: string): readonly string[] {
  const lines: unknown = JSON.parse(text);
  return Array.isArray(lines) ? lines.map(String) : [text];
}
