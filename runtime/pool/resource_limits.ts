// What V8 may take of a Worker's thread.
import type { ResourceLimits } from "node:worker_threads";
import { threadStackKib } from "../stack_budget.ts";

/** MiB of a Worker's thread, of which Node keeps 192 KiB for itself. */
const threadStackMib = 4;
export const stackKib = threadStackKib(threadStackMib);

export function resourceLimits(heapMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: heapMb, stackSizeMb: threadStackMib };
}
