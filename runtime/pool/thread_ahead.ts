// The thread of a server's first Worker, which boots beside the command's own JavaScript (../bundled.cjs): whoever starts a thread takes it,
// if it was started with the same settings. It has seen nothing of any Worker's.
import { type MessagePort, type ResourceLimits, Worker } from "node:worker_threads";
import { bundled, type ThreadAhead } from "../own_program.ts";
import { flagsToTake } from "../process_flags.ts";
import { compiledPlaces } from "../snapshots/compiled.ts";
import { noteThreadUsed } from "../snapshots/start_record.ts";
import { workerEntry } from "../worker/entry.ts";
import type { ThreadAheadWork } from "../worker/protocol.ts";

export interface ThreadSetup {
  readonly name: string;
  readonly resourceLimits: ResourceLimits;
  /** Node's arguments; those of the process where there are none. */
  readonly execArgv: readonly string[] | undefined;
}

let isTaken = false;

function waiting(): ThreadAhead | undefined {
  const { ahead } = bundled();
  return isTaken || ahead?.isGone === true ? undefined : ahead;
}

/** Resolves when the thread has booted, if there is one. */
export async function threadBooted(): Promise<void> {
  await waiting()?.booted;
}

/**
 * Has a thread, once it has booted, make the realm that the last start noted, while this one reads what its Worker will be. It takes V8's flags for this
 * process, which has loaded by now what it needs of Node's.
 */
export function makeRealmAhead(): void {
  const ahead = waiting();
  if (ahead?.realm === undefined) return;
  // Noted by another version, it would begin with that one's code: V8 knows a script by its length.
  const { realm, scripts } = ahead.realm;
  if (scripts !== undefined && scripts.key !== compiledPlaces().scripts.key) return;
  const work: ThreadAheadWork = { realm, scripts, v8Flags: flagsToTake() };
  ahead.thread.postMessage(work);
}

/** Ends the thread if nobody has taken it. */
export async function dropThreadAhead(): Promise<void> {
  const ahead = waiting();
  isTaken = true;
  await ahead?.thread.terminate();
}

/** A thread with these options: the one that waits for them, where it has the same setup, or a new one. */
export function startThread(setup: ThreadSetup, workerData: object, transferList: readonly MessagePort[]): Worker {
  const settings = JSON.stringify(setup);
  const ahead = waiting();
  // One that has heard a message of Node's hears the next ones, which a thread that is nobody's asks for.
  if (ahead?.settings !== settings || "warm" in workerData) {
    const { execArgv, ...rest } = setup;
    const more = execArgv && { execArgv: [...execArgv] };
    return new Worker(workerEntry, { ...rest, ...more, workerData, transferList: [...transferList], env: {} });
  }
  isTaken = true;
  noteThreadUsed();
  ahead.thread.ref();
  // As of any other.
  ahead.thread.stdout.on("data", (piece) => process.stdout.write(piece));
  ahead.thread.stderr.on("data", (piece) => process.stderr.write(piece));
  ahead.thread.postMessage(workerData, transferList);
  return ahead.thread;
}
