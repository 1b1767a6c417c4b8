// What a Worker's settings come to in its thread: the operations that its realm may ask for beside those of every realm, and what is
// told of its fibers. A thread gets them once, at its start or later, and is that Worker's from then on.
import type { Realm } from "../realm/create.ts";
import { assetOperations } from "./ops/assets.ts";
import { type EventOperations, eventOperations } from "./ops/events.ts";
import { fetchOperations } from "./ops/fetch.ts";
import { kvOperations } from "./ops/kv.ts";
import { type LaterOperations, needNumber, needString, type Operations, type SendToRealm } from "./ops/operations.ts";
import type { Outbound } from "./ops/outbound.ts";
import { queueOperations } from "./ops/queues.ts";
import type { SocketOperations } from "./ops/websocket.ts";
import { type FromWorker, type LogLevel, sandboxBinding, type WorkerSettings } from "./protocol.ts";
import { watchStandstill } from "./standstill.ts";
import { bounded, mostCharacters } from "./text.ts";

const mostReportBytes = 64 * 1024 * 1024;

export interface ThreadParts {
  readonly realm: Realm;
  readonly send: SendToRealm;
  readonly post: (message: FromWorker) => void;
  readonly log: (level: LogLevel, text: string) => void;
  readonly outbound: Outbound;
  readonly sockets: SocketOperations;
  /** Has operations that the realm can ask for from now on. */
  readonly offer: (operations: Operations) => void;
  /** What is under way of those that every realm has. */
  readonly underWay: () => number;
}

/** Where an interpreter finds a Worker's files. */
export interface GuestPlace {
  readonly folder: string;
  readonly mounts: readonly string[];
  readonly firstImage: number;
}

export interface Settled {
  readonly place: GuestPlace;
  readonly events: EventOperations;
  /** Has the realm make the Worker's bindings. */
  bind(): void;
  /** Has it load the Worker's module when there is an interpreter. */
  load(): void;
  /** Operations that will call the realm. */
  underWay(): number;
  /** Ends what goes on for the Worker, which leaves. */
  end(): void;
  /** A line of the terminal that was asked for. */
  line(text: string | null): void;
}

/** Has the realm find what the settings name. */
export function settle(settings: WorkerSettings, parts: ThreadParts): Settled {
  const { realm, send, post, outbound, sockets, offer } = parts;
  if (settings.outbound !== undefined) realm.engine.restrict(settings.outbound);
  const { outboundFetch = false, services = {}, images = [] } = settings;
  const firstImage = realm.engine.addImages(images);
  /** Lines of the terminal that have not come. */
  let linesAsked = 0;
  offer({
    "line.ask": () => {
      if (settings.terminal !== true) throw new Error("this Worker has no terminal");
      linesAsked += 1;
      post({ type: "line" });
    },
    report: (nameValue, bytes) => {
      const name = needString(nameValue);
      if (settings.reports?.includes(name) !== true) throw new Error(`nobody asked for the report ${name}`);
      if (!(bytes instanceof Uint8Array)) throw new TypeError("expected bytes");
      if (bytes.byteLength > mostReportBytes) throw new RangeError(`a report has at most ${mostReportBytes} bytes`);
      post({ type: "report", name, bytes });
    },
  });
  const fetches = fetchOperations(send, {
    outbound,
    services,
    standard: typeof outboundFetch === "string" ? outboundFetch : undefined,
    sockets,
  });
  const kv = settings.kv && kvOperations(send, settings.kv);
  const queues = settings.queues && queueOperations(send, settings.queues);
  const assets = settings.assets && assetOperations(send, settings.assets);
  const workerServices = new Set(settings.workerServices);
  const callable = settings.sandbox === undefined ? workerServices : new Set([...workerServices, sandboxBinding]);
  const events = eventOperations(send, post, callable, (text) => bounded(text, mostCharacters));
  const all: LaterOperations[] = [fetches, kv, queues, assets, events].filter((each) => each !== undefined);
  for (const { operations } of all) offer(operations);
  const underWay = (): number => all.reduce((sum, each) => sum + each.underWay(), linesAsked + parts.underWay());
  const unwatch = watch(settings.deadlockWarningSeconds, parts, underWay);
  const names = {
    services: Object.keys(services),
    kvNamespaces: Object.keys(settings.kv?.namespaces ?? {}),
    queues: Object.keys(settings.queues?.producers ?? {}),
    workerServices: [...workerServices],
    assets: settings.assets?.binding ?? null,
    sandbox: settings.sandbox ?? null,
  };
  const place = { folder: settings.folder, mounts: images.map(({ mount }) => mount), firstImage };
  return {
    place,
    events,
    bind() {
      send("bind", JSON.stringify({ env: settings.env, ...names }));
    },
    load() {
      const { main, path, threadGraceSeconds, tellsLasting = false, terminal = false, resets = false } = settings;
      const rest = { threadGraceSeconds, tellsLasting, resets, terminal, outboundFetch: outboundFetch !== false };
      send("settle", JSON.stringify({ main, path, ...place, ...rest }));
    },
    underWay,
    end() {
      unwatch();
      for (const each of all) each.end?.();
    },
    line(text) {
      linesAsked -= 1;
      send("line", text);
    },
  };
}

function watch(seconds: number, { realm, send, log }: ThreadParts, underWay: () => number): () => void {
  if (seconds <= 0) return () => {};
  return watchStandstill(
    {
      fibers: () => realm.engine.fibers(),
      underWay,
      standstill: () => needNumber(send("standstill") ?? -1),
      tell: () => {
        const text = send("standstill.news", seconds);
        if (typeof text === "string") log("warn", text);
      },
    },
    seconds,
  );
}
