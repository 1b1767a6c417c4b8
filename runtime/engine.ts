// The engines of an embedder's realm: the one that this module is loaded in, of a main or a worker thread.
//
// The package's own loadPyodide asks for them, and so does the loader of a distribution folder, which has this module beside
// it (patches/314.0.7/0012-own-engine.toml).
import { type Engine, type EngineStats, loadAddon } from "./addon.ts";
import { aPositiveInteger, isFiberLimit } from "./max_fibers.ts";
import { checkStacks, stackBudgets } from "./stack_budget.ts";
import { kindOf, UserError } from "./user_error.ts";

/** The `stats` of each engine of this realm. */
const counts: (() => EngineStats)[] = [];
let shared: Engine | undefined;

/** 1 when the host's loop is to turn once more (patches/314.0.7/0032-standstill.toml). */
type BeforeExit = () => number;

/** Those of the interpreters that are alive, which hold them. */
const interpreters = new Set<WeakRef<BeforeExit>>();

/** The loop is empty: nothing can go on with a fiber that waits, so the interpreters end them, one after another. */
function onBeforeExit(): void {
  let again = false;
  for (const interpreter of interpreters) {
    const ask = interpreter.deref();
    if (ask === undefined) {
      interpreters.delete(interpreter);
    } else if (ask() !== 0) {
      again = true;
    }
  }
  if (again) setImmediate(() => {});
}

function newEngine(maxFibers?: number): Engine {
  checkStacks();
  const engine = loadAddon().createEngine(globalThis, {
    runSync: true,
    ...(maxFibers !== undefined && { maxFibers }),
    ...stackBudgets(),
  });
  const before_exit = (interpreter: BeforeExit) => interpreters.add(new WeakRef(interpreter));
  Object.assign(engine.imports, { before_exit });
  if (counts.length === 0) process.on("beforeExit", onBeforeExit);
  counts.push(engine.stats);
  return engine;
}

function allStats(): EngineStats {
  const all = counts.map((stats) => stats());
  const sum = (number: (stats: EngineStats) => number): number =>
    all.reduce((total, stats) => total + number(stats), 0);
  return {
    live: sum((stats) => stats.live),
    peak: sum((stats) => stats.peak),
    created: sum((stats) => stats.created),
    byState: all[0]?.byState.map((_, state) => sum((stats) => stats.byState[state] ?? 0)) ?? [],
  };
}

/**
 * The engine that the interpreters of this realm share, but for those with a limit of fibers of their own; made at the first
 * call. Its stats() tell of the fibers of all interpreters of the realm; the peak is the sum of theirs. Throws UserError when the
 * addon cannot be loaded, or when V8's stacks are too small for Python.
 */
export function realmEngine(): Engine {
  shared ??= { ...newEngine(), stats: allStats };
  return shared;
}

/** The engine for another interpreter; one of its own when it has a limit of fibers. Throws UserError as realmEngine does. */
export function interpreterEngine(maxFibers: unknown): Engine {
  if (maxFibers === undefined) return realmEngine();
  if (isFiberLimit(maxFibers)) return newEngine(maxFibers);
  throw new UserError(`loadPyodide: the option maxFibers is ${kindOf(maxFibers)}; expected ${aPositiveInteger}.`);
}
