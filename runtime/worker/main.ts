// The entry of a Worker's thread: makes its realm, answers what the realm asks, passes requests in and responses out.
//
//   with a Worker's settings   realm, interpreter, settings: the Worker's module is loaded
//   without                    realm, or interpreter too; then it waits for them (settled.ts), and has seen nothing of any Worker's
//
// Everything here runs in Node's own context; the realm's values never get here, only primitives and bytes.
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { type BridgeValue, loadAddon, type SnapshotPlace } from "../addon.ts";
import { defaultAuthorities } from "../authorities.ts";
import { layout } from "../layout.ts";
import { bundled } from "../own_program.ts";
import { createRealm } from "../realm/create.ts";
import { messageOf } from "../user_error.ts";
import { readScripts, saveScripts } from "./compiled_scripts.ts";
import { exchangeOperations } from "./exchanges.ts";
import { readFiberList } from "./fiber_list.ts";
import { IdleCollection } from "./idle_collection.ts";
import { compressionOperations } from "./ops/compression.ts";
import { cryptoOperations } from "./ops/crypto.ts";
import { fileOperations } from "./ops/files.ts";
import { needNumber, needString, type Operation, type Operations } from "./ops/operations.ts";
import type { Outbound } from "./ops/outbound.ts";
import { tcpOperations } from "./ops/tcp.ts";
import { timerOperations } from "./ops/timers.ts";
import { valueOperations } from "./ops/values.ts";
import { socketOperations } from "./ops/websocket.ts";
import {
  type FromWorker,
  type GuestFile,
  type LogLevel,
  librariesOf,
  logLevels,
  type TakenSettings,
  type ToWorker,
  type WarmOptions,
  type WorkerOptions,
  type WorkerSettings,
} from "./protocol.ts";
import { Rehearsal } from "./rehearsal.ts";
import { Reproduction } from "./reproducible.ts";
import { Resets } from "./resets.ts";
import { type GuestPlace, type Settled, settle } from "./settled.ts";
import { SnapshotGuard } from "./snapshot_guard.ts";
import { bounded, mostCharacters, pieces } from "./text.ts";
import { joinLink } from "./thread_link.ts";
import { giveUpWorkingFolder } from "./working_folder.ts";

if (isMainThread) throw new Error("runtime/worker/main.ts is the entry of a worker thread");
giveUpWorkingFolder();
const options = (bundled().options ?? workerData) as WorkerOptions | WarmOptions;
const warm = "warm" in options ? options : undefined;
const idle = new IdleCollection();
const link = joinLink(options.channel, receive);

function post(message: FromWorker): void {
  link.post(message);
}

/** What the server's thread is to process of a text of the Worker's: that is bounded here, as it is the Worker's to say. */
function needText(value: BridgeValue): string {
  return bounded(needString(value), mostCharacters);
}

function log(level: LogLevel, text: string): void {
  post({ type: "log", level, text: bounded(text, mostCharacters) });
}

/** The realm's listener threw: its own code failed, which is the Worker's to know and no reason to end. */
function send(op: string, ...values: BridgeValue[]): BridgeValue {
  try {
    return realm.bridge.send(op, ...values);
  } catch (error) {
    log("error", `${op}: ${messageOf(error)}`);
    return undefined;
  }
}

/** The interpreter has begun, and may go on with another memory. */
const begun = Promise.withResolvers<void>();

const protocolOperations: Operations = {
  log: (level, text) => {
    log(logLevels.has(String(level)) ? (level as LogLevel) : "info", needString(text));
  },
  write: (stream, text) => {
    const known = stream === "stderr" ? "stderr" : "stdout";
    for (const piece of pieces(needString(text), mostCharacters)) post({ type: "write", stream: known, text: piece });
  },
  waiting: () => {
    post({ type: "warm" });
    begun.resolve();
  },
  rehearse: () => rehearsal.begin(),
  prepared: () => {
    if (warm?.warm === "imported") post({ type: "warm" });
  },
  ready: (noResets) => {
    if (noResets === null) resets.begin();
    post({ type: "ready", noResets: typeof noResets === "string" ? bounded(noResets, mostCharacters) : null });
  },
  failed: (text) => post({ type: "failed", text: needText(text) }),
  "snapshot.asked": () => JSON.stringify(guard.asked),
  "snapshot.impossible": (text) => post({ type: "impossible", text: needText(text) }),
  "snapshot.refused": (text) => post({ type: "refused", text: needText(text) }),
  fatal: (text) => post({ type: "fatal", text: needText(text) }),
  lasting: (lasting) => post({ type: "lasting", lasting: lasting === true }),
  exit: (code) => post({ type: "exit", code: needNumber(code) }),
  fibers: (stacks, text) => {
    post({ type: "fibers", stacks: stacks === true, answer: readFiberList(needString(text)) });
  },
  "fibers.error": (stacks, text) => {
    post({ type: "fibers", stacks: stacks === true, answer: { error: needText(text) } });
  },
};

