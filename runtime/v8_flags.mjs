// The V8 flags of every process that runs a Worker, in one place: the command takes them when it has loaded its modules
// (process_flags.ts), other programs are started with them. What V8 has compiled is bound to the flags it was made with.

/**
 * @typedef {object} V8Flag
 * @property {string} name
 * @property {number} [value] none where the name says all
 * @property {string} reason
 */

/** KiB that V8 takes without flags, of either kind. */
export const defaultStackKib = 984;

/** @type {readonly V8Flag[]} */
export const v8Flags = Object.freeze([
  {
    name: "--stack-size",
    value: 3900,
    reason:
      "KiB of V8's stack on the process's main thread (a Worker's thread has its own size). CPython's recursion check must " +
      "fire before V8's does: where V8's fires first, a RangeError unwinds CPython's frames and the interpreter is lost.",
  },
  {
    name: "--wasm-stack-switching-stack-size",
    value: 2560,
    reason:
      "KiB of V8's stack for one suspended task, reserved as addresses and committed as it is used: enough for all 256 " +
      "KiB of a fiber's C stack.",
  },
  {
    name: "--no-wasm-inlining-call-indirect",
    reason:
      "V8 inlines what an indirect call has mostly called so far, and falls back when it calls something else. CPython calls nearly " +
      "all by function pointers, to ever other targets: without it Python's code takes a sixth less, and compiling less time.",
  },
]);

/** The arguments for node. */
export const v8Arguments = Object.freeze(
  v8Flags.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
);

/**
 * What the command's processes are started with (launcher.mjs, jspi/launcher): V8 reads it when it makes a heap, and no code is bound to it. MiB
 * up to which a half of the space for young objects grows, 16 without. It grows slowly, by what outlives a collection, for as
 * long as a server answers, and Python's objects are not in it: more is memory, and saves no time.
 */
export const heapArguments = Object.freeze(["--max-semi-space-size=4"]);

/**
 * The same of the process's own thread alone, where it is begun with a bundle: that has so much space for young objects at once, and collects none of
 * what its start leaves. Before a thread is started, V8 has noYoungSpace again (bundled.cjs, process_flags.ts).
 */
export const youngSpace = "--min-semi-space-size=4";
export const noYoungSpace = "--min-semi-space-size=0";
