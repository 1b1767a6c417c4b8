// Resets of a Worker's interpreter, as its thread has them: when all has ended that it was given (a request, a call, a trigger), and what
// that began, the realm is asked to be what it was (runtime/realm/89-resets.js), unless something of the host's was used that may keep
// what belongs to it. The pool is told what came of it, and gives the interpreter nothing before.
//
// That begins here and not with the pool, which would have to be told of the end first, and would then have to ask: when the microtasks have
// run in which the answer was sent. Where not all has ended by then, or something stands against it, the event loop's next turns are waited for.
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
  /** The first operation that was used of those that the host keeps something of. */
  #kept: string | undefined;
  #isRandom = false;
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
    if (!forgotten.has(op)) this.#kept ??= op;
    if (!this.#isOn) {
      this.#isRandom ||= random.has(op);
      return;
    }
    if (this.#given === this.#done || this.#isDue || !ends.has(op)) return;
    this.#isDue = true;
    process.nextTick(() => this.#begin());
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
    "resets.watch": () => this.#forget(),
    /** What it has taken of random numbers would be the same for all requests. */
    "resets.entropy": () => {
      const isRandom = this.#isRandom;
      this.#forget();
      return isRandom ? "its module took random numbers while it was loaded" : null;
    },
    /** The lifespans are shut down; or why not. */
    "reset.left": (why) => this.#left?.resolve(why),
  };

  #forget(): void {
    this.#kept = undefined;
    this.#isRandom = false;
  }

  #begin(): void {
    let why: BridgeValue;
    try {
      why = this.#once();
    } catch (error) {
      this.#tell(messageOf(error));
      return;
    }
    if (why === null) this.#tell(null);
    else void this.#later(why);
  }

  /** All that has ended until now is done with: what is noted from now on is the next one's. */
  #tell(why: BridgeValue): void {
    this.#isDue = false;
    if (why === isGiven) return;
    this.#done = this.#given;
    this.#parts.done(why === null ? null : String(why), this.#given);
  }

  /** Why the interpreter cannot be reset, or cannot yet, or null when it was. When it throws, nobody may go on with the interpreter. */
  #once(): BridgeValue {
    if (!this.#isOn) return isGiven;
    const { underWay } = this.#parts;
    if (underWay() > 0) {
      // It may have timers of its event loop, which are to be dropped, or was given what these are for.
      const why = this.#ask("reset.prepare");
      if (why !== null) return why;
      if (underWay() > 0) return goesOn;
    }
    if (this.#kept !== undefined) return `it used what the host keeps (${this.#kept})`;
    const why = this.#ask("reset");
    if (why === null) this.#forget();
    return why;
  }

  /**
   * Asks again when the event loop has turned, as often as that may help.
   * @param first Why it could not be reset at once.
   */
  async #later(first: BridgeValue): Promise<void> {
    let why = first;
    try {
      for (let turn = 0; turn < mostTurns; turn++) {
        if (why === isLeaving) {
          const failed = await this.#left?.promise;
          if (failed !== null) {
            why = `its lifespans did not end: ${String(failed)}`;
            break;
          }
        }
        await new Promise((resolve) => setImmediate(resolve));
        why = this.#once();
        if (why !== goesOn && why !== isLeaving) break;
      }
    } catch (error) {
      why = messageOf(error);
    }
    this.#tell(why);
  }

  #ask(what: "reset" | "reset.prepare"): BridgeValue {
    this.#left = Promise.withResolvers();
    return this.#parts.bridge().send(what);
  }
}
