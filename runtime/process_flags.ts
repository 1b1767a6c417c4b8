// V8's flags of a process of the command's. As the npm package has it, it takes them when its own modules are loaded, and not on its command
// line: Node's part of V8's code cache is bound to V8's usual flags, and under others Node compiles its own JavaScript at each start.
//
// V8 does not bear that a flag changes when wasm has been compiled. In a checkout that is so from the begin: what strips types in Node is wasm.
// There the launcher gives the flags on the command line.
import path from "node:path";
import { loadAddon } from "./addon.ts";
import { v8Arguments } from "./v8_flags.mjs";

const isSource = path.extname(import.meta.url) === ".ts";

/** What this process was not started with. */
let taken: readonly string[] | undefined;

/** Before any wasm is compiled, and for good. */
export function takeV8Flags(): void {
  if (taken !== undefined || isSource) return;
  taken = v8Arguments.filter((argument) => !process.execArgv.includes(argument));
  const { setV8Flag } = loadAddon();
  for (const argument of taken) setV8Flag(argument);
}

let pending: (() => Promise<void>) | undefined;

/** Has the flags taken before the first Worker's thread gets its options, and not yet. @param booted Resolves when Node's boot is over in all threads. */
export function takeV8FlagsLater(booted: () => Promise<void>): void {
  pending = booted;
}

/** Takes them at once: Node's boot is over in all threads. */
export function takeV8FlagsNow(): void {
  pending = undefined;
  takeV8Flags();
}

/** Takes the flags that are to be taken later. */
export async function beforePython(): Promise<void> {
  const booted = pending;
  if (booted === undefined) return;
  await booted();
  pending = undefined;
  takeV8Flags();
}

/** The arguments for Node that hold in this process, beside those of NODE_OPTIONS. */
export function nodeArguments(): string[] {
  return [...process.execArgv, ...(taken ?? [])];
}
