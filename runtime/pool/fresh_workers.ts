// A Worker of which each request, call and trigger has an interpreter of its own, with a thread and a realm of its own.
//
//   starting --> ready --> taken --> ending --> gone
//      the Worker's module is loaded    one request; its answer, what it gave to waitUntil      its lifespans' shutdown
//
// With `resets` it need not end: reset to what it was when it was ready, it is given another request.
//
//   ready --> taken --> resetting --> ready, or ending
//
// An interpreter begins with the baseline snapshot, loads the Worker's module and waits; some do at any time. It is given one request and ends
// with it, or is reset. Without resets nothing is put back: no other request ever has its memory, its realm, its files, its timers or promises. What waits for an
// interpreter when as many as may be are there stands in a queue.
import { availableParallelism } from "node:os";
import { defaultWorkerLimits } from "../config/limits.ts";
import type { WorkerReport, WorkerUsage } from "../control/report.ts";
import { messageOf } from "../user_error.ts";
import { type Exchange, type GuestRequest, type GuestResponse, WorkerBusyError } from "./exchange.ts";
import { EventError, EventTimeoutError, type GuestEvent } from "./guest_events.ts";
import { type WorkerHostOptions, WorkerLostError } from "./host_options.ts";
import { mergedReport } from "./merged_report.ts";
import type { ServedHost } from "./served_host.ts";
import { WorkerHost } from "./worker_host.ts";

/** An interpreter of the pool: a WorkerHost, or what has one elsewhere. */
export interface PooledHost
  extends Pick<
    WorkerHost,
    "start" | "send" | "underWay" | "isRunning" | "isOccupied" | "report" | "stop" | "terminate" | "usage"
  > {
  /** Undefined for one that takes calls alone. */
  readonly open?: WorkerHost["open"];
  /** Undefined for one that is never reset. */
  readonly reset?: WorkerHost["reset"];
  readonly noResets?: WorkerHost["noResets"];
}

export interface FreshWorkersOptions extends Omit<WorkerHostOptions, "onProgress"> {
  /** How many wait for a request. */
  readonly ready: number;
  /** How many there are at most. */
  readonly most: number;
  /** The table of the configuration that says so, for messages; [blockon] if not given. */
  readonly table?: string;
  /** They are reset, and end only when they cannot be. */
  readonly resets?: boolean;
  /** How long what was given to waitUntil may go on after the answer. */
  readonly lastingMs?: number;
  /** How long a request may wait for an interpreter. */
  readonly waitMs?: number;
  /** What an interpreter is made by; a WorkerHost if not given. */
  readonly newHost?: (options: WorkerHostOptions) => PooledHost;
}

const defaultLastingMs = 30_000;
const defaultWaitMs = 30_000;
/** Then it is replaced: tables of JavaScript references only grow. */
const mostResets = 10_000;
/** Reasons that are told of. */
const mostReasons = 20;

interface Instance {
  readonly host: PooledHost;
  /** Of its start. */
  readonly number: number;
  state: "starting" | "ready" | "taken" | "resetting" | "ending";
  /** How often it was reset. */
  resets: number;
  /** Of functions of its, by other Workers. */
  functionCalls: number;
  /** It has been given its request. */
  isBegun: boolean;
  /** It has answered, and something goes on. */
  lastingTimer: NodeJS.Timeout | undefined;
}

/** By which its functions are called; another one for each request that it is given. */
function nameOf({ number, resets }: Instance): string {
  return `${number}.${resets}`;
}

/** One that waits for an interpreter. */
class Waiting {
  readonly instance = Promise.withResolvers<Instance>();
  /** How many interpreters had been started before: what became of those says nothing of the files as they are now. */
  readonly startsBefore: number;
  timer: NodeJS.Timeout | undefined;

  constructor(startsBefore: number) {
    this.startsBefore = startsBefore;
  }
}

interface Opened {
  readonly exchange: Exchange;
  /** Called when nobody waits for its response any more. */
  readonly cancelled: () => unknown;
}

/** A request that may wait for its interpreter. */
class FreshRequest {
  readonly response: Promise<GuestResponse>;
  readonly #giveUp: () => void;
  #opened: Opened | undefined;
  #isCancelled = false;

  /** @param giveUp Called when it is not to wait for an interpreter any longer. */
  constructor(opened: Promise<Opened>, giveUp: () => void) {
    this.#giveUp = giveUp;
    this.response = opened.then((found) => {
      this.#opened = found;
      return found.exchange.response;
    });
  }

