// V8's flags of a process of the command's. As the npm package has it, it takes them when its own modules are loaded, and not on its command
// line: Node's part of V8's code cache is bound to V8's usual flags, and under others Node compiles its own JavaScript at each start.
//
// V8 does not bear that a flag changes when wasm has been compiled. In a checkout that is so from the begin: what strips types in Node is wasm.
// There the launcher gives the flags on the command line.
import path from "node:path";
import { loadAddon } from "./addon.ts";
import { defaultStackKib, noYoungSpace, v8Arguments, v8Flags } from "./v8_flags.mjs";

const isSource = path.extname(import.meta.url) === ".ts";

/** What this process was not started with, and has taken or will take before it runs Python. */
let own: readonly string[] | undefined;
let hasTaken = false;

function ownFlags(): readonly string[] {
  own ??= v8Arguments.filter((argument) => !process.execArgv.includes(argument));
  return own;
}

/** What V8 is to be told. */
export const flagsToTake = (): string[] => (isSource ? [] : [noYoungSpace, ...ownFlags()]);

/** Before any wasm is compiled, and for good. Those that it has by then stay as they are. */
export function takeV8Flags(): void {
  if (hasTaken || isSource) return;
  hasTaken = true;
  const { setV8Flag } = loadAddon();
  for (const argument of flagsToTake()) setV8Flag(argument);
}

/** Has V8 go by its usual ones again, to which what it makes of scripts is bound. No wasm runs any more. */
export function giveBackV8Flags(): void {
  const { setV8Flag } = loadAddon();
  for (const { name, value } of v8Flags) {
    setV8Flag(value === undefined ? name.replace(/^--no-/, "--") : `${name}=${defaultStackKib}`);
  }
}

let pending: (() => Promise<void>) | undefined;

/** Has the flags taken before the first Worker's thread gets its options, and not yet. @param booted Resolves when Node's boot is over in all threads. */
export function takeV8FlagsLater(booted: () => Promise<void>): void {
  pending = booted;
  if (!isSource) ownFlags();
}

/** Takes the flags that are to be taken later. */
export async function beforePython(): Promise<void> {
  const booted = pending;
  if (booted === undefined) return;
  await booted();
  pending = undefined;
  takeV8Flags();
}

/** The arguments for Node that hold in this process when it runs Python, beside those of NODE_OPTIONS. */
export function nodeArguments(): string[] {
  return [...process.execArgv, ...(own ?? [])];
}
