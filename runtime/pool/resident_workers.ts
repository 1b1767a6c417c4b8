// Which Workers of a server have an isolate, and which of them give theirs up to make room: those that were asked least recently, and that
// have nothing to do.
//
//   more than there may be, when another starts ... one less
//   more memory than there may be ................. one after the other, until there is enough
//   asked nothing for the idle time ............... all such
//
// One that has something to do stays, whatever the limits: nothing is worth a request.
import { readFileSync } from "node:fs";
import type { Log } from "../log.ts";

/** What can be evicted: a WorkerHost. */
export interface Resident {
  /** Whether it has an isolate that answers, or will. */
  readonly isRunning: boolean;
  readonly isStarting: boolean;
  readonly isOccupied: boolean;
  /** As performance.now() has it. */
  readonly lastUsed: number;
  /** Whether it did. */
  evict(why: string): boolean;
}

export interface ResidentLimits {
  /** Isolates of Workers at the same time. */
  readonly most?: number | undefined;
  /** MiB of memory that is this process's alone. */
  readonly memoryMb?: number | undefined;
  readonly idleSeconds?: number | undefined;
}

interface Known {
  readonly name: string;
  readonly worker: Resident;
}

/** MiB that one more takes, before anything is known of it. */
const newcomerMb = 32;

/** MiB that are this process's alone: what it shares with others, or maps of a file and did not write to, does not count. */
export function privateMb(): number {
  const status = readFileSync("/proc/self/status", "latin1");
  return Number(/^RssAnon:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

export class ResidentWorkers {
  readonly #limits: ResidentLimits;
  readonly #log: Pick<Log, "info">;
  readonly #measure: () => number;
  readonly #workers = new Set<Known>();
  #evictions = 0;

  constructor(limits: ResidentLimits, log: Pick<Log, "info">, measure: () => number = privateMb) {
    this.#limits = limits;
    this.#log = log;
    this.#measure = measure;
  }

  /** How many have an isolate, and how often one was given up. */
  get counts(): { readonly resident: number; readonly evictions: number } {
    return { resident: this.#running().length, evictions: this.#evictions };
  }

  /** @returns Has it forgotten. */
  add(name: string, worker: Resident): () => void {
    const known = { name, worker };
    this.#workers.add(known);
    return () => {
      this.#workers.delete(known);
    };
  }

  /** One is about to have an isolate: another makes room. */
  starting(): void {
    this.#makeRoom();
    const { memoryMb } = this.#limits;
    if (memoryMb !== undefined) this.#free(memoryMb - newcomerMb);
  }

  /** Once in a while. */
  look(): void {
    const { memoryMb, idleSeconds } = this.#limits;
    this.#makeRoom();
    if (memoryMb !== undefined) this.#free(memoryMb);
    if (idleSeconds === undefined) return;
    const before = performance.now() - idleSeconds * 1000;
    for (const each of this.#idle()) {
      if (each.worker.lastUsed > before) break;
      this.#evict(each, `it was asked nothing for ${idleSeconds} s`);
    }
  }

  #running(): Known[] {
    return [...this.#workers].filter(({ worker }) => worker.isRunning);
  }

  /** That have nothing to do, the least recently used first. */
  #idle(): Known[] {
    return this.#running()
      .filter(({ worker }) => !worker.isOccupied)
      .sort((one, other) => one.worker.lastUsed - other.worker.lastUsed);
  }

  #makeRoom(): void {
    const { most } = this.#limits;
    if (most === undefined) return;
    let surplus = [...this.#workers].filter(({ worker }) => worker.isRunning || worker.isStarting).length - most;
    for (const each of this.#idle()) {
      if (surplus <= 0) break;
      if (this.#evict(each, `there may be ${most} isolates`)) surplus--;
    }
  }

  /** Evicts one where there are more MiB than these. It takes a moment until they are given back: the next look sees it. */
  #free(most: number): void {
    const now = this.#measure();
    if (now <= most) return;
    const why = `there may be ${this.#limits.memoryMb} MiB, and ${Math.round(now)} are held`;
    this.#idle().find((each) => this.#evict(each, why));
  }

  #evict({ name, worker }: Known, why: string): boolean {
    if (!worker.evict(why)) return false;
    this.#evictions++;
    this.#log.info(`the Worker ${name} is evicted: ${why}`);
    return true;
  }
}
