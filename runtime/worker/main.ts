// The entry of a Worker's thread: makes its realm, answers what the realm asks, passes requests in and responses out.
//
// Everything here runs in Node's own context; the realm's values never get here, only primitives and bytes.
import { isMainThread, workerData } from "node:worker_threads";
import { type BridgeValue, loadAddon } from "../addon.ts";
import { defaultAuthorities } from "../authorities.ts";
import { layout } from "../layout.ts";
import { createRealm } from "../realm/create.ts";
import { messageOf } from "../user_error.ts";
import { readScripts, saveScripts } from "./compiled_scripts.ts";
import { exchangeOperations } from "./exchanges.ts";
import { readFiberList } from "./fiber_list.ts";
import { assetOperations } from "./ops/assets.ts";
import { compressionOperations } from "./ops/compression.ts";
import { cryptoOperations } from "./ops/crypto.ts";
import { eventOperations } from "./ops/events.ts";
import { fetchOperations } from "./ops/fetch.ts";
import { fileOperations } from "./ops/files.ts";
import { kvOperations } from "./ops/kv.ts";
import { needNumber, needString, type Operation, type Operations } from "./ops/operations.ts";
import type { Outbound } from "./ops/outbound.ts";
import { queueOperations } from "./ops/queues.ts";
import { tcpOperations } from "./ops/tcp.ts";
import { timerOperations } from "./ops/timers.ts";
import { valueOperations } from "./ops/values.ts";
import { socketOperations } from "./ops/websocket.ts";
import {
  type FromWorker,
  type GuestFile,
  type LogLevel,
  logLevels,
  sandboxBinding,
  type ToWorker,
  type WorkerOptions,
} from "./protocol.ts";
import { SnapshotGuard } from "./snapshot_guard.ts";
import { watchStandstill } from "./standstill.ts";
import { bounded, mostCharacters, pieces } from "./text.ts";
import { joinLink } from "./thread_link.ts";

if (isMainThread) throw new Error("runtime/worker/main.ts is the entry of a worker thread");
const options = workerData as WorkerOptions;
const link = joinLink(options.channel, receive);

function post(message: FromWorker): void {
  link.post(message);
}

const mostReportBytes = 64 * 1024 * 1024;

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

/** Lines of the terminal that have not come. */
let linesAsked = 0;

const protocolOperations: Operations = {
  log: (level, text) => {
    log(logLevels.has(String(level)) ? (level as LogLevel) : "info", needString(text));
  },
  write: (stream, text) => {
    const known = stream === "stderr" ? "stderr" : "stdout";
    for (const piece of pieces(needString(text), mostCharacters)) post({ type: "write", stream: known, text: piece });
  },
  ready: () => post({ type: "ready" }),
  failed: (text) => post({ type: "failed", text: needText(text) }),
  "snapshot.asked": () => JSON.stringify(guard.asked),
  "snapshot.impossible": (text) => post({ type: "impossible", text: needText(text) }),
  "snapshot.refused": (text) => post({ type: "refused", text: needText(text) }),
  fatal: (text) => post({ type: "fatal", text: needText(text) }),
  lasting: (lasting) => post({ type: "lasting", lasting: lasting === true }),
  exit: (code) => post({ type: "exit", code: needNumber(code) }),
  "line.ask": () => {
    if (options.terminal !== true) throw new Error("this Worker has no terminal");
    linesAsked += 1;
    post({ type: "line" });
  },
  report: (nameValue, bytes) => {
    const name = needString(nameValue);
    if (options.reports?.includes(name) !== true) throw new Error(`nobody asked for the report ${name}`);
    if (!(bytes instanceof Uint8Array)) throw new TypeError("expected bytes");
    if (bytes.byteLength > mostReportBytes) throw new RangeError(`a report has at most ${mostReportBytes} bytes`);
    post({ type: "report", name, bytes });
  },
  fibers: (stacks, text) => {
    post({ type: "fibers", stacks: stacks === true, answer: readFiberList(needString(text)) });
  },
  "fibers.error": (stacks, text) => {
    post({ type: "fibers", stacks: stacks === true, answer: { error: needText(text) } });
  },
};

const guard = new SnapshotGuard();
const exchanges = exchangeOperations(send, post);
const timers = timerOperations(send);
const { outboundFetch = false, services = {} } = options;
// There is none before there is a realm, and no fetch either.
const outbound: Outbound = {
  lookUp: (...question) => realm.engine.lookUp(...question),
  connectRefusal: (...place) => realm.engine.connectRefusal(...place),
};
const sockets = socketOperations(send, outbound);
const connections = tcpOperations(send, outbound);
const crypto = cryptoOperations(send);
const compression = compressionOperations(send);
const fetches = fetchOperations(send, {
  outbound,
  services,
  standard: typeof outboundFetch === "string" ? outboundFetch : undefined,
  sockets,
});

