// One Worker: its thread, what it was asked and has not answered, and its end.
//
// A thread that is lost (a trap of the interpreter, out of memory, an exit) takes its unanswered requests with it: each is
// rejected with WorkerLostError, and the next request finds a new thread. No other Worker notices.
import { defaultWorkerLimits, type WorkerLimits } from "../config/limits.ts";
import type { WorkerReport, WorkerState, WorkerUsage } from "../control/report.ts";
import type { Mask } from "../mask.ts";
import { compileLater } from "../snapshots/compiled.ts";
import { discard } from "../snapshots/discard.ts";
import { keepRecordLater } from "../snapshots/start_record.ts";
import { messageOf } from "../user_error.ts";
import type { FromExchange, FromWorker } from "../worker/protocol.ts";
import { Exchange, type GuestRequest, type GuestResponse, WorkerBusyError } from "./exchange.ts";
import { FiberAsks } from "./fiber_asks.ts";
import { type GuestEvent, GuestEvents, nameOfEvent } from "./guest_events.ts";
import { WorkerFailedError, type WorkerHostOptions, WorkerLostError } from "./host_options.ts";
import { LateReset, type Reset } from "./late_reset.ts";
import { hear } from "./thread_asks.ts";
import { endEvicted, endsInOrder } from "./thread_end.ts";
import { threadFor } from "./thread_start.ts";
import { reportedIn, workerReport } from "./worker_report.ts";
import type { HostedThread } from "./worker_thread.ts";
import { WorkerUse } from "./worker_use.ts";

/** How long a reset may take, with the end of what the Worker started. */
const resetTimeoutMs = 5000;
const defaultStartTimeoutMs = 60_000;

export class WorkerHost {
  readonly #options: WorkerHostOptions;
  readonly #exchanges = new Map<number, Exchange>();
  /** Those that its thread has while it starts, which answers them when the module is loaded (../worker/early_requests.ts). */
  readonly #early = new Set<Exchange>();
  #thread: HostedThread | undefined;
  /** Those that are not this Worker's any more, and end. */
  readonly #ending = new Set<Promise<void>>();
  #ready: Promise<void> | undefined;
  readonly #asks = new FiberAsks();
  readonly #events = new GuestEvents();
  readonly #limits: WorkerLimits;
  readonly #use: WorkerUse;
  #state: WorkerState = "not started";
  /** Why it ended. */
  #why: string | null = null;
  readonly #mask: Mask;
  /** Requests that wait for a start. */
  #waiting = 0;
  #lastId = 0;
  #starts = 0;
  #stopped = false;
  #lasting = false;
  #hasLent = false;
  #lastUsed = performance.now();
  #noResets: string | null = null;
  #reset: Reset | undefined;
  readonly #lateReset = new LateReset(resetTimeoutMs);
  /** Requests and events that its thread was given. */
  #given = 0;

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
      this.#options.onStart?.();
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
    this.#lastUsed = performance.now();
    const exchange = new Exchange(++this.#lastId, request, this.#use);
    const busy = this.#busy();
    if (busy !== undefined) {
      exchange.fail(busy);
      return exchange;
    }
    if (this.#state === "running" && !this.#stopped) {
      this.#begin(exchange);
    } else {
      const thread = this.#state === "starting" && !this.#stopped ? this.#thread : undefined;
      // A body may not be there a second time, for another thread.
      if (request.body === null) this.#early.add(exchange);
      this.#waiting++;
      this.start().then(
        () => {
          this.#waiting--;
          this.#begin(exchange);
        },
        (error: Error) => {
          this.#waiting--;
          this.#early.delete(exchange);
          exchange.fail(error);
        },
      );
      if (thread !== undefined) this.#beginEarly(thread, exchange);
    }
    return exchange;
  }

  /** Throws GuestError, WorkerFailedError or WorkerLostError. */
  fetch(request: GuestRequest): Promise<GuestResponse> {
    return this.open(request).response;
  }

  /** Hands the Worker something else than a request. Throws EventError, WorkerFailedError or WorkerLostError. */
  async send(event: GuestEvent): Promise<Uint8Array> {
    this.#lastUsed = performance.now();
    await this.start();
    const thread = this.#thread;
    if (thread === undefined) throw new WorkerLostError("the Worker ended before the event reached it");
    this.#give();
    const { interpreter: _, ...given } = event;
    const { id, answer } = this.#events.begin((each) => thread.post({ type: "event", id: each, ...given }));
    // What loads may compute as long as a start may take.
    if (event.event === "load") return answer;
    this.#use.watch();
    return this.#limitTime(answer, (limit) => this.#use.expireEvent(id, nameOfEvent(event), limit));
  }

  /** Runs `main(json)` of a module: onExit is told its result, or 1 when it raises, after onLog was told what. */
  async run(name: string, json: string): Promise<void> {
    await this.start();
    this.#thread?.post({ type: "run", name, json });
  }

