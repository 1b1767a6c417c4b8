// The engines of an embedder's realm: the one that this module is loaded in, of a main or a worker thread.
//
// The package's own loadPyodide asks for them, and so does the loader of a distribution folder, which has this module beside
// it (patches/314.0.7/0012-own-engine.toml).
import { type Engine, type EngineStats, loadAddon } from "./addon.ts";
import { aPositiveInteger, isFiberLimit } from "./max_fibers.ts";
import { checkStacks, stackBudgets } from "./stack_budget.ts";
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
/** The `stats` of the engine of each. */
const statsOf = new WeakMap<BeforeExit, () => EngineStats>();

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

function newEngine(maxFibers?: number): Engine {
  checkStacks();
  const engine = loadAddon().createEngine(globalThis, {
    runSync: true,
    ...(maxFibers !== undefined && { maxFibers }),
    ...stackBudgets(),
  });
  const { stats } = engine;
  const before_exit = (interpreter: BeforeExit): void => {
    if (interpreters.size === 0 && !process.listeners("beforeExit").includes(onBeforeExit)) {
      process.on("beforeExit", onBeforeExit);
    }
    interpreters.add(new WeakRef(interpreter));
    statsOf.set(interpreter, stats);
  };
  Object.assign(engine.imports, { before_exit });
  return engine;
}

/** @param ofShared That of the engine that most interpreters share. */
function allStats(ofShared: () => EngineStats): EngineStats {
  const each = new Set([ofShared]);
  for (const interpreter of alive()) each.add(statsOf.get(interpreter) ?? ofShared);
  const all = [...each].map((stats) => stats());
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
  if (shared === undefined) {
    const engine = newEngine();
    shared = { ...engine, stats: () => allStats(engine.stats) };
  }
  return shared;
}

/** The engine for another interpreter; one of its own when it has a limit of fibers. Throws UserError as realmEngine does. */
export function interpreterEngine(maxFibers: unknown): Engine {
  if (maxFibers === undefined) return realmEngine();
  if (isFiberLimit(maxFibers)) return newEngine(maxFibers);
  throw new UserError(`loadPyodide: the option maxFibers is ${kindOf(maxFibers)}; expected ${aPositiveInteger}.`);
}
