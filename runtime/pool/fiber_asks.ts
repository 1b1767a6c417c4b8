// What a Worker was asked about its fibers and has not answered yet. A Worker that computes answers when it is done; who asks
// meanwhile joins the question that is open, so that questions do not pile up.
import type { FiberList } from "../worker/fiber_list.ts";

/** A list, or why there is none. */
export type FiberAnswer = FiberList | { readonly error: string };

export class FiberAsks {
  /** By whether whole stacks are asked for. */
  readonly #open = new Map<boolean, PromiseWithResolvers<FiberAnswer>>();

  /** @param post Called when nobody has asked this before. */
  ask(stacks: boolean, post: () => void): Promise<FiberAnswer> {
    const open = this.#open.get(stacks);
    if (open !== undefined) return open.promise;
    const ask = Promise.withResolvers<FiberAnswer>();
    this.#open.set(stacks, ask);
    post();
    return ask.promise;
  }

  answered(stacks: boolean, answer: FiberAnswer): void {
    this.#open.get(stacks)?.resolve(answer);
    this.#open.delete(stacks);
  }

  /** The thread that was asked is gone. */
  lost(why: string): void {
    for (const stacks of [...this.#open.keys()]) this.answered(stacks, { error: why });
  }
}

/** The promise's value, or undefined when it is not there in time. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, milliseconds, undefined);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
