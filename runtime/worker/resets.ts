// Resets of a Worker's interpreter, as its thread has them: when all has ended that it was given (a request, a call, a trigger), and what
// that began, the realm is asked to be what it was (runtime/realm/89-resets.js), unless something of the host's was used that may keep
// what belongs to it. The pool is told what came of it, and gives the interpreter nothing before.
//
// That begins here and not with the pool, which would have to be told of the end first, and would then have to ask.
import type { BridgeValue, HostEnd } from "../addon.ts";
import { messageOf } from "../user_error.ts";
import type { Operations } from "./ops/operations.ts";

/** Operations of which neither side keeps anything once nothing is under way. */
const forgotten: ReadonlySet<string> = new Set([
  ...["log", "write", "lasting", "now", "random", "timer.start", "timer.stop", "immediate", "fibers", "fibers.error"],
  ...[
    "url.parse",
    "url.set",
    "asset",
    "asset.part",
    "file.read",
    "response",
    "response.chunk",
    "response.end",
    "response.error",
  ],
  ...["request.credit", "request.stop", "event.done", "event.failed", "service.call", "assets.fetch", "queue.send"],
  ...["fetch.start", "fetch.write", "fetch.close", "fetch.grant", "fetch.abort"],
  ...["kv.get", "kv.list", "kv.put", "kv.delete", "reset.left", "ready"],
]);

/** Those that give random numbers, or make some. */
const random: ReadonlySet<string> = new Set(["random", "subtle.start"]);

/** Those with which something ends that it was given. */
const ends: ReadonlySet<string> = new Set([
  ...["response", "response.end", "response.error", "event.done", "event.failed", "lasting"],
]);

/** Turns of the event loop that what a request began may take to end. */
const mostTurns = 50;
/** What the realm answers where it cannot say yet (90-boot.js). */
const goesOn = "something goes on";
const isGiven = "it was given something";
const isLeaving = "its lifespans end";

export interface ResetParts {
  readonly bridge: () => HostEnd;
  /** Timers, operations and fibers that are under way. */
  readonly underWay: () => number;
  /** Told why it was not reset, null when it was, and how much it had been given until then. */
  readonly done: (why: string | null, given: number) => void;
}

export class Resets {
  readonly #parts: ResetParts;
  readonly #used = new Set<string>();
  #isOn = false;
  /** How much it was given, and how much of that before it was reset last. */
  #given = 0;
  #done = 0;
  #isDue = false;
  #left: PromiseWithResolvers<BridgeValue> | undefined;

  constructor(parts: ResetParts) {
    this.#parts = parts;
  }

  /** The interpreter is given a request, a call or a trigger. */
  give(): void {
    this.#given++;
  }

  /** An operation that the realm asks for. */
  note(op: string): void {
    this.#used.add(op);
    if (!this.#isOn || this.#given === this.#done || this.#isDue || !ends.has(op)) return;
    this.#isDue = true;
    setImmediate(() => {
      void this.#reset().then((why) => {
        if (why === isGiven) return;
        this.#done = this.#given;
        this.#parts.done(why, this.#given);
      });
    });
  }

  /** There is a checkpoint to which it is reset from now on. */
  begin(): void {
    this.#isOn = true;
  }

  /** It is not reset any more. */
  end(): void {
    this.#isOn = false;
  }

  readonly operations: Operations = {
    /** The Worker's module is to be loaded. */
    "resets.watch": () => this.#used.clear(),
    /** What it has taken of random numbers would be the same for all requests. */
    "resets.entropy": () => {
      const taken = [...this.#used].filter((op) => random.has(op));
      this.#used.clear();
      return taken.length > 0 ? "its module took random numbers while it was loaded" : null;
    },
    /** The lifespans are shut down; or why not. */
    "reset.left": (why) => this.#left?.resolve(why),
  };

  /** Why the interpreter cannot be reset, or null when it was; isGiven when that will be asked again. */
  async #reset(): Promise<string | null> {
    try {
      const { underWay } = this.#parts;
      let why: BridgeValue = goesOn;
      for (let turn = 0; why === goesOn && turn < mostTurns; turn++) {
        if (turn > 0) await new Promise((resolve) => setImmediate(resolve));
        if (!this.#isOn) return isGiven;
        // It may have timers of its event loop, which are to be dropped, or was given what these are for.
        why = underWay() > 0 ? this.#ask("reset.prepare") : null;
        if (why === null) {
          why = goesOn;
          if (underWay() > 0) continue;
          const kept = this.#kept();
          if (kept !== undefined) return `it used what the host keeps (${kept})`;
          why = this.#ask("reset");
        }
        if (why !== isLeaving) continue;
        const failed = await this.#left?.promise;
        if (failed !== null) return `its lifespans did not end: ${String(failed)}`;
        why = goesOn;
      }
      if (why === null) this.#used.clear();
      return why === null ? null : String(why);
    } catch (error) {
      return messageOf(error);
    } finally {
      this.#isDue = false;
    }
  }

  #ask(what: "reset" | "reset.prepare"): BridgeValue {
    this.#left = Promise.withResolvers();
    return this.#parts.bridge().send(what);
  }

  #kept(): string | undefined {
    for (const op of this.#used) if (!forgotten.has(op)) return op;
    return undefined;
  }
}
