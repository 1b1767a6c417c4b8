// Resets of a Worker's interpreter, as its thread has them: the realm is asked to (runtime/realm/89-resets.js) when nothing that a
// request began goes on, and unless the request used something of the host's that may keep what belongs to it.
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

/** Turns of the event loop that what a request began may take to end. */
const mostTurns = 50;
const goesOn = "something goes on";

export interface ResetParts {
  readonly bridge: () => HostEnd;
  /** Timers, operations and fibers that are under way. */
  readonly underWay: () => number;
}

export class Resets {
  readonly #parts: ResetParts;
  readonly #used = new Set<string>();
  #left: PromiseWithResolvers<BridgeValue> | undefined;

  constructor(parts: ResetParts) {
    this.#parts = parts;
  }

  /** An operation that the realm asks for. */
  note(op: string): void {
    this.#used.add(op);
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

  /** Why the interpreter cannot be reset, or null when it was. Then, and only then, it may be given another request. */
  async reset(): Promise<string | null> {
    try {
      const { bridge, underWay } = this.#parts;
      this.#left = Promise.withResolvers();
      if (bridge().send("reset.leave") !== true) {
        const why = await this.#left.promise;
        if (why !== null) return `its lifespans did not end: ${String(why)}`;
      }
      let why: BridgeValue = goesOn;
      for (let turn = 0; why === goesOn && turn < mostTurns; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (underWay() > 0) continue;
        const kept = [...this.#used].find((op) => !forgotten.has(op));
        if (kept !== undefined) return `it used what the host keeps (${kept})`;
        why = bridge().send("reset");
      }
      this.#used.clear();
      return why === null ? null : String(why);
    } catch (error) {
      return messageOf(error);
    }
  }
}