const guard = new SnapshotGuard();
const exchanges = exchangeOperations(send, (message) => {
  if (!rehearsal.takes(message)) post(message);
});
const rehearsal = new Rehearsal(exchanges.receive, (why) => send("rehearsed", why));
const reproduction = options.reproducible && new Reproduction(options.reproducible);
const timers = timerOperations(reproduction?.sending(send) ?? send);
// There is none before there is a realm, and no fetch either.
const outbound: Outbound = {
  lookUp: (...question) => realm.engine.lookUp(...question),
  connectRefusal: (...place) => realm.engine.connectRefusal(...place),
};
const sockets = socketOperations(send, outbound);
const connections = tcpOperations(send, outbound);
const crypto = cryptoOperations(send);
const compression = compressionOperations(send);
const { distribution = layout.distribution } = options;
const files = fileOperations(distribution);

const operations = new Map<string, Operation>();

function offer(more: Operations): void {
  for (const [name, operation] of Object.entries(more)) operations.set(name, operation);
}

const resets = new Resets({
  bridge: () => realm.bridge,
  underWay: () => (settled?.underWay() ?? 0) + realm.engine.stats().live,
  done: (why, given) => post({ type: "reset", why: why === null ? null : bounded(why, mostCharacters), given }),
});

for (const more of [resets.operations, protocolOperations, valueOperations, files.operations]) offer(more);
for (const each of [exchanges, timers, sockets, connections, crypto, compression]) offer(each.operations);
if (reproduction !== undefined) offer(reproduction.operations(timers.operations["timer.start"] as Operation));

const { describe, isForeign } = loadAddon();

function logRejection(text: string): void {
  log("error", `a promise was rejected and nobody handled it: ${text}`);
}

// Of the host's own promises; those of the realm never get here.
process.on("unhandledRejection", (reason) => logRejection(describe(reason)));

// What a callback of the realm threw that V8 itself has called (a FinalizationRegistry's, a socket's listener) ends up here, where Node
// would look at it otherwise. No JavaScript of the host may: looking at a value of the realm runs code of the realm, with functions of
// the host at hand. An error of the host's own is a bug: what it left undone nobody knows, and the Worker starts anew.
process.on("uncaughtException", (error: unknown) => {
  const text = bounded(describe(error), mostCharacters);
  if (isForeign(error) || typeof error !== "object") log("error", `Uncaught ${text}`);
  else post({ type: "fatal", text });
});

const warn = (text: string): void => log("warn", text);

const realm = createRealm(
  {
    compiledScripts: readScripts(options.scripts, warn),
    runSync: options.runSync,
    distribution,
    ...(options.maxFibers !== undefined && { maxFibers: options.maxFibers }),
    ...(options.preemptTasks !== undefined && { preemptTasks: options.preemptTasks }),
    ...(options.heapMib !== undefined && { heapMib: options.heapMib }),
    ...(options.switchSeed !== undefined && { switchSeed: options.switchSeed }),
    ...options.stackBudgets,
    authorities: defaultAuthorities,
    libraries: librariesIn(options.files),
    ...(options.snapshot !== undefined && { snapshot: options.snapshot }),
    ...(options.saveSnapshot !== undefined && { saveSnapshot: options.saveSnapshot }),
  },
  (op, ...values) => {
    const operation = operations.get(op);
    if (operation === undefined) throw new Error(`the host does not know the operation ${op}`);
    if (options.saveSnapshot !== undefined) guard.check(op);
    resets.note(op);
    return operation(...values);
  },
  logRejection,
  options.stackBytes,
);

if (realm.refusedScripts.length > 0) {
  warn(
    `V8 does not take the compiled scripts ${options.scripts?.file}, and compiles ${realm.refusedScripts.join(", ")}`,
  );
}

