// What V8 may take of a Worker's thread.
import type { ResourceLimits } from "node:worker_threads";
import { stackBudget, stackBudgets, threadStackKib } from "../stack_budget.ts";
import type { WorkerOptions } from "../worker/protocol.ts";

/** MiB of a Worker's thread, of which Node keeps 192 KiB for itself. */
const threadStackMib = 4;
const stackKib = threadStackKib(threadStackMib);

/** MiB of JavaScript's young objects, both halves and what they are copied to: see heapArguments of v8_flags.mjs. */
const youngGenerationMib = 12;

export function resourceLimits(heapMb: number): ResourceLimits {
  return {
    maxOldGenerationSizeMb: heapMb,
    maxYoungGenerationSizeMb: youngGenerationMib,
    stackSizeMb: threadStackMib,
  };
}

/** The stack of a Worker's thread, and what of it Python may use. */
export function threadStack(): Pick<WorkerOptions, "stackBytes" | "stackBudgets"> {
  return {
    stackBytes: stackKib * 1024,
    stackBudgets: { mainStackBudget: stackBudget(stackKib), fiberStackBudget: stackBudgets().fiberStackBudget },
  };
}
