// What is deployed into a server while it serves: each change takes effect as a whole, or not at all.
import { realpathSync } from "node:fs";
import path from "node:path";
import { nearestName } from "../config/nearest.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import type { DeploymentHandlers } from "../control/deployment_questions.ts";
import type { Deployment, DeploymentFolder } from "../deployments/folder.ts";
import type { Log } from "../log.ts";
import { readServed } from "../pack/artifact.ts";
import { messageOf, UserError } from "../user_error.ts";
import type { InTurn } from "./in_turn.ts";

/** The version of a name that is to be served in place of the current one; none when the name is to go. */
export interface Change {
  readonly name: string;
  readonly version: number | undefined;
}

/**
 * Has the server's Workers be those of the configuration with a change. Throws when they cannot be loaded, and then nothing has changed.
 * @param commit Called when they are loaded, before they answer. What it throws is as if they could not be loaded.
 */
export type Swap = (change: Change, commit: () => void) => Promise<void>;

export interface Deployed {
  readonly name: string;
  readonly version: number;
}

interface Named {
  readonly name: string;
  readonly routes: WorkerConfig["routes"];
}

/** Files of secrets in the Worker's own folder are for development, and are not read. */
const secretsIn = (folder: DeploymentFolder) => (name: string) => folder.secretsFolder(name);

/** Throws UserError. */
function readVersion(folder: DeploymentFolder, { name, version }: Deployed, env: string | undefined): WorkerConfig {
  const config = readServed(folder.versionFolder(name, version), { env, secretsFolder: secretsIn(folder) });
  if (config.name !== name) {
    throw new UserError(`${config.file}: the Worker's name is ${config.name}, and it was deployed as ${name}`);
  }
  return { ...config, state: folder.stateFolder(name) };
}

/** Those without routes come first, in the order in which they were deployed: the first of them gets what fits no route. */
function inOrder<Worker extends { readonly routes: readonly unknown[] }>(workers: readonly Worker[]): Worker[] {
  return [...workers.filter(({ routes }) => routes.length === 0), ...workers.filter(({ routes }) => routes.length > 0)];
}

/** The configurations of the current versions. Throws UserError. */
export function deployedConfigs(folder: DeploymentFolder, env: string | undefined): WorkerConfig[] {
  return inOrder(folder.list().map(({ name, current }) => readVersion(folder, { name, version: current }, env)));
}

/**
 * The deployed Workers with a change, which leaves all others as they run. Throws UserError.
 * @param running Those of the server, which may be others' as well.
 */
export function deployedAfter<Worker extends Named>(
  folder: DeploymentFolder,
  env: string | undefined,
  { name, version }: Change,
  running: readonly Worker[],
): (Worker | WorkerConfig)[] {
  const names = new Set([...folder.list().map((each) => each.name), name]);
  if (version === undefined) names.delete(name);
  const runs = new Map(running.map((worker) => [worker.name, worker]));
  const read = (each: string): WorkerConfig => {
    const current = each === name ? version : folder.get(each)?.current;
    if (current === undefined) throw new Error(`${each} has no version`);
    return readVersion(folder, { name: each, version: current }, env);
  };
  return inOrder([...names].map((each) => (each === name ? undefined : runs.get(each)) ?? read(each)));
}

export class Deployer {
  readonly #folder: DeploymentFolder;
  readonly #env: string | undefined;
  readonly #swap: Swap;
  readonly #onProblem: (text: string) => void;

  /** @param onProblem Told what could not be removed. */
  constructor(
    folder: DeploymentFolder,
    { env, swap, onProblem }: { env: string | undefined; swap: Swap; onProblem: (text: string) => void },
  ) {
    this.#folder = folder;
    this.#env = env;
    this.#swap = swap;
    this.#onProblem = onProblem;
  }

  list(): Deployment[] {
    return this.#folder.list();
  }

  /** Throws UserError when nothing was changed. */
  async deploy(source: string): Promise<Deployed> {
    // Its own files are read first, so that what is wrong is told with the paths that the user knows.
    const config = readServed(source, { env: this.#env, secretsFolder: secretsIn(this.#folder) });
    const { name } = config;
    const real = realpathSync(config.artifact?.folder ?? config.folder);
    const state = config.state === undefined ? [] : [path.resolve(real, config.state)];
    const version = await this.#folder.add(name, real, state);
    try {
      await this.#makeCurrent({ name, version });
    } catch (error) {
      this.#folder.discard(name, version);
      throw error;
    }
    return { name, version };
  }

  /**
   * Throws UserError when nothing was changed.
   * @param version The one before the current one unless given.
   */
  async rollBack(name: string, version?: number): Promise<Deployed> {
    const { current, versions } = this.#find(name);
    const kept = versions.map((each) => each.version);
    const wanted = version ?? kept.filter((each) => each < current).at(-1);
    if (wanted === undefined) throw new UserError(`${name} has no version before ${current}, which is current`);
    if (wanted === current) throw new UserError(`version ${current} of ${name} is the current one already`);
    if (!kept.includes(wanted)) {
      const [nearest] = kept.toSorted((one, other) => Math.abs(one - wanted) - Math.abs(other - wanted));
      throw new UserError(
        `${name} has no version ${wanted}; the nearest is ${nearest}, and all are ${kept.join(", ")}`,
      );
    }
    await this.#makeCurrent({ name, version: wanted });
    return { name, version: wanted };
  }

  /** Throws UserError when nothing was changed. */
  async delete(name: string): Promise<Deployed> {
    const { current } = this.#find(name);
    await this.#swap({ name, version: undefined }, () => this.#folder.remove(name));
    this.#tidy();
    return { name, version: current };
  }

  async #makeCurrent(next: Deployed): Promise<void> {
    await this.#swap(next, () => this.#folder.makeCurrent(next.name, next.version));
    this.#tidy();
  }

  /** What is left is removed at the next change, or the next start. */
  #tidy(): void {
    try {
      this.#folder.tidy();
    } catch (error) {
      this.#onProblem(`${this.#folder.root}: ${messageOf(error)}`);
    }
  }

  #find(name: string): Deployment {
    const found = this.#folder.get(name);
    if (found !== undefined) return found;
    const names = this.#folder.list().map((each) => each.name);
    const nearest = nearestName(name, names);
    const hint = nearest === undefined ? "blockon deployments lists what is" : `did you mean ${nearest}?`;
    throw new UserError(`no Worker ${JSON.stringify(name)} is deployed: ${hint}`);
  }
}

export interface DeployingOptions {
  readonly env: string | undefined;
  readonly swap: Swap;
  /** What else changes the server's Workers has its turn by this, too. */
  readonly turn: InTurn;
  readonly log: Log;
}

/** What a server does when it is asked about its deployments. */
export function deploymentHandlers(folder: DeploymentFolder, options: DeployingOptions): DeploymentHandlers {
  const { env, swap, turn, log } = options;
  const deployer = new Deployer(folder, { env, swap, onProblem: (text) => log.warn(text) });
  const told = async (what: string, change: () => Promise<Deployed>): Promise<Deployed> => {
    const done = await turn(change);
    log.info(`${what}: version ${done.version} of ${done.name}`);
    return done;
  };
  return {
    deploy: ({ folder: source }) => told("deployed", () => deployer.deploy(source)),
    deployments: async () => deployer.list(),
    rollback: ({ name, version }) => told("rolled back", () => deployer.rollBack(name, version)),
    delete: ({ name }) => told("deleted", () => deployer.delete(name)),
  };
}