  get isCancelled(): boolean {
    return this.#opened?.exchange.isCancelled ?? this.#isCancelled;
  }

  cancel(text: string): void {
    this.#end((exchange) => exchange.cancel(text));
  }

  expire(text: string): void {
    this.#end((exchange) => exchange.expire(text));
  }

  #end(end: (exchange: Exchange) => void): void {
    if (this.#opened === undefined) {
      this.#isCancelled = true;
      this.#giveUp();
    } else {
      end(this.#opened.exchange);
      this.#opened.cancelled();
    }
  }
}

const noFunctions =
  'a function or a stream of a Worker with isolation = "request" is gone when the interpreter has answered that has passed or returned it';

export class FreshWorkers implements ServedHost {
  readonly #options: FreshWorkersOptions;
  readonly #instances = new Set<Instance>();
  /** The oldest first. */
  #waiting: Waiting[] = [];
  #starts = 0;
  /** Seconds of processor time. */
  #cpuOfGone = 0;
  /** The last one could not be started, or kept: no more are made ready until somebody asks. */
  #isHalted = false;
  /** Who waits for start(). */
  #asking = 0;
  #isStopped = false;
  #resets = 0;
  /** Those that ended since they could not be reset. */
  #refused = 0;
  readonly #reasons = new Set<string>();

  constructor(options: FreshWorkersOptions) {
    this.#options = options;
  }

