// What a Worker uses, over all threads that it has, and what is done to requests that are over a limit of it.
//
//   processor time (watchdog.ts) ...... LimitExceeded is raised where the request's code runs
//   time (a server's, or its own) ..... a request's handler is told as when the client goes; after a grace LimitExceeded is raised where
//                                       it waits or runs, a few times; of what is no request at once
//
// What does not end by that and computes on ends with its thread. What waits on keeps its fiber, and the log says so.
import { loadAddon } from "../addon.ts";
import type { WorkerLimits } from "../config/limits.ts";
import type { WorkerUsage } from "../control/report.ts";
import type { LogLevel, ToWorker } from "../worker/protocol.ts";
import type { Exchange, ExchangeWatcher } from "./exchange.ts";
import type { GuestEvents } from "./guest_events.ts";
import { numberOfEvent, numberOfExchange } from "./request_numbers.ts";
import { Watchdog } from "./watchdog.ts";

export interface Given {
  /** By id. */
  readonly exchanges: ReadonlyMap<number, Exchange>;
  readonly events: GuestEvents;
  readonly log: (level: LogLevel, text: string) => void;
}

export interface Thread {
  readonly post: (message: ToWorker) => void;
  readonly end: () => void;
}

/** What a handler has to come to an end by itself when its time is up, and again each time it was told. */
const expiryGraceMs = 2000;
const mostTold = 3;
const mostNamed = 3;

export class WorkerUse implements ExchangeWatcher {
  readonly #limits: WorkerLimits;
  readonly #given: Given;
  #meter: number | undefined;
  #thread: Thread | undefined;
  #watchdog: Watchdog | undefined;
  #endedFor: string | undefined;
  /** Of threads that are gone, as far as it was seen. */
  #cpuBefore = 0;
  #cpu = 0;

  constructor(limits: WorkerLimits, given: Given) {
    this.#limits = limits;
    this.#given = given;
  }

  /** A thread is there, with this meter. */
  began(meter: number, thread: Thread): void {
    this.#meter = meter;
    this.#thread = thread;
    this.#watchdog = new Watchdog(meter, this.#limits, {
      underWay: (number) => this.#isUnderWay(number),
      messages: (number) => this.#exchange(number)?.messages ?? 0,
      isIdle: () => this.#given.exchanges.size === 0 && this.#given.events.size === 0,
      describe: (number) => this.#describe(number),
      over: (number, limit) => {
        this.#given.log("warn", `${this.#describe(number)} is over ${limit}: it is ended`);
        this.#exceed(number, limit);
      },
      end: (why, limit, number) => {
        this.#exceed(number ?? this.#only(), limit);
        this.#endedFor = why;
        this.note();
        thread.end();
      },
    });
  }

  /** The Worker was given something, a message of a WebSocket as well. */
  watch(): void {
    this.#watchdog?.start();
  }

  /** The limit that the thread was over, if it was ended for that. Asked once, before lost(). */
  get endedFor(): string | undefined {
    const full = this.#meter === undefined ? null : loadAddon().takeFull(this.#meter);
    if (this.#endedFor !== undefined || full === null) return this.#endedFor;
    const { heapMb, tmpMb } = this.#limits;
    if (full === "heap") return `JavaScript's heap is full (heap_mb is ${heapMb})`;
    return `JavaScript's ArrayBuffers hold too much (heap_mb is ${heapMb}, tmp_mb is ${tmpMb})`;
  }

  /** The thread is gone, or somebody else's. */
  lost(): void {
    this.#watchdog?.stop();
    this.#cpuBefore += this.#cpu;
    this.#cpu = 0;
    this.#watchdog = this.#thread = this.#meter = this.#endedFor = undefined;
  }

  /** The thread is about to be ended: what it used is not known later. */
  note(): void {
    if (this.#meter !== undefined) this.#cpu = loadAddon().readMeter(this.#meter)?.cpu ?? this.#cpu;
  }

  get usage(): WorkerUsage {
    const { memoryMb, cpuMs } = this.#limits;
    const addon = this.#meter === undefined ? undefined : loadAddon();
    this.note();
    const resident = addon?.measureMeter(this.#meter as number)?.resident ?? null;
    return { cpu: this.#cpuBefore + this.#cpu, resident, memoryMb, cpuMs };
  }

  /** The time of a request is up, and its handler was told. */
  expire(exchange: Exchange, text: string): void {
    const isThere = (): boolean => this.#given.exchanges.get(exchange.id) === exchange;
    this.#insist(numberOfExchange(exchange.id), exchange.name, text, isThere);
  }

  /** The time of a call, a trigger or a batch is up. */
  expireEvent(id: number, name: string, text: string): void {
    const end = this.#insist(numberOfEvent(id), name, text, () => this.#given.events.has(id));
    end();
  }

  /** Has it end after a grace, and again. @returns what has it end at once, too */
  #insist(number: number, name: string, text: string, isThere: () => boolean): () => void {
    const thread = this.#thread;
    let told = 0;
    const end = (): void => {
      if (thread === undefined || this.#thread !== thread || !isThere()) {
        clearInterval(timer);
        return;
      }
      if (told === mostTold) {
        this.#given.log("error", `${name}: ${text}; it was told ${told} times to end, and goes on`);
        clearInterval(timer);
        return;
      }
      if (told++ === 0) this.#given.log("warn", `${name}: ${text}; it goes on and is ended`);
      this.#watchdog?.expire(number);
      thread.post({ type: "end", number, text });
    };
    const timer = setInterval(end, expiryGraceMs);
    timer.unref();
    return end;
  }

  #isUnderWay(number: number): boolean {
    return this.#exchange(number) !== undefined || this.#given.events.has((number - 1) / 2);
  }

  #exchange(number: number): Exchange | undefined {
    return number % 2 === 0 ? this.#given.exchanges.get(number / 2) : undefined;
  }

  #exceed(number: number | undefined, limit: string): void {
    if (number !== undefined) this.#exchange(number)?.exceed(limit);
  }

  /** The number of what is under way, if it is one thing. */
  #only(): number | undefined {
    const { exchanges, events } = this.#given;
    if (exchanges.size + events.size !== 1) return undefined;
    const [id] = exchanges.keys();
    return id === undefined ? undefined : numberOfExchange(id);
  }

  #describe(number: number | undefined): string {
    const known = number ?? this.#only();
    const exchange = known === undefined ? undefined : this.#exchange(known);
    if (exchange !== undefined) return exchange.name;
    if (known !== undefined) return "a trigger or a call";
    const names = [...this.#given.exchanges.values()].slice(0, mostNamed).map(({ name }) => name);
    const rest = this.#given.exchanges.size + this.#given.events.size - names.length;
    if (rest > 0) names.push(`${rest} more`);
    return `one of ${names.join(", ")}`;
  }
}
