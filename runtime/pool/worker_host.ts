// One Worker: its thread, what it was asked and has not answered, and its end.
//
// A thread that is lost (a trap of the interpreter, out of memory, an exit) takes its unanswered requests with it: each is
// rejected with WorkerLostError, and the next request finds a new thread. No other Worker notices.
import path from "node:path";
import { type MessagePort, Worker } from "node:worker_threads";
import type { SnapshotPlace } from "../addon.ts";
import { defaultWorkerLimits, type WorkerLimits } from "../config/limits.ts";
import type { WorkerReport, WorkerState, WorkerUsage } from "../control/report.ts";
import type { Mask } from "../mask.ts";
import { baselineSnapshot, discardSnapshot } from "../snapshots/baseline.ts";
import { compileLater, useCompiled } from "../snapshots/compiled.ts";
import { discardWorkerSnapshot, isUsable, makeWorkerSnapshotLater, workerPlace } from "../snapshots/worker_snapshot.ts";
import { switchSeed } from "../switching.ts";
import { messageOf } from "../user_error.ts";
import type { FromExchange, FromWorker, ToWorker, WorkerOptions } from "../worker/protocol.ts";
import { bounded, mostCharacters } from "../worker/text.ts";
import { openLink, type ThreadLink } from "../worker/thread_link.ts";
import { Exchange, type GuestRequest, type GuestResponse } from "./exchange.ts";
import { FiberAsks, within } from "./fiber_asks.ts";
import { gist } from "./gist.ts";
import { type GuestEvent, GuestEvents } from "./guest_events.ts";
import { WorkerFailedError, type WorkerHostOptions, WorkerLostError } from "./host_options.ts";
import { threadPermissions } from "./permissions.ts";
import { resourceLimits, threadStack } from "./resource_limits.ts";
import { WorkerUse } from "./worker_use.ts";

/** How long a Worker that is asked what its fibers do may take. */
const reportTimeoutMs = 1000;
/** How long a Worker may take to end what it started. */
const stopTimeoutMs = 5000;
const defaultStartTimeoutMs = 60_000;

/** Its ways to what keeps the values of bindings. */
function portsOf({ kv, queues }: Pick<WorkerOptions, "kv" | "queues">): MessagePort[] {
  return [kv?.port, queues?.port].filter((port) => port !== undefined);
}

export class WorkerHost {
  readonly #options: WorkerHostOptions;
  readonly #exchanges = new Map<number, Exchange>();
  #thread: Worker | undefined;
  /** To that thread. */
  #link: ThreadLink<ToWorker> | undefined;
  #ready: Promise<void> | undefined;
  readonly #asks = new FiberAsks();
  readonly #events = new GuestEvents();
  readonly #switchSeed = switchSeed();
  readonly #limits: WorkerLimits;
  readonly #use: WorkerUse;
  #state: WorkerState = "not started";
  /** Why it ended. */
  #why: string | null = null;
  readonly #mask: Mask;
  #lastId = 0;
  #starts = 0;
  #stopped = false;
  #lasting = false;
  /** Has a snapshot made of the Worker, where there is none. */
  #makeSnapshot: (() => void) | undefined;