  /** Resolves when an interpreter has loaded the Worker's module. */
  async start(): Promise<void> {
    if (this.#isStopped) throw new WorkerLostError("the Worker was stopped");
    this.#isHalted = false;
    this.#fill();
    const first = [...this.#instances].find(({ state }) => state !== "ending");
    this.#asking++;
    try {
      await first?.host.start();
    } finally {
      this.#asking--;
    }
  }

  open(request: GuestRequest): FreshRequest {
    const waiting = this.#wait();
    const opened = waiting.instance.promise.then((instance) => {
      const exchange = instance.host.open?.(request);
      if (exchange === undefined) throw new TypeError("these interpreters take calls, and no requests");
      this.#begun(instance);
      const { resets } = instance;
      // By then it may have another's.
      const isStill = () => instance.resets === resets;
      return { exchange, cancelled: () => isStill() && this.#last(instance, "the handler is ended: it went on") };
    });
    return new FreshRequest(opened, () => this.#refuse(waiting, new Error("the request was given up before its turn")));
  }

  /**
   * Throws EventError, WorkerFailedError, WorkerLostError, WorkerBusyError or EventTimeoutError.
   * @param timeoutMs How long it may take from when it has its interpreter.
   */
  async send(event: GuestEvent, timeoutMs?: number): Promise<Uint8Array> {
    if (event.event === "function") return await this.#callFunction(event);
    const instance = await this.#wait().instance.promise;
    const sent = instance.host.send(event);
    this.#begun(instance);
    if (timeoutMs === undefined) return await sent;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      void this.#end(instance, "at once");
    }, timeoutMs);
    try {
      return await sent;
    } catch (error) {
      throw isLate ? new EventTimeoutError(`it was ended after ${timeoutMs / 1000} s`) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** In the interpreter that has the function: as long as it has its request. */
  async #callFunction(event: GuestEvent): Promise<Uint8Array> {
    const owner = [...this.#instances].find((each) => each.state === "taken" && nameOf(each) === event.interpreter);
    if (owner?.host.isRunning !== true) throw new EventError("Error", noFunctions, noFunctions);
    owner.functionCalls++;
    try {
      return await owner.host.send(event);
    } finally {
      owner.functionCalls--;
    }
  }

  get underWay(): number {
    return [...this.#instances].reduce(
      (sum, { host, state }) => sum + (state === "taken" ? host.underWay : 0),
      this.#waiting.length,
    );
  }

  get isOccupied(): boolean {
    return (
      this.#waiting.length > 0 || [...this.#instances].some(({ host, state }) => state === "taken" && host.isOccupied)
    );
  }

  /** What an interpreter has returned ends with it. */
  get hasLent(): boolean {
    return false;
  }

  get isRunning(): boolean {
    return this.#count("ready") + this.#count("taken") > 0;
  }

  /** How many interpreters were started. */
  get starts(): number {
    return this.#starts;
  }

  async report(stacks: boolean): Promise<WorkerReport> {
    const states = (["ready", "taken", "starting", "resetting", "ending"] as const).filter(
      (state) => state !== "resetting" || this.#options.resets,
    );
    const counts = states.map((state) => `${this.#count(state)} ${state}`);
    const waiting = this.#waiting.length;
    const resets = this.#options.resets ? `; ${this.#resets} resets, ${this.#refused} not possible` : "";
    const detail = `an interpreter for each request: ${counts.join(", ")}${waiting > 0 ? `, ${waiting} waiting` : ""}${resets}`;
    const asked = [...this.#instances].filter(({ state }) => state === "taken");
    const reports = await Promise.all(asked.map(({ host }) => host.report(stacks)));
    const { name } = this.#options;
    return mergedReport(
      { name, detail, state: this.isRunning ? "running" : "not started", requests: this.underWay, usage: this.usage },
      reports,
    );
  }

  /** How many interpreters were reset, and how many ended since they could not be. */
  get resets(): { done: number; refused: number } {
    return { done: this.#resets, refused: this.#refused };
  }

  /** What all use, and may use. */
  get usage(): WorkerUsage {
    const { cpuMs, memoryMb } = this.#options.limits ?? { ...defaultWorkerLimits, cpuMs: 0 };
    const usages = [...this.#instances].map(({ host }) => host.usage);
    return {
      cpu: usages.reduce((sum, { cpu }) => sum + cpu, this.#cpuOfGone),
      resident: usages.reduce((sum, { resident }) => sum + (resident ?? 0), 0),
      memoryMb: memoryMb * usages.length,
      cpuMs,
    };
  }

  /** Has all end what they started, and ends them. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const waiting of [...this.#waiting]) this.#refuse(waiting, new WorkerLostError("the Worker was stopped"));
    await Promise.all([...this.#instances].map((instance) => this.#end(instance)));
  }

  #count(state: Instance["state"]): number {
    let count = 0;
    for (const instance of this.#instances) if (instance.state === state) count++;
    return count;
  }

  /** In turn: the first that is ready, or a place in the queue. */
  #wait(): Waiting {
    const waiting = new Waiting(this.#starts);
    if (this.#isStopped) {
      waiting.instance.reject(new WorkerLostError("the Worker was stopped"));
      return waiting;
    }
    this.#isHalted = false;
    this.#waiting.push(waiting);
    const { most, waitMs = defaultWaitMs, table = "[blockon]" } = this.#options;
    waiting.timer = setTimeout(() => {
      this.#refuse(
        waiting,
        new WorkerBusyError(
          `no interpreter was free within ${waitMs / 1000} s: max_instances of ${table} is ${most}, and each has a request, starts or ends`,
          "no interpreter was free in time",
        ),
      );
    }, waitMs);
    this.#serve();
    return waiting;
  }

  #refuse(waiting: Waiting, error: Error): void {
    clearTimeout(waiting.timer);
    this.#waiting = this.#waiting.filter((each) => each !== waiting);
    waiting.instance.reject(error);
  }

  /** Gives those that wait what is ready, and starts what is to be. */
  #serve(): void {
    for (const instance of this.#instances) {
      if (instance.state !== "ready") continue;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      clearTimeout(waiting.timer);
      instance.state = "taken";
      waiting.instance.resolve(instance);
    }
    this.#fill();
  }

  #fill(): void {
    if (this.#isStopped || this.#isHalted) return;
    const { ready, most } = this.#options;
    const starting = this.#count("starting");
    const wanted = this.#waiting.length + ready - this.#count("ready") - this.#count("resetting") - starting;
    // More at once would all be late.
    const room = Math.min(most - this.#instances.size, availableParallelism() - starting);
    for (let i = Math.min(wanted, room); i > 0; i--) this.#start();
  }

  #start(): void {
    const { newHost = (options) => new WorkerHost(options), onCall } = this.#options;
    const number = ++this.#starts;
    const instance: Instance = {
      host: newHost({
        ...this.#options,
        ...(onCall !== undefined && { onCall: (call) => onCall({ ...call, interpreter: nameOf(instance) }) }),
        onProgress: () => this.#progress(instance),
      }),
      number,
      state: "starting",
      resets: 0,
      functionCalls: 0,
      isBegun: false,
      lastingTimer: undefined,
    };
    this.#instances.add(instance);
    instance.host.start().then(
      () => {
        if (instance.state !== "starting") return;
        instance.state = "ready";
        this.#serve();
      },
      (error: Error) => {
        this.#instances.delete(instance);
        if (!this.#isStopped) this.#failed(error, number);
      },
    );
  }

  /**
   * The module cannot be loaded: whoever waits since before is told, and the next request has it tried again.
   * @param number Of the start.
   */
  #failed(error: Error, number: number): void {
    const told = this.#waiting.filter(({ startsBefore }) => startsBefore < number);
    for (const each of told) this.#refuse(each, error);
    this.#isHalted = this.#waiting.length === 0;
    this.#fill();
    if (told.length > 0 || this.#asking > 0 || !this.#isHalted) return;
    this.#options.onLog(
      "error",
      `no interpreter could be made ready; the next request tries again\n${messageOf(error)}`,
    );
  }

  /** Its request is the host's by the time that this goes on. */
  #begun(instance: Instance): void {
    instance.host.start().then(
      () => {
        instance.isBegun = true;
        this.#progress(instance);
      },
      () => this.#gone(instance),
    );
  }

  /** Something that it was given has ended, or it has. */
  #progress(instance: Instance): void {
    const { host, state } = instance;
    if (state === "starting" || state === "ending" || (state === "resetting" && host.isRunning)) return;
    if (!host.isRunning) {
      // Others would do the same, and so on.
      this.#isHalted ||= state === "ready" && this.#waiting.length === 0;
      if (state === "ready") this.#options.onLog("error", "an interpreter ended while it waited for a request");
      this.#gone(instance);
    } else if (instance.isBegun && !host.isOccupied) {
      void this.#renew(instance);
    } else if (instance.isBegun && host.underWay === 0) {
      this.#last(instance, "what was given to waitUntil is ended: it went on");
    } else if (instance.functionCalls > 0) {
      // Those that have ended are counted by then.
      setImmediate(() => this.#onlyCalled(instance));
    }
  }

  /** A Worker that goes on calling functions of it does not have it for ever. */
  #onlyCalled(instance: Instance): void {
    const { host, isBegun, functionCalls } = instance;
    if (!isBegun || functionCalls === 0 || host.underWay > functionCalls) return;
    this.#last(instance, "calls of its functions are ended: they went on");
  }

  /** It has done what it was given. */
  async #renew(instance: Instance): Promise<void> {
    const { resets, onLog } = this.#options;
    const { host } = instance;
    if (resets !== true || host.reset === undefined || this.#isStopped || instance.resets >= mostResets) {
      return await this.#end(instance);
    }
    clearTimeout(instance.lastingTimer);
    instance.lastingTimer = undefined;
    instance.isBegun = false;
    instance.state = "resetting";
    instance.resets++;
    const why = host.noResets ?? (await host.reset());
    // It was lost, or all are stopped.
    if (instance.state !== "resetting" || !this.#instances.has(instance)) return;
    if (why === null) {
      this.#resets++;
      instance.state = "ready";
      this.#serve();
      return;
    }
    this.#refused++;
    if (!this.#reasons.has(why) && this.#reasons.size < mostReasons) {
      this.#reasons.add(why);
      onLog("info", `an interpreter was not reset but ended: ${why}`);
    }
    // In one whose reset failed nothing may run any more; its lifespans have ended.
    await this.#end(instance, host.noResets === null ? "at once" : "in order");
  }

  /** Its answer is there, or nobody waits for it any more. */
  #last(instance: Instance, what: string): void {
    const { lastingMs = defaultLastingMs, onLog } = this.#options;
    if (instance.state !== "taken") return;
    instance.lastingTimer ??= setTimeout(() => {
      onLog("warn", `${what} for ${lastingMs / 1000} s after the answer, or after the request was given up`);
      void this.#end(instance);
    }, lastingMs);
  }

  /** @param how Whether it may end what it started. */
  async #end(instance: Instance, how: "in order" | "at once" = "in order"): Promise<void> {
    clearTimeout(instance.lastingTimer);
    instance.state = "ending";
    await (how === "in order" ? instance.host.stop() : instance.host.terminate());
    this.#gone(instance);
  }

  #gone(instance: Instance): void {
    clearTimeout(instance.lastingTimer);
    if (!this.#instances.delete(instance)) return;
    this.#cpuOfGone += instance.host.usage.cpu;
    this.#serve();
  }
}