/** Where files are on the host is not for the realm, which lists and reads them by their names in there. */
function loadEvent(message: Extract<ToWorker, { type: "event" }>): Extract<ToWorker, { type: "event" }> {
  const { files: sources, ...rest } = JSON.parse(message.json) as { files: readonly GuestFile[] };
  files.replace(sources);
  return { ...message, json: JSON.stringify(rest) };
}

let settled: Settled | undefined;

function receive(message: ToWorker): void {
  idle.note();
  const isLast = message.type === "event" && message.event === "stop";
  if (isLast) resets.end();
  if (isLast && options.saveScripts !== undefined) saveScripts(options.saveScripts, realm, warn);
  if (message.type === "run") send("run", message.name, message.json);
  else if (message.type === "line") settled?.line(message.text);
  else if (message.type === "end") send("end", message.number, message.text);
  else if (message.type === "fibers") send("fibers", message.stacks);
  else if (message.type === "event" && message.event === "load") settled?.events.take(loadEvent(message));
  else if (message.type === "event" || message.type === "answer") {
    if (message.type === "event") resets.give();
    settled?.events.take(message);
  } else {
    if (message.type === "request") resets.give();
    exchanges.receive(message);
  }
}

/** As the engine has them: names and files by turns. */
function librariesIn(given: readonly GuestFile[]): string[] {
  return librariesOf(given).flatMap(({ target, source }) => [target, source]);
}

/** What is to be written: the memory of an interpreter that has started, or has loaded a Worker. */
const makesSnapshot =
  options.saveSnapshot === undefined ? null : "main" in options && options.main !== "" ? "worker" : "python";

const nothing = { path: [], preload: [] };

/** What an interpreter has before it is a Worker's. */
function before(): object {
  if (warm === undefined && makesSnapshot !== "python") return nothing;
  const { files: given, images = [], path } = options;
  files.add(given);
  return {
    path,
    preload: warm?.preload ?? [],
    mounts: images.map(({ mount }) => mount),
    firstImage: realm.engine.addImages(images),
  };
}

/** Has the interpreter start. @param place Of the Worker whose snapshot it may begin with. */
function boot(place: GuestPlace | null): void {
  const { features, pythonEnv, runSync, maxFibers } = options;
  const older = options.older === undefined ? null : { ...options.older, maxFibers };
  const { storageMib = null, reproducible } = options;
  const time = reproducible?.time ?? null;
  const waits = warm?.warm === "begun";
  const own = { features, pythonEnv, gateOpen: runSync, older, makesSnapshot, storageMib, time };
  const settings = { ...own, waits, rehearses: warm !== undefined };
  send("boot", JSON.stringify({ ...settings, place, ...before() }));
}

/** Has the interpreter find a snapshot to go on with. False where it cannot, which was told. */
function useSnapshot(place: SnapshotPlace): boolean {
  try {
    realm.engine.useSnapshot(place);
    return true;
  } catch (error) {
    post({ type: "refused", text: messageOf(error) });
    return false;
  }
}

/** It is a Worker's from now on. */
async function take(settings: TakenSettings): Promise<void> {
  rehearsal.cut();
  if (warm?.warm === "begun") await begun.promise;
  realm.engine.addLibraries(librariesIn(settings.libraries));
  if (settings.snapshot !== undefined && !useSnapshot(settings.snapshot)) return;
  begin(settings, (place) => send("place", JSON.stringify(place)));
}

/** @param boot Has the interpreter begin, if it has not. */
function begin(settings: WorkerSettings, boot: (place: GuestPlace) => void): void {
  const underWay = (): number =>
    [timers, sockets, connections, crypto, compression, exchanges, realm.engine].reduce(
      (sum, each) => sum + each.underWay(),
      0,
    );
  settled = settle(settings, { realm, send, post, log, outbound, sockets, offer, underWay });
  files.add(settings.files);
  settled.bind();
  boot(settled.place);
  settled.load();
}

idle.note();
post({ type: "meter", id: realm.engine.meter() });
if (warm !== undefined) {
  parentPort?.once("message", (settings: TakenSettings) => void take(settings));
  boot(null);
} else if (makesSnapshot === "python") {
  boot(null);
} else {
  begin(options as WorkerOptions, boot);
}
