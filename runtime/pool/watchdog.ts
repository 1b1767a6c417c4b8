// Watches what a Worker's thread uses while it has requests: processor time for each, memory, and what JavaScript's ArrayBuffers hold.
//
//   every tick: read the thread's clock; what it spent since the last one is charged to the request that Python says it works for
//     over the limit, in Python code ............ LimitExceeded is raised there (jspi/guest/limits.h), once
//     goes on, or never answered (C, JavaScript)  the thread is ended, with what else is on it
//
// The answer is a sample, so a request is judged by three at least. A thread that computes without an answer and without a turn of its
// event loop is held by one piece of code: that is counted too. What is no request's (tasks and threads of the Worker's own, or a guest
// that does not tell the truth) has an account of its own, which requests fill and which lets a tenth of the time go.
import { type Addon, loadAddon, type MeterReading } from "../addon.ts";

export interface WatchdogLimits {
  /** Milliseconds of processor time for a request; 0 for any. */
  readonly cpuMs: number;
  /** MiB of Python's memory; 0 for any. */
  readonly memoryMb: number;
  /** MiB that ArrayBuffers may hold, and as many more as its files may have. */
  readonly heapMb: number;
  readonly tmpMb: number;
}

/** The Worker that is watched. */
export interface Watched {
  /** What it was given and has not answered, by number. */
  underWay(number: number): boolean;
  /** How the log names it; all that is under way without a number. */
  describe(number: number | undefined): string;
  /** It is over a limit: Python is being told. */
  over(number: number, text: string): void;
  /** How many messages of its WebSocket it was given: each is a new beginning. */
  messages(number: number): number;
  /** Nothing is. */
  isIdle(): boolean;
  /** Python did not end it, or cannot be asked. `why` is for the log, `limit` for who asked. */
  end(why: string, limit: string, number: number | undefined): void;
}

interface Charge {
  messages: number;
  cpu: number;
  samples: number;
  /** What it had used when Python was told to end it. */
  overAt: number | undefined;
}

const leastSamples = 3;
const leastTickMs = 5;
const mostTickMs = 100;
const memoryCheckMs = 500;
const bufferCheckMs = 100;
/** Seconds. */
const leastSpent = 0.0005;
/** Processor time for what a request does when it is told to end, and for what it takes to be asked. */
const graceMs = 500;
/** Between looks at a Worker that has been asked nothing since. */
const idleTickMs = 2000;
/** Of the time, what code that is no request's may compute all along. */
const freeShare = 0.1;
/** Of the memory limit: the heap ends at it, and what stacks hold comes on top. */
const mostResident = 1.25;

export type MeterAddon = Pick<Addon, "readMeter" | "measureMeter" | "askMeter" | "lookAtBuffers">;

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

export class Watchdog {
  readonly #meter: number;
  readonly #limits: WatchdogLimits;
  readonly #watched: Watched;
  readonly #addon: MeterAddon;
  readonly #charges = new Map<number, Charge>();
  #timer: NodeJS.Timeout | undefined;
  #isIdle = false;
  #ended = false;
  #last: MeterReading | null = null;
  #lastAt = 0;
  /** Seconds of processor time that no request is known for. */
  #unowned = 0;
  /** Seconds that were spent since the event loop turned last. */
  #inTurn = 0;
  /** The same, when Python was told to end what runs in this turn. */
  #inTurnAtOver: number | undefined;
  /** The last that answered in this turn. */
  #inTurnBy: number | undefined;
  #nextMemoryCheck = 0;
  #nextBufferCheck = 0;

  constructor(meter: number, limits: WatchdogLimits, watched: Watched, addon: MeterAddon = loadAddon()) {
    this.#meter = meter;
    this.#limits = limits;
    this.#watched = watched;
    this.#addon = addon;
  }

