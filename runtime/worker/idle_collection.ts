// Has V8 give back what a thread's start, and requests, have left of its heap, once nothing has come for a while: a third of what an idle
// Worker takes otherwise. It takes some milliseconds, in which a request would wait: so not often, and only where there is much. Nor is
// anything collected while the thread starts.
import { setTimeout as sleep } from "node:timers/promises";
import { loadAddon } from "../addon.ts";

const quietMs = 1000;
/** How much the heap has to have grown since. */
const leastBytes = 2 * 2 ** 20;
const lookMs = 2;
/** Of a collection, which has somebody wait. */
const mostMs = 1000;

export class IdleCollection {
  #isArmed = false;
  /** Something has come since the timer was set. */
  #isBusy = false;
  #heapBytes = 0;
  /** What a collection has moved, and what was young, goes with the next one: half a megabyte. */
  #isHalfDone = false;
  #isStarting = true;
  readonly #trim: () => void;

  /**
   * Of a thread that starts.
   * @param trim Gives up what else can be had of an idle thread: after the collections, when nothing more comes.
   */
  constructor(trim: () => void) {
    this.#trim = trim;
    loadAddon().setStarting(true);
  }

  /** Something has come, or was done. */
  note(): void {
    this.#isBusy = true;
    if (!this.#isArmed) this.#arm();
  }

  /**
   * Resolves when V8 has collected what the start has left: a thread that is made ready has done so before it is anybody's, since V8 counts what
   * its Worker brings from then on.
   * @param isCut Whether somebody waits for the thread: then nobody does for this.
   */
  async collected(isCut: () => boolean): Promise<void> {
    const { collections, collectWhenGrown, setStarting } = loadAddon();
    if (isCut()) return;
    setStarting(false);
    this.#isStarting = false;
    const before = collections();
    this.#heapBytes = collectWhenGrown(0, 0);
    this.#isHalfDone = true;
    const begin = performance.now();
    while (collections() === before && !isCut() && performance.now() - begin < mostMs) await sleep(lookMs);
  }

  #arm(): void {
    this.#isArmed = true;
    this.#isBusy = false;
    setTimeout(() => {
      this.#isArmed = false;
      if (!this.#isBusy) this.#collect();
      if (this.#isBusy || this.#isHalfDone) this.#arm();
      else this.#trim();
    }, quietMs).unref();
  }

  #collect(): void {
    const { collectWhenGrown, setStarting } = loadAddon();
    if (this.#isStarting) setStarting(false);
    this.#isStarting = false;
    if (this.#isHalfDone) {
      this.#isHalfDone = false;
      this.#heapBytes = collectWhenGrown(0, 0);
      return;
    }
    const before = this.#heapBytes;
    this.#heapBytes = collectWhenGrown(leastBytes, before);
    this.#isHalfDone = this.#heapBytes > before;
  }
}
