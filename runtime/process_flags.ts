// V8's flags of a process of the command's, which takes them when its own modules are loaded, and not on its command line: Node's part of
// V8's code cache is bound to V8's usual flags, and under others Node compiles its own JavaScript at each start.
import { setFlagsFromString } from "node:v8";
import { argumentOf, usualArgument, v8Flags } from "./v8_flags.mjs";

/** What this process was not started with. */
let taken: readonly string[] | undefined;

/** Before Python's wasm is compiled, and before a Worker's thread starts. */
export function takeV8Flags(): void {
  if (taken !== undefined) return;
  const missing = v8Flags.filter((flag) => !process.execArgv.includes(argumentOf(flag)));
  taken = missing.map(argumentOf);
  for (const argument of taken) setFlagsFromString(argument);
  // What Node keeps of this process's modules, which it writes at the end, is for processes that begin without.
  process.once("exit", () => {
    for (const flag of missing) setFlagsFromString(usualArgument(flag));
  });
}

/** The arguments for Node that hold in this process, beside those of NODE_OPTIONS. */
export function nodeArguments(): string[] {
  return [...process.execArgv, ...(taken ?? [])];
}
