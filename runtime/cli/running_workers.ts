// The Workers of a server, each of which can be replaced while it serves, and the others not be touched.
//
// A change says for each name whether the Worker that runs is kept or one is set up anew. The new ones are loaded beside those that serve. When all are
// loaded they take what comes from then on, at once; when one is not, nothing has changed. Those that are replaced answer what they have, for
// a time, and end; a Worker that is kept keeps its isolate, what its module holds, its lifespan and its cron triggers.
import type { WorkerConfig } from "../config/wrangler.ts";
import { mayBeCalledBack } from "../pool/acquaintances.ts";
import type { ServedHost } from "../pool/served_host.ts";
import { messageOf, UserError } from "../user_error.ts";
import { checkTogether, type SetUpOptions, type SetUpWorker, setUpWorker } from "./set_up_workers.ts";

/** A Worker that is to be: one that runs, or what a new one is set up by. */
export type Planned = SetUpWorker | WorkerConfig;

/** How long those that were replaced may take for what they have. */
const drainMs = 30_000;
const lookMs = 50;

type Hosts = ReadonlyMap<string, ServedHost>;

const isRunning = (planned: Planned): planned is SetUpWorker => "host" in planned;
const hostsOf = (workers: readonly SetUpWorker[]): Hosts => new Map(workers.map(({ name, host }) => [name, host]));

async function endAll(workers: readonly SetUpWorker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.end()));
}

/** Whether it does something, what goes on in waitUntil too, or a Worker does that may call a function of it. */
function isNeeded({ host }: SetUpWorker): boolean {
  return host.isOccupied || (host.hasLent && mayBeCalledBack(host));
}

/** Resolves when none is needed any more, or they are not to be waited for. */
async function idle(workers: readonly SetUpWorker[], mayWait: () => boolean): Promise<void> {
  while (workers.some(isNeeded) && mayWait()) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** Whom a Worker reaches before those that serve: when it is loaded those that are loaded with it, when it was replaced those that were, too. */
interface Circle {
  hosts: Hosts;
}

export class RunningWorkers {
  readonly #options: SetUpOptions;
  #current: readonly SetUpWorker[] = [];
  #hosts: Hosts = new Map();
  readonly #circles = new WeakMap<SetUpWorker, Circle>();
  #isChanging = false;
  /** What the Workers were given may go on until then, as performance.now() has it, once they are to end. */
  #endsBy = Number.POSITIVE_INFINITY;
  /** Of those that were replaced. */
  readonly #drained = new Set<Promise<void>>();
  readonly #draining = new Set<SetUpWorker>();

  private constructor(options: SetUpOptions) {
    this.#options = options;
  }

  /** Sets them up; none is started. Throws UserError. */
  static async begin(configs: readonly WorkerConfig[], options: SetUpOptions): Promise<RunningWorkers> {
    const running = new RunningWorkers(options);
    running.#take(await running.#make(configs));
    return running;
  }

  get workers(): readonly SetUpWorker[] {
    return this.#current;
  }

  get #isEnding(): boolean {
    return this.#endsBy !== Number.POSITIVE_INFINITY;
  }

  /**
   * Throws UserError when a new one cannot be set up or loaded; then all goes on as before.
   * @param take Has these Workers answer. What it throws is as if one could not be loaded.
   */
  async change(planned: readonly Planned[], take: (workers: readonly SetUpWorker[]) => void): Promise<void> {
    if (this.#isChanging || this.#isEnding) {
      throw new UserError(
        this.#isEnding ? "the server is stopping" : "a reload is under way; try again when it is done",
      );
    }
    this.#isChanging = true;
    try {
      const next = await this.#make(planned);
      const made = next.filter((worker) => !planned.includes(worker));
      try {
        await Promise.all(made.map(startOne));
        if (this.#isEnding) throw new UserError("the server is stopping");
        take(next);
      } catch (error) {
        await endAll(made);
        throw error;
      }
      this.#take(next);
    } finally {
      this.#isChanging = false;
    }
  }

  /** Of those that were replaced and have not ended, where their files are. */
  get drainingFolders(): readonly string[] {
    return [...this.#draining].map(({ config }) => config.folder);
  }

  /** Resolves when those that have been replaced by now have ended. */
  async drained(): Promise<void> {
    await Promise.all(this.#drained);
  }

  /** Ends all Workers, those that were replaced too. @param until What they were given may go on until then, as performance.now() has it. */
  async end(until = 0): Promise<void> {
    this.#endsBy = until;
    for (const { schedule } of this.#current) schedule.stop();
    // Those that were replaced may ask those that serve for something.
    await idle([...this.#current, ...this.#draining], () => performance.now() < until);
    await Promise.all([endAll(this.#current), ...this.#drained]);
  }

  async #make(planned: readonly Planned[]): Promise<SetUpWorker[]> {
    checkTogether(planned.map((each) => (isRunning(each) ? each.config : each)));
    const workers: SetUpWorker[] = [];
    const made: SetUpWorker[] = [];
    try {
      for (const each of planned) {
        const worker = isRunning(each) ? each : await this.#setUp(each);
        if (worker !== each) made.push(worker);
        workers.push(worker);
      }
    } catch (error) {
      await endAll(made);
      throw error;
    }
    this.#join(made, hostsOf(made));
    return workers;
  }

  async #setUp(config: WorkerConfig): Promise<SetUpWorker> {
    const circle: Circle = { hosts: new Map() };
    const worker = await setUpWorker(config, this.#options, (name) => circle.hosts.get(name) ?? this.#hosts.get(name));
    this.#circles.set(worker, circle);
    return worker;
  }

  #join(workers: readonly SetUpWorker[], hosts: Hosts): void {
    for (const worker of workers) {
      const circle = this.#circles.get(worker);
      if (circle !== undefined) circle.hosts = hosts;
    }
  }

  #take(next: readonly SetUpWorker[]): void {
    const replaced = this.#current.filter((worker) => !next.includes(worker));
    const added = next.filter((worker) => !this.#current.includes(worker));
    this.#current = next;
    this.#hosts = hostsOf(next);
    this.#join(added, new Map());
    this.#join(replaced, hostsOf(replaced));
    for (const { schedule } of replaced) schedule.stop();
    for (const { schedule } of added) schedule.start();
    if (replaced.length === 0) return;
    const drained = this.#drain(replaced);
    this.#drained.add(drained);
    void drained.finally(() => this.#drained.delete(drained));
  }

  async #drain(workers: readonly SetUpWorker[]): Promise<void> {
    const deadline = performance.now() + drainMs;
    for (const worker of workers) this.#draining.add(worker);
    await idle(workers, () => performance.now() < Math.min(deadline, this.#endsBy));
    try {
      await endAll(workers);
    } finally {
      for (const worker of workers) this.#draining.delete(worker);
    }
  }
}

async function startOne({ name, host }: SetUpWorker): Promise<void> {
  try {
    await host.start();
  } catch (error) {
    throw new UserError(`the Worker ${name} could not be loaded:\n${messageOf(error)}`, { cause: error });
  }
}
