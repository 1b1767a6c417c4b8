// How much C stack Python may use, given V8's stacks: its recursion check must fire before V8's stack ends.
//
// A C frame takes bytes on both; the pass check-frames sees to it that the ratio has a bound. Measured over the recursions of
// ctests/runtime/recursion.test.ts in Liftoff's code, the larger of V8's two: at most 5.5 bytes of V8's stack for one of C's.
import { defaultStackKib } from "./v8_flags.mjs";

/** Bytes of V8's stack that are set aside for one byte of C stack. */
const v8BytesPerByte = 7;
/** What a fiber's region holds (jspi/guest/stack_region.h), and the most that the main stack is given. */
const mostBytes = 256 * 1024;

/** The value of a V8 flag that sets a size in KiB; V8's default when it is not given. */
export function stackFlagKib(flag: string, nodeArguments: readonly string[]): number {
  const wanted = flag.replaceAll("_", "-");
  let kib = defaultStackKib;
  nodeArguments.forEach((argument, index) => {
    const [name, value] = argument.split("=", 2);
    if (name?.replaceAll("_", "-") !== wanted) return;
    const size = Number(value ?? nodeArguments[index + 1]);
    if (Number.isInteger(size) && size > 0) kib = size;
  });
  return kib;
}

/** Bytes of C stack that a V8 stack of this size can follow. */
export function stackBudget(v8StackKib: number): number {
  return Math.min(mostBytes, Math.floor((v8StackKib * 1024) / v8BytesPerByte / 16) * 16);
}

/** The budgets of this process's main thread, by the flags that Node was started with. */
export function stackBudgets(
  nodeArguments: readonly string[] = [...(process.env.NODE_OPTIONS ?? "").split(/\s+/), ...process.execArgv],
): { mainStackBudget: number; fiberStackBudget: number } {
  return {
    mainStackBudget: stackBudget(stackFlagKib("--stack-size", nodeArguments)),
    fiberStackBudget: stackBudget(stackFlagKib("--wasm-stack-switching-stack-size", nodeArguments)),
  };
}
