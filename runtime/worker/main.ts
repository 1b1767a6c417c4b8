// The entry of a Worker's thread: its guest (guest.ts), one Worker or nobody yet, and further ones of the same tenant's, as the pool likes
// (../pool/shared_threads.ts).
//
// What is the thread's and not one guest's is here: errors that nobody caught, its idle times, and who runs.
import { isMainThread, type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { loadAddon } from "../addon.ts";
import { bundled } from "../own_program.ts";
import { Guest, rejectionText } from "./guest.ts";
import { IdleCollection } from "./idle_collection.ts";
import type { TakenSettings, ThreadAheadWork, WarmOptions, WorkerOptions } from "./protocol.ts";
import { makeRealmAhead } from "./realm_ahead.ts";
import { bounded, mostCharacters } from "./text.ts";
import { joinLink } from "./thread_link.ts";
import { giveUpWorkingFolder } from "./working_folder.ts";

if (isMainThread) throw new Error("runtime/worker/main.ts is the entry of a worker thread");
giveUpWorkingFolder();
/** The first one's, or what is to be done before they come. */
const given = (bundled().options ?? workerData) as WorkerOptions | WarmOptions | ThreadAheadWork;

const guests = new Set<Guest>();
/** Whose code has run last. */
let running: Guest | undefined;
const idle = new IdleCollection(() => {
  for (const guest of guests) guest.trim();
});

const { describe, isForeign } = loadAddon();

// Of the host's own promises, which may be anyone's that it does something for; those of a realm never get here.
process.on("unhandledRejection", (reason) => {
  for (const guest of guests) guest.log("error", rejectionText(describe(reason)));
});

// What a callback of a realm threw that V8 itself has called (a FinalizationRegistry's, a socket's listener) ends up here, where Node
// would look at it otherwise. No JavaScript of the host may: looking at a value of a realm runs code of the realm, with functions of
// the host at hand. An error of the host's own is a bug: what it left undone nobody knows, and all that are here start anew.
process.on("uncaughtException", (error: unknown) => {
  const text = describe(error);
  if (isForeign(error) || typeof error !== "object") running?.log("error", `Uncaught ${text}`);
  else for (const guest of guests) guest.fatal(text);
});

const thread = {
  enter(guest: Guest): void {
    if (running === guest) return;
    running = guest;
    guest.enter();
  },
  note: () => idle.note(),
  collected: (isCut: () => boolean) => idle.collected(isCut),
  // Asked for: what Node runs to tell a listener of its first message has run in no thread before.
  settings: () => receiveMessageOnPort(parentPort as MessagePort)?.message as TakenSettings,
  left(guest: Guest): void {
    guests.delete(guest);
    if (running === guest) running = undefined;
  },
};

/** Has a Worker, or nobody yet, begin in the thread; tells the pool why it cannot. */
function invite(given: WorkerOptions | WarmOptions): Guest | undefined {
  let guest: Guest | undefined;
  // What comes is received in a later turn.
  const link = joinLink(given.channel, (message) => guest?.receive(message));
  try {
    guest = new Guest(given, link, thread);
    guests.add(guest);
    idle.note();
    guest.start();
  } catch (error) {
    link.post({ type: "fatal", text: bounded(describe(error), mostCharacters) });
    if (guest !== undefined) {
      guest.leave();
    } else {
      link.post({ type: "left" });
      link.close();
    }
  }
  return guest;
}

function begin(options: WorkerOptions | WarmOptions): void {
  invite(options);
  if (!("warm" in options) && options.isShared === true) parentPort?.on("message", invite);
}

if ("realm" in given) {
  makeRealmAhead(given.realm);
  parentPort?.once("message", begin);
} else {
  begin(given);
}
