// The Workers of a server, which can be replaced as a whole while it serves.
//
// A reload sets the new ones up and loads them beside those that serve. When all are loaded they take all that comes from then on, at once; when one
// is not, nothing has changed. The old ones answer what they have, for a time, and end.
import { messageOf, UserError } from "../user_error.ts";
import type { SetUpWorker } from "./set_up_workers.ts";

export type SetUp = (cleanup: AsyncDisposableStack) => Promise<SetUpWorker[]>;

interface Generation {
  readonly workers: readonly SetUpWorker[];
  readonly cleanup: AsyncDisposableStack;
}

/** How long the old Workers may take for what they have. */
const drainMs = 30_000;
const lookMs = 50;

async function make(setUp: SetUp): Promise<Generation> {
  const cleanup = new AsyncDisposableStack();
  try {
    return { workers: await setUp(cleanup), cleanup };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

export class Generations {
  readonly #setUp: SetUp;
  #current: Generation;
  #isReloading = false;
  #isEnding = false;
  /** Of those that were replaced. */
  readonly #drained = new Set<Promise<void>>();

  private constructor(setUp: SetUp, first: Generation) {
    this.#setUp = setUp;
    this.#current = first;
    for (const { schedule } of first.workers) schedule.start();
  }

  /** Throws UserError. */
  static async begin(setUp: SetUp): Promise<Generations> {
    return new Generations(setUp, await make(setUp));
  }

  get workers(): readonly SetUpWorker[] {
    return this.#current.workers;
  }

  /**
   * Throws UserError when the new Workers cannot be set up or loaded, and the old ones go on.
   * @param take Has the new ones answer. What it throws is as if they could not be loaded.
   * @param setUp In place of what the first were set up by.
   */
  async reload(take: (workers: readonly SetUpWorker[]) => void, setUp: SetUp = this.#setUp): Promise<void> {
    if (this.#isReloading || this.#isEnding) {
      throw new UserError(
        this.#isEnding ? "the server is stopping" : "a reload is under way; try again when it is done",
      );
    }
    this.#isReloading = true;
    try {
      const next = await make(setUp);
      try {
        await Promise.all(next.workers.map(startOne));
        if (this.#isEnding) throw new UserError("the server is stopping");
        take(next.workers);
      } catch (error) {
        await next.cleanup.disposeAsync();
        throw error;
      }
      const old = this.#current;
      this.#current = next;
      for (const { schedule } of old.workers) schedule.stop();
      for (const { schedule } of next.workers) schedule.start();
      const drained = this.#drain(old);
      this.#drained.add(drained);
      void drained.finally(() => this.#drained.delete(drained));
    } finally {
      this.#isReloading = false;
    }
  }

  /** Ends all Workers. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([this.#current.cleanup.disposeAsync(), ...this.#drained]);
  }

  async #drain({ workers, cleanup }: Generation): Promise<void> {
    const deadline = performance.now() + drainMs;
    const isDone = (): boolean => workers.every(({ host }) => host.underWay === 0);
    while (!isDone() && !this.#isEnding && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
    await cleanup.disposeAsync();
  }
}

async function startOne({ name, host }: SetUpWorker): Promise<void> {
  try {
    await host.start();
  } catch (error) {
    throw new UserError(`the Worker ${name} could not be loaded:\n${messageOf(error)}`, { cause: error });
  }
}
