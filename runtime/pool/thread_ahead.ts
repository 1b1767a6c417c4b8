// The thread of a server's first Worker, which boots beside the command's own JavaScript (../bundled.cjs): whoever starts a thread takes it,
// if it was started with the same settings. It has seen nothing of any Worker's.
import { type MessagePort, type ResourceLimits, Worker } from "node:worker_threads";
import { bundled, type ThreadAhead } from "../own_program.ts";
import { compiledPlaces } from "../snapshots/compiled.ts";
import { noteThreadUsed } from "../snapshots/start_record.ts";
import { workerEntry } from "../worker/entry.ts";

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

/** Whether there is one that has booted by now. */
export function hasThreadBooted(): boolean {
  return waiting()?.hasBooted() === true;
}

/** Has a thread that has booted make the realm that the last start noted, while this one reads what its Worker will be. V8's flags are those of Python by now. */
export function makeRealmAhead(): void {
  const ahead = waiting();
  if (ahead?.realm === undefined) return;
  // Noted by another version, it would begin with that one's code: V8 knows a script by its length.
  const { scripts } = ahead.realm;
  if (scripts !== undefined && scripts.key !== compiledPlaces().scripts.key) return;
  ahead.thread.postMessage(ahead.realm);
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
  ahead.thread.postMessage(workerData, transferList);
  return ahead.thread;
}