  /** Requests, calls and triggers that it was given and has not answered. */
  get underWay(): number {
    return this.#exchanges.size + this.#events.size;
  }

  /** Whether something of what it was given goes on, if only in waitUntil; which is known of those that tell alone. */
  get isOccupied(): boolean {
    return this.underWay > 0 || this.#lasting;
  }

  /** Whether others may have functions of its interpreter's, beside those that it has passed with calls of its own. */
  get hasLent(): boolean {
    return this.#hasLent;
  }

  /** When it was given something, or had answered it, last: as performance.now() has it. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  get isStarting(): boolean {
    return this.#state === "starting";
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
    const thread = this.#thread;
    const asked = thread && this.#asks.ask(stacks, () => thread.post({ type: "fibers", stacks }));
    const answer = await reportedIn(asked);
    const { name } = this.#options;
    const common = { name, state: this.#state, requests: this.underWay, usage: this.usage };
    const why = this.#thread === undefined ? this.#why : undefined;
    return workerReport(common, answer, why, this.#mask);
  }

  /** Why its interpreter cannot be reset, whatever a request does; null where it may be, and was asked to be. */
  get noResets(): string | null {
    return this.#noResets;
  }

  /**
   * Resolves when its interpreter, which has answered all, is what it was when it was ready: to why it is not, or null; if it is not, it must
   * be ended. It begins with that by itself, and is to be given nothing until then.
   */
  async reset(): Promise<string | null> {
    if (this.#thread === undefined || this.#state !== "running") return "it has ended";
    const why = await this.#lateReset.wait(this.#resetOfLast());
    this.#reset = undefined;
    return why;
  }

  /** Ends its thread at once, whatever it does. */
  async terminate(): Promise<void> {
    this.#stopped = true;
    this.#use.note();
    await this.#thread?.terminate();
  }

  /** Has the Worker end what it started (lifespans of ASGI applications), up to a time, then ends its thread. */
  async stop(): Promise<void> {
    const thread = this.#thread;
    if (thread !== undefined && this.#state === "running") {
      await endsInOrder(this.#events, (message) => thread.post(message));
    }
    this.#stopped = true;
    this.#use.note();
    await Promise.all([this.#thread?.terminate(), ...this.#ending]);
  }

  /**
   * Ends its thread in order, and has the next request start another; false where it has something to do, or is not running.
   * @param why For `blockon ps`.
   */
  evict(why: string): boolean {
    const thread = this.#thread;
    if (thread === undefined || this.#state !== "running" || this.isOccupied || this.#stopped) return false;
    this.#use.note();
    this.#leave("evicted", why);
    const ending = endEvicted(thread, this.#options, this.#mask).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    return true;
  }

  /** Its thread is about to be given something, and what is told of a reset before is of no use any more. */
  #give(): void {
    this.#given++;
    this.#reset = undefined;
  }

  #resetOfLast(): Reset {
    this.#reset ??= Promise.withResolvers();
    return this.#reset;
  }

  /** Has the thread know it before it has started: it would be asked a turn of its event loop, and of this one, later. */
  #beginEarly(thread: HostedThread, exchange: Exchange): void {
    if (!this.#early.has(exchange)) return;
    if (exchange.isCancelled) {
      this.#early.delete(exchange);
      return;
    }
    this.#give();
    exchange.begin((message) => thread.post(message));
  }

  /** What the thread has by now is under way. */
  #takeEarly(): void {
    for (const exchange of this.#early) this.#take(exchange);
  }

  #take(exchange: Exchange): void {
    this.#exchanges.set(exchange.id, exchange);
    this.#use.watch();
    if (this.#limits.wallMs > 0)
      void this.#limitTime(exchange.response, (limit) => exchange.timeOut(limit)).catch(() => {});
  }

  /** @param expire Called when the Worker's time for it is up and it is not settled. */
  #limitTime<Answer>(answer: Promise<Answer>, expire: (limit: string) => void): Promise<Answer> {
    const { wallMs } = this.#limits;
    if (wallMs === 0) return answer;
    const timer = setTimeout(() => expire(`the limit of ${wallMs} ms of time (wall_ms)`), wallMs);
    timer.unref();
    return answer.finally(() => clearTimeout(timer));
  }

  /** Undefined where it may be given another request. */
  #busy(): WorkerBusyError | undefined {
    const { maxRequests } = this.#limits;
    if (maxRequests === 0 || this.#exchanges.size + this.#waiting < maxRequests) return undefined;
    const told = `the Worker has ${maxRequests} requests at the same time`;
    return new WorkerBusyError(`${this.#options.name}: ${told}, as many as it may have (max_requests)`, told);
  }

  #begin(exchange: Exchange): void {
    const thread = this.#thread;
    if (this.#early.delete(exchange)) return;
    if (exchange.isCancelled) {
      exchange.fail(new Error("the request was given up before the Worker was there"));
    } else if (thread === undefined) {
      exchange.fail(new WorkerLostError("the Worker ended before the request reached it"));
    } else {
      this.#take(exchange);
      this.#give();
      exchange.begin((message) => thread.post(message));
    }
  }

  /** The thread is this Worker's no more. */
  #leave(state: "ended" | "evicted", why: string): void {
    this.#use.lost();
    this.#thread = undefined;
    this.#ready = undefined;
    this.#state = state;
    this.#why = why;
    this.#asks.lost(why);
    this.#reset?.resolve("it has ended");
    this.#lasting = false;
    this.#hasLent = false;
  }

  async #launch(): Promise<void> {
    const { heapMb } = this.#limits;
    const permissions = this.#options.permissions !== false;
    const { thread, makeSnapshot } = await threadFor(this.#options, { heapMb, permissions }, () => this.#stopped);
    if (!this.#stopped) return this.#join(thread, makeSnapshot);
    void thread.terminate();
    throw new WorkerLostError("the Worker was stopped");
  }

  /** From now on it is this Worker's thread; resolves when its module is loaded. */
  #join(thread: HostedThread, makeSnapshot: (() => void) | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#thread = thread;
    this.#given = 0;
    this.#state = "starting";
    this.#starts++;
    const mask = this.#mask;
    let started = false;
    const timeoutMs = this.#options.startTimeoutMs ?? defaultStartTimeoutMs;
    const late = `it did not start within ${timeoutMs / 1000} s`;
    const startTimer = setTimeout(() => void thread.terminate(late), timeoutMs);

    const ended = (otherwise: string): void => {
      clearTimeout(startTimer);
      if (this.#thread !== thread) return;
      const limit = this.#use.endedFor;
      const why = mask(limit ?? otherwise);
      const answered = this.underWay === 0;
      this.#leave("ended", why);
      const lost = new WorkerLostError(`the Worker was lost: ${why}`);
      reject(lost);
      this.#events.lost(lost);
      for (const exchange of this.#exchanges.values()) exchange.fail(lost);
      this.#exchanges.clear();
      this.#options.onProgress?.();
      if (started && !this.#stopped) this.#options.onExit?.(1);
      if (!this.#stopped && (!answered || limit !== undefined))
        this.#options.onLog("error", `${lost.message}; the next request starts it again`);
    };

    const receive = (message: FromWorker): void => {
      switch (message.type) {
        case "meter":
          this.#use.began(message.id, { post: (end) => thread.post(end), end: () => void thread.terminate() });
          break;
        case "ready":
          clearTimeout(startTimer);
          compileLater(this.#options.onLog);
          keepRecordLater((error) => this.#options.onLog("debug", `the start is not noted: ${messageOf(error)}`));
          makeSnapshot?.();
          started = true;
          this.#noResets = message.noResets && mask(message.noResets);
          this.#state = "running";
          this.#takeEarly();
          resolve();
          break;
        case "refused":
          clearTimeout(startTimer);
          this.#thread = undefined;
          void thread.terminate();
          if (thread.snapshot !== undefined) discard(thread.snapshot, mask(message.text), this.#options.onLog);
          resolve(this.#launch());
          break;
        case "failed":
          if (this.#thread !== thread) break;
          clearTimeout(startTimer);
          if (started) this.#options.onLog("error", mask(message.text));
          else reject(new WorkerFailedError(mask(message.text)));
          void thread.terminate(message.text);
          break;
        case "eventDone":
          this.#hasLent ||= message.lends;
          this.#events.receive(message, mask);
          this.#progress();
          break;
        case "eventFailed":
          this.#events.receive(message, mask);
          this.#progress();
          break;
        case "lasting":
          this.#lasting = message.lasting;
          this.#progress();
          break;
        case "reset":
          // It may have been given something else meanwhile, which will end as well.
          if (message.given === this.#given) this.#resetOfLast().resolve(message.why && mask(message.why));
          break;
        case "fibers":
          this.#asks.answered(message.stacks, message.answer);
          break;
        case "log":
        case "write":
        case "call":
        case "line":
        case "report":
        case "exit":
          hear(message, this.#options, mask, (answer) => thread.post(answer));
          break;
        case "warm":
        case "fatal":
        // Of a thread that makes a snapshot, which this is not.
        case "impossible":
        case "left":
          break;
        case "response.error":
          this.#receive({ ...message, text: mask(message.text) });
          break;
        default:
          this.#receive(message);
      }
    };
    thread.listen({ message: receive, ended });
    for (const exchange of this.#early) this.#beginEarly(thread, exchange);
    return promise;
  }

  #receive(message: FromExchange): void {
    if (!this.#exchanges.get(message.id)?.receive(message)) return;
    this.#exchanges.delete(message.id);
    this.#progress();
  }

  #progress(): void {
    this.#lastUsed = performance.now();
    this.#options.onProgress?.();
  }
}