  /** The Worker was given something, a request or a message. */
  start(): void {
    this.#unowned = Math.max(0, this.#unowned - this.#limits.cpuMs / 1000);
    if (this.#ended || (this.#timer !== undefined && !this.#isIdle)) return;
    this.#read();
    this.#newTurn();
    const { cpuMs } = this.#limits;
    this.#isIdle = false;
    this.#lookEvery(cpuMs === 0 ? mostTickMs : Math.min(Math.max(cpuMs / 10, leastTickMs), mostTickMs));
  }

  /** The Worker is gone. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#ended = true;
  }

  /** A request is to end where it runs. */
  expire(number: number): void {
    const charge = this.#chargeOf(number);
    charge.overAt ??= charge.cpu;
    this.#inTurnAtOver ??= this.#inTurn;
    this.#addon.askMeter(this.#meter, number);
  }

  /** One tick. */
  look(): void {
    if (this.#ended) return;
    const before = this.#last;
    const beforeAt = this.#lastAt;
    const now = this.#read();
    if (now === null || before === null) return;
    const spent = now.cpu - before.cpu;
    if (now.turns !== before.turns) {
      this.#newTurn();
    } else {
      this.#inTurn += spent;
    }
    for (const number of this.#charges.keys()) if (!this.#watched.underWay(number)) this.#charges.delete(number);
    const isOwned = now.answered === now.asked && this.#watched.underWay(now.request);
    if (isOwned) this.#answered(now.request, spent);
    this.#checkTurn();
    if (!isOwned) this.#nobody(spent, (this.#lastAt - beforeAt) / 1000);
    // One that did nothing has not grown.
    if (spent > leastSpent) {
      this.#checkMemory();
      this.#checkBuffers();
    }
    if (this.#ended) return;
    if (this.#watched.isIdle() && !this.#isIdle) {
      this.#isIdle = true;
      this.#lookEvery(idleTickMs);
    }
    if (!this.#isIdle) this.#addon.askMeter(this.#meter, this.#nextOver(now.request));
  }

  #read(): MeterReading | null {
    this.#last = this.#addon.readMeter(this.#meter);
    this.#lastAt = performance.now();
    return this.#last;
  }

  #lookEvery(ms: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.look(), ms);
    this.#timer.unref();
  }

  #end(why: string, limit: string, number: number | undefined): void {
    if (this.#ended) return;
    this.stop();
    this.#watched.end(why, limit, number);
  }

  #newTurn(): void {
    this.#inTurn = 0;
    this.#inTurnAtOver = undefined;
    this.#inTurnBy = undefined;
  }

  #chargeOf(number: number): Charge {
    let charge = this.#charges.get(number);
    const messages = this.#watched.messages(number);
    if (charge === undefined || charge.messages !== messages) {
      charge = { messages, cpu: 0, samples: 0, overAt: undefined };
      this.#charges.set(number, charge);
    }
    return charge;
  }

  #answered(number: number, spent: number): void {
    this.#inTurnBy = number;
    const charge = this.#chargeOf(number);
    charge.cpu += spent;
    charge.samples++;
    const { cpuMs } = this.#limits;
    if (charge.overAt !== undefined) {
      if ((charge.cpu - charge.overAt) * 1000 > graceMs) {
        this.#end(this.#refusedText(number), this.#cpuText(), number);
      }
    } else if (cpuMs > 0 && charge.samples >= leastSamples && charge.cpu * 1000 > cpuMs) {
      charge.overAt = charge.cpu;
      this.#inTurnAtOver ??= this.#inTurn;
      this.#watched.over(number, this.#cpuText());
    }
  }

  #nobody(spent: number, elapsed: number): void {
    const { cpuMs } = this.#limits;
    if (cpuMs === 0) return;
    this.#unowned = Math.max(0, this.#unowned + spent - elapsed * freeShare);
    if (this.#unowned * 1000 <= cpuMs + graceMs) return;
    const limit = this.#cpuText();
    this.#end(`code that no request is known for is over ${limit}`, limit, undefined);
  }

  /** One piece of code that runs on, and is not asked or does not end. */
  #checkTurn(): void {
    const { cpuMs } = this.#limits;
    const by = this.#inTurnBy;
    const isOver = cpuMs > 0 && this.#inTurn * 1000 > cpuMs + graceMs;
    const mayBeTold = by === undefined || this.#charges.get(by)?.overAt !== undefined;
    const told = mayBeTold ? this.#inTurnAtOver : undefined;
    if (!isOver && (told === undefined || (this.#inTurn - told) * 1000 <= graceMs)) return;
    const limit = isOver ? this.#cpuText() : "its limit";
    if (by !== undefined && this.#charges.get(by)?.overAt !== undefined) {
      this.#end(this.#refusedText(by), limit, by);
      return;
    }
    this.#end(`${this.#watched.describe(by)} is over ${limit}, in code that cannot be interrupted`, limit, by);
  }

  #checkMemory(): void {
    const { memoryMb } = this.#limits;
    if (memoryMb === 0 || performance.now() < this.#nextMemoryCheck) return;
    this.#nextMemoryCheck = performance.now() + memoryCheckMs;
    const resident = this.#addon.measureMeter(this.#meter)?.resident ?? 0;
    const limit = memoryMb * 1024 * 1024;
    if (resident <= limit * mostResident) return;
    const text = `the limit of ${mib(limit)} of memory (memory_mb)`;
    this.#end(`it is over ${text}: ${mib(resident)} are held`, text, undefined);
  }

  /** The thread judges by itself: what is garbage of them is known there alone. */
  #checkBuffers(): void {
    if (performance.now() < this.#nextBufferCheck) return;
    this.#nextBufferCheck = performance.now() + bufferCheckMs;
    this.#addon.lookAtBuffers(this.#meter, this.#limits.heapMb, this.#limits.tmpMb);
  }

  /** The request that Python is to end next: the one that ran last, if it is one. */
  #nextOver(running: number): number {
    if (this.#charges.get(running)?.overAt !== undefined) return running;
    for (const [number, { overAt }] of this.#charges) if (overAt !== undefined) return number;
    return 0;
  }

  #refusedText(number: number): string {
    return `${this.#watched.describe(number)} is over its limit, was told to end and computes on`;
  }

  #cpuText(): string {
    return `the limit of ${this.#limits.cpuMs} ms of processor time (cpu_ms)`;
  }
}