const kv = options.kv && kvOperations(send, options.kv);

const queues = options.queues && queueOperations(send, options.queues);

const assets = options.assets && assetOperations(send, options.assets);
const workerServices = new Set(options.workerServices);
const callable = options.sandbox === undefined ? workerServices : new Set([...workerServices, sandboxBinding]);
const events = eventOperations(send, post, callable, (text) => bounded(text, mostCharacters));

const { distribution = layout.distribution } = options;
const files = fileOperations(options.files, distribution);

const operations = new Map<string, Operation>(
  Object.entries({
    ...protocolOperations,
    ...exchanges.operations,
    ...timers.operations,
    ...valueOperations,
    ...files.operations,
    ...fetches.operations,
    ...sockets.operations,
    ...connections.operations,
    ...crypto.operations,
    ...compression.operations,
    ...kv?.operations,
    ...queues?.operations,
    ...events.operations,
    ...assets?.operations,
  }),
);

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

const { images = [] } = options;
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
    ...(options.outbound !== undefined && { outbound: options.outbound }),
    authorities: defaultAuthorities,
    ...(options.snapshot !== undefined && { snapshot: options.snapshot }),
    ...(options.saveSnapshot !== undefined && { saveSnapshot: options.saveSnapshot }),
    images,
  },
  (op, ...values) => {
    const operation = operations.get(op);
    if (operation === undefined) throw new Error(`the host does not know the operation ${op}`);
    if (options.saveSnapshot !== undefined) guard.check(op);
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

function receive(message: ToWorker): void {
  const isLast = message.type === "event" && message.event === "stop";
  if (isLast && options.saveScripts !== undefined) saveScripts(options.saveScripts, realm, warn);
  if (message.type === "run") send("run", message.name, message.json);
  else if (message.type === "line") {
    linesAsked -= 1;
    send("line", message.text);
  } else if (message.type === "end") send("end", message.number, message.text);
  else if (message.type === "fibers") send("fibers", message.stacks);
  else if (message.type === "event" && message.event === "load") events.take(loadEvent(message));
  else if (message.type === "event" || message.type === "answer") events.take(message);
  else exchanges.receive(message);
}

const { deadlockWarningSeconds } = options;
if (deadlockWarningSeconds > 0) {
  watchStandstill(
    {
      fibers: () => realm.engine.stats().live,
      underWay: () =>
        [
          timers,
          fetches,
          sockets,
          connections,
          crypto,
          compression,
          exchanges,
          events,
          realm.engine,
          { underWay: () => linesAsked },
          ...[kv, queues, assets].filter((each) => each !== undefined),
        ].reduce((sum, each) => sum + each.underWay(), 0),
      standstill: () => needNumber(send("standstill") ?? -1),
      tell: () => {
        const text = send("standstill.news", deadlockWarningSeconds);
        if (typeof text === "string") log("warn", text);
      },
    },
    deadlockWarningSeconds,
  );
}

post({ type: "meter", id: realm.engine.meter() });
const { main, folder, path, features, env, pythonEnv, runSync, threadGraceSeconds } = options;
const names = {
  services: Object.keys(services),
  kvNamespaces: Object.keys(options.kv?.namespaces ?? {}),
  queues: Object.keys(options.queues?.producers ?? {}),
  workerServices: [...workerServices],
  assets: options.assets?.binding ?? null,
  terminal: options.terminal === true,
  sandbox: options.sandbox ?? null,
};
const bindings = { env, ...names, outboundFetch: outboundFetch !== false };
const { saveSnapshot } = options;
const makesSnapshot = saveSnapshot === undefined ? null : options.main === "" ? "python" : "worker";
const older = options.older === undefined ? null : { ...options.older, maxFibers: options.maxFibers };
const { tellsLasting = false } = options;
const mounts = images.map(({ mount }) => mount);
const storageMib = options.storageMib ?? null;
const settings = {
  pythonEnv,
  mounts,
  storageMib,
  gateOpen: runSync,
  threadGraceSeconds,
  tellsLasting,
  older,
  makesSnapshot,
};
send("boot", JSON.stringify({ main, folder, path, features, ...settings, ...bindings }));
