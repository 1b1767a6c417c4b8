// What a thread that makes the snapshot of an artifact has in place of the system's randomness and clocks: the same input makes the same memory.
//
// Random bytes come from a seed. The clock stands, but for a step at each look, so that whoever waits for it by looking goes on; a timer that
// fires sets it to when that was due.
import { type BridgeValue, loadAddon } from "../addon.ts";
import { needNumber, type Operation, type Operations, type SendToRealm } from "./ops/operations.ts";
import type { Reproducible } from "./protocol.ts";

/** A microsecond. */
const stepMs = 0.001;
const mostRandomBytes = 65536;

export class Reproduction {
  readonly #seed: string;
  /** Pieces of random bytes so far. */
  #pieces = 0;
  #now = 0;
  /** When each timer is due, by its number. */
  readonly #due = new Map<number, number>();

  constructor({ seed }: Reproducible) {
    this.#seed = seed;
  }

  /** @param send To the realm: what it is told of timers goes through here. */
  sending(send: SendToRealm): SendToRealm {
    return (op, ...values): BridgeValue => {
      const [id] = values;
      if (op === "timer" && typeof id === "number") {
        this.#now = Math.max(this.#now, this.#due.get(id) ?? 0);
        this.#due.delete(id);
      }
      return send(op, ...values);
    };
  }

  /** In place of the operations of the same names. @param start The timers' own. */
  operations(start: Operation): Operations {
    return {
      now: () => {
        this.#now += stepMs;
        return this.#now;
      },
      random: (sizeValue) => {
        const size = needNumber(sizeValue);
        if (!Number.isInteger(size) || size < 0 || size > mostRandomBytes) {
          throw new RangeError("too many random bytes");
        }
        return this.#random(size);
      },
      "timer.start": (id, ms) => {
        this.#due.set(needNumber(id), this.#now + needNumber(ms));
        return start(id, ms);
      },
    };
  }

  #random(size: number): Uint8Array {
    const { sha256 } = loadAddon();
    const pieces: Buffer[] = [];
    for (let bytes = 0; bytes < size; bytes += 32) {
      pieces.push(Buffer.from(sha256(`${this.#seed} ${this.#pieces++}`), "hex"));
    }
    return new Uint8Array(Buffer.concat(pieces, size));
  }
}
