// A guest of a Worker's thread: its realm, answers to what that asks, and the way of requests in and of responses out. A thread may have
// several (main.ts), which know nothing of each other.
//
//   with a Worker's settings   realm, interpreter, settings: the Worker's module is loaded
//   without                    realm, or interpreter too; then it waits for them (settled.ts), and has seen nothing of any Worker's
//
// Everything here runs in Node's own context; the realm's values never get here, only primitives and bytes.
import type { BridgeValue, SnapshotPlace } from "../addon.ts";
import type { Realm } from "../realm/create.ts";
import { messageOf } from "../user_error.ts";
import { saveScripts } from "./compiled_scripts.ts";
import { EarlyRequests } from "./early_requests.ts";
import { type ExchangeOperations, exchangeOperations } from "./exchanges.ts";
import { readFiberList } from "./fiber_list.ts";
import { compressionOperations } from "./ops/compression.ts";
import { cryptoOperations } from "./ops/crypto.ts";
import { type FileOperations, fileOperations } from "./ops/files.ts";
import {
  type LaterOperations,
  needNumber,
  needString,
  type Operation,
  type Operations,
  type SendToRealm,
} from "./ops/operations.ts";
import type { Outbound } from "./ops/outbound.ts";
import { tcpOperations } from "./ops/tcp.ts";
import { timerOperations } from "./ops/timers.ts";
import { valueOperations } from "./ops/values.ts";
import { type SocketOperations, socketOperations } from "./ops/websocket.ts";
import {
  type FromWorker,
  type GuestFile,
  type LogLevel,
  logLevels,
  type TakenSettings,
  type ToExchange,
  type ToWorker,
  type WarmOptions,
  type WorkerOptions,
  type WorkerSettings,
} from "./protocol.ts";
import { makeRealm, type RealmHost, takeRealmAhead } from "./realm_ahead.ts";
import { librariesIn, realmStart } from "./realm_start.ts";
import { nobody, Rehearsal } from "./rehearsal.ts";
import { Reproduction } from "./reproducible.ts";
import { Resets } from "./resets.ts";
import { type GuestPlace, type Settled, settle } from "./settled.ts";
import { SnapshotGuard } from "./snapshot_guard.ts";
import { bounded, mostCharacters, pieces } from "./text.ts";
import type { ThreadLink } from "./thread_link.ts";

/** What the server's thread is to process of a text of the Worker's: that is bounded here, as it is the Worker's to say. */
function needText(value: BridgeValue): string {
  return bounded(needString(value), mostCharacters);
}

const nothing = { path: [], preload: [] };

/** What the thread does for its guests. */
export interface GuestThread {
  /** This one is about to run. */
  readonly enter: (guest: Guest) => void;
  /** It was told something: the thread is not idle. */
  readonly note: () => void;
  /** Resolves when V8 has collected what the start has left, or somebody waits for it. */
  readonly collected: (isCut: () => boolean) => Promise<void>;
  /** What one that was nobody's is settled with. */
  readonly settings: () => TakenSettings;
  /** It has left. */
  readonly left: (guest: Guest) => void;
}

export class Guest {
  readonly #options: WorkerOptions | WarmOptions;
  readonly #warm: WarmOptions | undefined;
  readonly #thread: GuestThread;
  readonly #link: ThreadLink<FromWorker>;
  readonly #operations = new Map<string, Operation>();
  readonly #guard = new SnapshotGuard();
  /** The interpreter has begun, and may go on with another memory. */
  readonly #begun = Promise.withResolvers<void>();
  readonly #exchanges: ExchangeOperations;
  readonly #early: EarlyRequests;
  readonly #rehearsal: Rehearsal;
  readonly #sockets: SocketOperations;
  readonly #files: FileOperations;
  readonly #outbound: Outbound;
  readonly #later: readonly LaterOperations[];
  readonly #resets: Resets;
  readonly #realm: Realm;
  /** What is to be written: the memory of an interpreter that has started, or has loaded a Worker. */
  readonly #makesSnapshot: "worker" | "python" | null;
  #settled: Settled | undefined;
  /** Somebody waits for it: a Worker. */
  #isTaken = false;
  #hasLeft = false;

