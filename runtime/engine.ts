// The engine of an embedder's realm: the one that this module is loaded in, of a main or a worker thread.
//
// The package's own loadPyodide asks for it, and so does the loader of a distribution folder, which has this module beside
// it (patches/314.0.7/0012-own-engine.toml).
import { type Engine, loadAddon } from "./addon.ts";
import { defaultAuthorities } from "./authorities.ts";
import { aPositiveInteger, isFiberLimit } from "./max_fibers.ts";
import { checkStacks, stackBudgets } from "./stack_budget.ts";
import { switchSeed } from "./switching.ts";
import { kindOf, UserError } from "./user_error.ts";

let shared: Engine | undefined;

/**
 * What came of an interpreter's fibers that wait (jspi/guest/standstill.cc): nothing; the host's loop is to turn once more; one was
 * given an error; one was whose call began after the last error.
 */
const outcome = { none: 0, seen: 1, raised: 2, raisedAnew: 3 } as const;

/** Returns an outcome (patches/314.0.7/0032-standstill.toml). */
type BeforeExit = (locksOnly: number) => number;

/** Those of the interpreters that are alive, which hold them. */
const interpreters = new Set<WeakRef<BeforeExit>>();

function* alive(): Generator<BeforeExit> {
  for (const interpreter of interpreters) {
    const ask = interpreter.deref();
    if (ask === undefined) interpreters.delete(interpreter);
    else yield ask;
  }
}

/** Errors in a row in calls that began after the error before, while the host did nothing else: a program that retries for ever. */
const mostRetries = 10;
/** Turns of the loop between two errors when nothing but what the first one brought about happened. */
const ownTurns = 4;
let retries = 0;
let lastTurn = 0;

const turnsOfTheLoop = (): number => performance.nodeTiming.uvMetricsInfo.loopCount;

/** Asks until one raised: what that brings about may be what the others wait for. */
function askAll(locksOnly: boolean): number {
  let most: number = outcome.none;
  for (const ask of alive()) {
    most = Math.max(most, ask(locksOnly ? 1 : 0));
    if (most >= outcome.raised) break;
  }
  return most;
}

/**
 * The loop is empty: nothing can go on with a fiber that waits, so the interpreters end them, one after another. Those that wait
 * for another task come before those that wait for JavaScript, which may be another interpreter.
 */
function onBeforeExit(): void {
  if (turnsOfTheLoop() - lastTurn > ownTurns) retries = 0;
  if (retries >= mostRetries) return;
  const found = askAll(true) || askAll(false);
  if (found === outcome.none) return;
  if (found >= outcome.raised) lastTurn = turnsOfTheLoop();
  if (found === outcome.raisedAnew && ++retries === mostRetries) {
    process.stderr.write(
      `blockon: deadlock: ${mostRetries} calls in a row ended so, each begun after the one before: no further one is ended\n`,
    );
  }
  setImmediate(() => {});
}

function before_exit(interpreter: BeforeExit): void {
  if (interpreters.size === 0 && !process.listeners("beforeExit").includes(onBeforeExit)) {
    process.on("beforeExit", onBeforeExit);
  }
  interpreters.add(new WeakRef(interpreter));
}

/**
 * The engine of this realm, made at the first call. Throws UserError when the addon cannot be loaded, or when V8's stacks are too
 * small for Python.
 */
export function realmEngine(): Engine {
  if (shared === undefined) {
    checkStacks();
    const seed = switchSeed();
    shared = loadAddon().createEngine(globalThis, {
      runSync: true,
      ...(seed !== undefined && { switchSeed: seed }),
      ...stackBudgets(),
      authorities: defaultAuthorities,
    });
  }
  return shared;
}

/** What loadPyodide takes beside upstream's options. */
export interface OwnOptions {
  /** How many tasks of the interpreter may be alive at the same time, each on a stack of its own; 20,000 if not given. */
  maxFibers?: number;
  /** Whether a task that computes gives way to threads and to the host's loop, as a thread does to all; not if not given. */
  preemptTasks?: boolean;
  /** HTTP clients of Python send their requests by this function, where they would open a connection. */
  fetch?: (url: string, init: RequestInit) => Response | PromiseLike<Response>;
  /** A stream, as process.stdin, for `sys.stdin` and `input()`, which wait for what comes from it; in place of `stdin`. */
  input?: AsyncIterable<string | Uint8Array>;
  /** Whether sockets, `ssl` and HTTP clients are blockon's, as they are if not given, or those of stock Pyodide. */
  shims?: boolean;
  /** Not here: what asks for a realm of its own is to get one or an error. */
  sealed?: false;
}

function refuse(option: keyof OwnOptions, value: unknown, expected: string): never {
  throw new UserError(`loadPyodide: the option ${option} is ${kindOf(value)}; expected ${expected}.`);
}

/**
 * The imports of another interpreter, which is loaded with these options. Throws UserError as realmEngine does, and for an option
 * that cannot be.
 */
export function interpreterImports({ maxFibers, preemptTasks, fetch, input, shims, sealed }: OwnOptions): object {
  if (maxFibers !== undefined && !isFiberLimit(maxFibers)) refuse("maxFibers", maxFibers, aPositiveInteger);
  if (preemptTasks !== undefined && typeof preemptTasks !== "boolean") {
    refuse("preemptTasks", preemptTasks, "true or false");
  }
  if (fetch != null && typeof fetch !== "function") refuse("fetch", fetch, "a function");
  if (input != null && !(Symbol.asyncIterator in Object(input))) {
    refuse("input", input, "a stream: what has Symbol.asyncIterator");
  }
  if (shims !== undefined && typeof shims !== "boolean") refuse("shims", shims, "true or false");
  if (sealed)
    throw new UserError("loadPyodide: the option sealed is one of the npm package blockon, and not of this folder.");
  if (fetch != null && shims === false) {
    throw new UserError("loadPyodide: the option fetch is for clients that shims: false leaves as they are.");
  }
  return Object.assign(realmEngine().newImports(maxFibers, preemptTasks), { before_exit });
}