  constructor(options: WorkerHostOptions) {
    this.#options = options;
    this.#mask = options.mask ?? ((text) => text);
    this.#limits = options.limits ?? { ...defaultWorkerLimits, cpuMs: 0 };
    this.#use = new WorkerUse(this.#limits, {
      exchanges: this.#exchanges,
      events: this.#events,
      log: (level, text) => options.onLog(level, this.#mask(text)),
    });
  }

  /** Starts the thread if there is none; resolves when the Worker's module is loaded. */
  start(): Promise<void> {
    if (this.#stopped) return Promise.reject(new WorkerLostError("the Worker was stopped"));
    if (this.#ready === undefined) {
      this.#state = "starting";
      const ready = this.#launch();
      this.#ready = ready;
      ready.catch(() => {
        if (this.#ready !== ready) return;
        this.#ready = undefined;
        if (this.#thread === undefined) this.#state = "ended";
      });
    }
    return this.#ready;
  }

  /** Begins a request: what comes of it, and the way to give it up. */
  open(request: GuestRequest): Exchange {
    const exchange = new Exchange(++this.#lastId, request, this.#use);
    if (this.#state === "running" && !this.#stopped) {
      this.#begin(exchange);
    } else {
      this.start().then(
        () => this.#begin(exchange),
        (error: Error) => exchange.fail(error),
      );
    }
    return exchange;
  }

  /** Throws GuestError, WorkerFailedError or WorkerLostError. */
  fetch(request: GuestRequest): Promise<GuestResponse> {
    return this.open(request).response;
  }

  /** Hands the Worker something else than a request. Throws EventError, WorkerFailedError or WorkerLostError. */
  async send(event: GuestEvent): Promise<Uint8Array> {
    await this.start();
    const link = this.#link;
    if (link === undefined) throw new WorkerLostError("the Worker ended before the event reached it");
    const answer = this.#events.begin((id) => link.post({ type: "event", id, ...event }));
    // What loads may compute as long as a start may take.
    if (event.event !== "load") this.#use.watch();
    return answer;
  }

  /** Runs `main(json)` of a module: onExit is told its result, or 1 when it raises, after onLog was told what. */
  async run(name: string, json: string): Promise<void> {
    await this.start();
    this.#link?.post({ type: "run", name, json });
  }

  /** Requests, calls and triggers that it was given and has not answered. */
  get underWay(): number {
    return this.#exchanges.size + this.#events.size;
  }

  /** Whether something of what it was given goes on, if only in waitUntil; which is known of those that tell alone. */
  get isOccupied(): boolean {
    return this.underWay > 0 || this.#lasting;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** How often its thread was started. */
  get starts(): number {
    return this.#starts;
  }

  /** What it uses now. */
  get usage(): WorkerUsage {
    return this.#use.usage;
  }

  /** What its fibers do, as its Python tells it from its event loop; how it stands when that does not answer. */
  async report(stacks: boolean): Promise<WorkerReport> {
    const link = this.#link;
    const answer =
      link &&
      (await within(
        reportTimeoutMs,
        this.#asks.ask(stacks, () => link.post({ type: "fibers", stacks })),
      ));
    const common = { name: this.#options.name, state: this.#state, requests: this.underWay, usage: this.usage };
    if (answer !== undefined && "live" in answer) return { ...common, detail: null, ...answer };
    const unknown = { ...common, live: null, fibers: [] };
    if (this.#thread === undefined) return { ...unknown, detail: this.#why && gist(this.#why) };
    if (answer !== undefined) return { ...unknown, detail: gist(this.#mask(answer.error)) };
    const detail = `no answer within ${reportTimeoutMs / 1000} s`;
    return { ...unknown, state: this.#state === "running" ? "busy" : this.#state, detail };
  }

  /** Ends its thread at once, whatever it does. */
  async terminate(): Promise<void> {
    this.#stopped = true;
    this.#use.note();
    await this.#thread?.terminate();
  }

  /** Has the Worker end what it started (lifespans of ASGI applications), up to a time, then ends its thread. */
  async stop(): Promise<void> {
    const link = this.#link;
    if (link !== undefined && this.#state === "running") {
      const event = { event: "stop", json: "{}", bytes: null } as const;
      const ended = this.#events.begin((id) => link.post({ type: "event", id, ...event }));
      // Whether it failed, was lost or did not answer: it ends now. What failed was logged by the Worker.
      await within(
        stopTimeoutMs,
        ended.catch(() => undefined),
      );
    }
    this.#stopped = true;
    this.#use.note();
    await this.#thread?.terminate();
  }

  #begin(exchange: Exchange): void {
    const link = this.#link;
    if (exchange.isCancelled) {
      exchange.fail(new Error("the request was given up before the Worker was there"));
    } else if (link === undefined) {
      exchange.fail(new WorkerLostError("the Worker ended before the request reached it"));
    } else {
      this.#exchanges.set(exchange.id, exchange);
      this.#use.watch();
      exchange.begin((message) => link.post(message));
    }
  }

  async #launch(): Promise<void> {
    const description = this.#options.describe();
    const { runSync, pythonEnv, older } = description;
    const stack = threadStack();
    const { onLog } = this.#options;
    // Older Pyodides have no glue that maps one.
    const baseline = older === undefined ? await baselineSnapshot(runSync, pythonEnv, onLog) : undefined;
    const own = baseline && this.#options.snapshots ? workerPlace(description, baseline) : undefined;
    const hasOwn = own !== undefined && isUsable(own, onLog);
    const snapshot = hasOwn ? own : baseline;
    this.#makeSnapshot = own && !hasOwn ? () => makeWorkerSnapshotLater(own, description, onLog) : undefined;
    if (this.#stopped) {
      for (const port of portsOf(description)) port.close();
      throw new WorkerLostError("the Worker was stopped");
    }
    const scripts = older === undefined ? useCompiled(this.#options.onLog) : undefined;
    await this.#spawn({ ...description, ...stack, switchSeed: this.#switchSeed, snapshot, scripts });
  }

  #spawn(options: Omit<WorkerOptions, "channel">): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { link, number } = openLink((message) => receive(message));
    const workerData: WorkerOptions = { ...options, channel: number };
    const extension = path.extname(import.meta.url);
    const thread = new Worker(new URL(`../worker/main${extension}`, import.meta.url), {
      name: this.#options.name,
      workerData,
      transferList: portsOf(workerData),
      resourceLimits: resourceLimits(this.#limits.heapMb),
      env: {},
      ...(this.#options.permissions !== false && { execArgv: threadPermissions(workerData) }),
    });
    this.#thread = thread;
    this.#link = link;
    this.#state = "starting";
    this.#starts++;
    let lostBecause: string | undefined;
    let started = false;
    const timeoutMs = this.#options.startTimeoutMs ?? defaultStartTimeoutMs;
    const startTimer = setTimeout(() => {
      lostBecause = `it did not start within ${timeoutMs / 1000} s`;
      void thread.terminate();
    }, timeoutMs);

    const mask = this.#mask;
    const lose = (otherwise: string): void => {
      clearTimeout(startTimer);
      link.close();
      if (this.#thread !== thread) return;
      const limit = this.#use.lost();
      const why = limit === undefined ? otherwise : mask(limit);
      this.#thread = undefined;
      this.#link = undefined;
      this.#ready = undefined;
      this.#state = "ended";
      this.#why = why;
      this.#asks.lost(why);
      const lost = new WorkerLostError(`the Worker was lost: ${why}`);
      reject(lost);
      const answered = this.underWay === 0;
      this.#events.lost(lost);
      for (const exchange of this.#exchanges.values()) exchange.fail(lost);
      this.#exchanges.clear();
      this.#lasting = false;
      this.#options.onProgress?.();
      if (started && !this.#stopped) this.#options.onExit?.(1);
      if (!this.#stopped && (!answered || limit !== undefined))
        this.#options.onLog("error", `${lost.message}; the next request starts it again`);
    };

    const receive = (message: FromWorker): void => {
      switch (message.type) {
        case "meter":
          this.#use.began(message.id, { post: (end) => link.post(end), end: () => void thread.terminate() });
          break;
        case "ready":
          clearTimeout(startTimer);
          compileLater(this.#options.onLog);
          this.#makeSnapshot?.();
          started = true;
          this.#state = "running";
          resolve();
          break;
        case "refused":
          clearTimeout(startTimer);
          this.#thread = undefined;
          void thread.terminate();
          this.#discard(workerData.snapshot as SnapshotPlace, mask(message.text));
          resolve(this.#launch());
          break;
        case "failed":
          if (this.#thread !== thread) break;
          clearTimeout(startTimer);
          lostBecause = mask(message.text);
          if (started) this.#options.onLog("error", mask(message.text));
          else reject(new WorkerFailedError(mask(message.text)));
          void thread.terminate();
          break;
        case "eventDone":
        case "eventFailed":
          this.#events.receive(message, mask);
          this.#options.onProgress?.();
          break;
        case "lasting":
          this.#lasting = message.lasting;
          this.#options.onProgress?.();
          break;
        case "call":
          void this.#call(link, message);
          break;
        case "fibers":
          this.#asks.answered(message.stacks, message.answer);
          break;
        case "log":
          this.#options.onLog(message.level, mask(message.text));
          break;
        case "write":
          this.#options.onOutput(message.stream, message.text);
          break;
        case "fatal":
          lose(`the interpreter ended: ${mask(message.text)}`);
          void thread.terminate();
          break;
        // Of a thread that makes a snapshot, which this is not.
        case "impossible":
          break;
        case "exit":
          this.#options.onExit?.(message.code);
          break;
        case "line":
          void this.#line(link);
          break;
        case "report":
          this.#options.onReport?.(message.name, message.bytes);
          break;
        case "response.error":
          this.#receive({ ...message, text: mask(message.text) });
          break;
        default:
          this.#receive(message);
      }
    };
    thread.on("error", (error) => {
      lostBecause = mask(bounded(messageOf(error), mostCharacters));
    });
    thread.on("exit", (code) => {
      // What it said at last.
      link.drain();
      lose(lostBecause ?? `its thread ended with code ${code}`);
    });
    return promise;
  }

  #discard(place: SnapshotPlace, why: string): void {
    const discard = place.base === undefined ? discardSnapshot : discardWorkerSnapshot;
    discard(place, why, this.#options.onLog);
  }

  async #call(link: ThreadLink<ToWorker>, { id, ...call }: Extract<FromWorker, { type: "call" }>): Promise<void> {
    let answer: ToWorker;
    try {
      const result = await this.#options.onCall?.(call);
      if (result === undefined) throw new Error(`there is no Worker behind ${call.binding}`);
      answer = { type: "answer", id, bytes: result, name: "", message: "" };
    } catch (error) {
      const name = error instanceof Error ? error.name : "Error";
      answer = { type: "answer", id, bytes: null, name, message: messageOf(error) };
    }
    link.post(answer);
  }

  async #line(link: ThreadLink<ToWorker>): Promise<void> {
    const text = (await this.#options.onLine?.()) ?? null;
    link.post({ type: "line", text });
  }

  #receive(message: FromExchange): void {
    if (!this.#exchanges.get(message.id)?.receive(message)) return;
    this.#exchanges.delete(message.id);
    this.#options.onProgress?.();
  }
}