  /** @param link Its way to the pool; what comes is for receive(). */
  constructor(options: WorkerOptions | WarmOptions, link: ThreadLink<FromWorker>, thread: GuestThread) {
    this.#options = options;
    this.#warm = "warm" in options ? options : undefined;
    this.#thread = thread;
    this.#link = link;
    const send = this.#send;
    const post = this.#post;
    const reproduction = options.reproducible && new Reproduction(options.reproducible);
    // There is none before there is a realm, and no fetch either.
    this.#outbound = {
      lookUp: (...question) => this.#realm.engine.lookUp(...question),
      connectRefusal: (...place) => this.#realm.engine.connectRefusal(...place),
    };
    this.#exchanges = exchangeOperations(send, (message) => {
      if (!this.#rehearsal.takes(message)) post(message);
    });
    this.#early = new EarlyRequests((message) => this.#exchange(message), post);
    this.#rehearsal = new Rehearsal(this.#exchanges.receive, (why) => send("rehearsed", why));
    const start = realmStart(options);
    const ahead = takeRealmAhead(start);
    const timers = timerOperations(reproduction?.sending(send) ?? send, ahead?.begin);
    this.#sockets = socketOperations(send, this.#outbound);
    const others = [tcpOperations(send, this.#outbound), cryptoOperations(send), compressionOperations(send)];
    this.#later = [this.#exchanges, timers, this.#sockets, ...others];
    this.#files = fileOperations(start.distribution);
    this.#resets = new Resets({
      bridge: () => this.#realm.bridge,
      underWay: () => (this.#settled?.underWay() ?? 0) + this.#realm.engine.fibers(),
      done: (why, given) => post({ type: "reset", why: why === null ? null : bounded(why, mostCharacters), given }),
    });
    const own = [this.#resets.operations, this.#protocolOperations(), valueOperations, this.#files.operations];
    for (const more of own) this.#offer(more);
    for (const each of this.#later) this.#offer(each.operations);
    if (reproduction !== undefined) {
      this.#offer(reproduction.operations(timers.operations["timer.start"] as Operation));
    }
    this.#makesSnapshot =
      options.saveSnapshot === undefined ? null : "main" in options && options.main !== "" ? "worker" : "python";
    const host = this.#realmHost();
    ahead?.adopt(host);
    this.#realm = ahead?.realm ?? makeRealm(start, host, this.#warn);
    if (this.#realm.refusedScripts.length > 0) {
      const names = this.#realm.refusedScripts.join(", ");
      this.#warn(`V8 does not take the compiled scripts ${options.scripts?.file}, and compiles ${names}`);
    }
    post({ type: "meter", id: this.#realm.engine.meter(), ...(ahead && { hasRealmAhead: true }) });
    thread.enter(this);
  }

  /** Has its interpreter start; its Worker, if it has one. */
  start(): void {
    if (this.#warm !== undefined || this.#makesSnapshot === "python") this.#boot(null);
    else this.#begin(this.#options as WorkerOptions, (place) => this.#boot(place));
  }

  /** It is a Worker's from now on. */
  async #take(settings: TakenSettings): Promise<void> {
    this.#isTaken = true;
    this.#rehearsal.cut();
    if (this.#warm?.warm === "begun") await this.#begun.promise;
    this.#realm.engine.addLibraries(librariesIn(settings.libraries));
    if (settings.snapshot !== undefined && !this.#useSnapshot(settings.snapshot)) return;
    this.#begin(settings, (place) => this.#send("place", JSON.stringify(place)));
  }

  /** What the thread spends from now on is this guest's. */
  enter(): void {
    this.#realm.engine.enter();
  }

  log(level: LogLevel, text: string): void {
    this.#post({ type: "log", level, text: bounded(text, mostCharacters) });
  }

  /** Its interpreter is lost. */
  fatal(text: string): void {
    this.#post({ type: "fatal", text: bounded(text, mostCharacters) });
  }

  /** Gives up what its memory has of its own that is what the snapshot has: nothing has come for a while. */
  trim(): void {
    try {
      this.#realm.engine.trim();
    } catch (error) {
      this.log("debug", messageOf(error));
    }
  }

  readonly #post = (message: FromWorker): void => {
    this.#link.post(message);
  };

  readonly #warn = (text: string): void => this.log("warn", text);

  /** The realm's listener threw: its own code failed, which is the Worker's to know and no reason to end. */
  readonly #send: SendToRealm = (op, ...values) => {
    // What the host had begun for it ends later.
    if (this.#hasLeft) return undefined;
    this.#thread.enter(this);
    try {
      return this.#realm.bridge.send(op, ...values);
    } catch (error) {
      this.log("error", `${op}: ${messageOf(error)}`);
      return undefined;
    }
  };

  /** It is ready for a Worker. */
  #tellWarm(): void {
    void this.#thread
      .collected(() => this.#isTaken || this.#hasLeft)
      .then(() => {
        if (!this.#hasLeft) this.#post({ type: "warm" });
      });
  }

  #offer(more: Operations): void {
    for (const [name, operation] of Object.entries(more)) this.#operations.set(name, operation);
  }

  #protocolOperations(): Operations {
    const post = this.#post;
    return {
      log: (level, text) => {
        this.log(logLevels.has(String(level)) ? (level as LogLevel) : "info", needString(text));
      },
      write: (stream, text) => {
        const known = stream === "stderr" ? "stderr" : "stdout";
        for (const piece of pieces(needString(text), mostCharacters))
          post({ type: "write", stream: known, text: piece });
      },
      waiting: () => {
        this.#begun.resolve();
        this.#tellWarm();
      },
      rehearse: () => this.#rehearsal.begin(),
      // Who is settled meanwhile has operations of its own.
      "rehearse.settling": () => {
        if (this.#isTaken) return;
        const settled = this.#settle(nobody);
        settled.bind();
        settled.end();
      },
      prepared: () => {
        if (this.#warm?.warm === "imported") this.#tellWarm();
      },
      ready: (noResets) => {
        if (noResets === null) this.#resets.begin();
        post({ type: "ready", noResets: typeof noResets === "string" ? bounded(noResets, mostCharacters) : null });
        queueMicrotask(() => this.#early.begin());
      },
      failed: (text) => post({ type: "failed", text: needText(text) }),
      "snapshot.asked": () => JSON.stringify(this.#guard.asked),
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
  }

  #realmHost(): RealmHost {
    return {
      handler: (op, ...values) => {
        const operation = this.#operations.get(op);
        if (operation === undefined) throw new Error(`the host does not know the operation ${op}`);
        // Of the snapshot that holds no Worker, what runs is our own.
        if (this.#makesSnapshot === "worker") this.#guard.check(op);
        this.#resets.note(op);
        return operation(...values);
      },
      rejected: (text) => this.log("error", rejectionText(text)),
    };
  }

  /** Where files are on the host is not for the realm, which lists and reads them by their names in there. */
  #loadEvent(message: Extract<ToWorker, { type: "event" }>): Extract<ToWorker, { type: "event" }> {
    const { files: sources, ...rest } = JSON.parse(message.json) as { files: readonly GuestFile[] };
    this.#files.replace(sources);
    return { ...message, json: JSON.stringify(rest) };
  }

  receive(message: ToWorker): void {
    this.#thread.note();
    if (this.#hasLeft) return;
    const send = this.#send;
    const isLast = message.type === "event" && message.event === "stop";
    if (isLast) this.#resets.end();
    const { saveScripts: place } = this.#options;
    if (isLast && place !== undefined) saveScripts(place, this.#realm, this.#warn);
    if (message.type === "leave") this.leave();
    else if (message.type === "taken") void this.#take(this.#thread.settings());
    else if (message.type === "run") send("run", message.name, message.json);
    else if (message.type === "line") this.#settled?.line(message.text);
    else if (message.type === "end") send("end", message.number, message.text);
    else if (message.type === "fibers") send("fibers", message.stacks);
    else if (message.type === "event" && message.event === "load") {
      this.#settled?.events.take(this.#loadEvent(message));
    } else if (message.type === "event" || message.type === "answer") {
      if (message.type === "event") this.#resets.give();
      this.#settled?.events.take(message);
    } else if (!this.#early.holds(message)) {
      this.#exchange(message);
    }
  }

  #exchange(message: ToExchange): void {
    if (message.type === "request") this.#resets.give();
    this.#exchanges.receive(message);
  }

  /** What an interpreter has before it is a Worker's. */
  #before(): object {
    if (this.#warm === undefined && this.#makesSnapshot !== "python") return nothing;
    const { files: given, images = [], path } = this.#options;
    this.#files.add(given);
    return {
      path,
      preload: this.#warm?.preload ?? [],
      mounts: images.map(({ mount }) => mount),
      firstImage: this.#realm.engine.addImages(images),
    };
  }

  /** Has the interpreter start. @param place Of the Worker whose snapshot it may begin with. */
  #boot(place: GuestPlace | null): void {
    const { features, pythonEnv, runSync, maxFibers, storageMib = null, reproducible } = this.#options;
    const older = this.#options.older === undefined ? null : { ...this.#options.older, maxFibers };
    const time = reproducible?.time ?? null;
    const waits = this.#warm?.warm === "begun";
    const makesSnapshot = this.#makesSnapshot;
    const own = { features, pythonEnv, gateOpen: runSync, older, makesSnapshot, storageMib, time };
    const settings = { ...own, waits, rehearses: this.#warm !== undefined };
    this.#send("boot", JSON.stringify({ ...settings, place, ...this.#before() }));
  }

  /** Has the interpreter find a snapshot to go on with. False where it cannot, which was told. */
  #useSnapshot(place: SnapshotPlace): boolean {
    try {
      this.#realm.engine.useSnapshot(place);
      return true;
    } catch (error) {
      this.#post({ type: "refused", text: messageOf(error) });
      return false;
    }
  }

  #settle(settings: WorkerSettings): Settled {
    const realm = this.#realm;
    const underWay = (): number => this.#later.reduce((sum, each) => sum + each.underWay(), realm.engine.underWay());
    return settle(settings, {
      realm,
      send: this.#send,
      post: this.#post,
      log: (level, text) => this.log(level, text),
      outbound: this.#outbound,
      sockets: this.#sockets,
      offer: (more) => this.#offer(more),
      underWay,
    });
  }

  /** @param boot Has the interpreter begin, if it has not. */
  #begin(settings: WorkerSettings, boot: (place: GuestPlace) => void): void {
    this.#settled = this.#settle(settings);
    this.#files.add(settings.files);
    this.#settled.bind();
    boot(this.#settled.place);
    this.#settled.load();
  }

  /** Ends what it has begun, and has V8 collect the realm and its memory when it likes. The thread goes on with its other guests. */
  leave(): void {
    this.#hasLeft = true;
    this.#settled?.end();
    for (const each of this.#later) each.end?.();
    this.#realm.dispose();
    this.#post({ type: "left" });
    this.#link.close();
    this.#thread.left(this);
  }
}

export function rejectionText(text: string): string {
  return `a promise was rejected and nobody handled it: ${text}`;
}
