// How much C stack Python may use, given V8's stacks: its recursion check must fire before V8's stack ends.
//
// A C frame takes bytes on both; the pass check-frames sees to it that the ratio has a bound. Measured over the recursions of
// ctests/runtime/recursion.test.ts in Liftoff's code, the larger of V8's two: at most 5.5 bytes of V8's stack for one of C's.
import { isMainThread, resourceLimits } from "node:worker_threads";
import { nodeArguments } from "./process_flags.ts";
import { UserError } from "./user_error.ts";
import { defaultStackKib, v8Arguments } from "./v8_flags.mjs";

/** Bytes of V8's stack that are set aside for one byte of C stack. */
const v8BytesPerByte = 7;
/** What a fiber's region holds (jspi/guest/stack_region.h), and the most that the main stack is given. */
const mostBytes = 256 * 1024;
/** Below these Python's recursion check ends its own start, or the start of a task; measured: 500 and 150. */
const leastMainKib = 600;
const leastFiberKib = 256;

/** The value of a V8 flag that sets a size in KiB; V8's default when it is not given. */
export function stackFlagKib(flag: string, given: readonly string[]): number {
  const wanted = flag.replaceAll("_", "-");
  let kib = defaultStackKib;
  given.forEach((argument, index) => {
    const [name, value] = argument.split("=", 2);
    if (name?.replaceAll("_", "-") !== wanted) return;
    const size = Number(value ?? given[index + 1]);
    if (Number.isInteger(size) && size > 0) kib = size;
  });
  return kib;
}

/** Bytes of C stack that a V8 stack of this size can follow. */
export function stackBudget(v8StackKib: number): number {
  return Math.min(mostBytes, Math.floor((v8StackKib * 1024) / v8BytesPerByte / 16) * 16);
}

/** KiB of V8's stack in a worker thread of this size: Node keeps a part for itself. */
export function threadStackKib(stackSizeMb: number): number {
  return stackSizeMb * 1024 - 192;
}

/** KiB of V8's stacks in this thread: the one that it runs on, and a suspended task's. */
export interface StackSizes {
  readonly mainKib: number;
  readonly fiberKib: number;
}

/** As the arguments that Node was started with say, and for a worker thread its resourceLimits. */
export function stackSizes(
  given: readonly string[] = [...(process.env.NODE_OPTIONS ?? "").split(/\s+/), ...nodeArguments()],
): StackSizes {
  return {
    mainKib:
      isMainThread || resourceLimits.stackSizeMb === undefined
        ? stackFlagKib("--stack-size", given)
        : threadStackKib(resourceLimits.stackSizeMb),
    fiberKib: stackFlagKib("--wasm-stack-switching-stack-size", given),
  };
}

/** The budgets of C stack in this thread. */
export function stackBudgets(sizes: StackSizes = stackSizes()): { mainStackBudget: number; fiberStackBudget: number } {
  return { mainStackBudget: stackBudget(sizes.mainKib), fiberStackBudget: stackBudget(sizes.fiberKib) };
}

/** Throws UserError when V8's stacks in this thread are too small for Python to start, or for a task to wait. */
export function checkStacks(sizes: StackSizes = stackSizes(), inMainThread: boolean = isMainThread): void {
  if (sizes.mainKib < leastMainKib) {
    const [where, what, advice] = inMainThread
      ? ["this process", "--stack-size", `leave that flag out, or start node with ${v8Arguments[0]}`]
      : ["this worker thread", "resourceLimits.stackSizeMb", "make it 1 or more when you start the thread"];
    throw new UserError(
      `V8's stack of ${where} holds ${sizes.mainKib} KiB (${what}), and Python needs ${leastMainKib} KiB: ${advice}.`,
    );
  }
  if (sizes.fiberKib < leastFiberKib) {
    const flag = "--wasm-stack-switching-stack-size";
    throw new UserError(
      `V8's stack of a suspended task holds ${sizes.fiberKib} KiB (${flag}), and Python needs ${leastFiberKib} KiB: ` +
        `leave that flag out, or start node with ${v8Arguments[1]}.`,
    );
  }
}
