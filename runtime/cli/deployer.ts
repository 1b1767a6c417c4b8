// What is deployed into a server while it serves: each change takes effect as a whole, or not at all.
import { realpathSync } from "node:fs";
import path from "node:path";
import { nearestName } from "../config/nearest.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import type { DeploymentHandlers } from "../control/deployment_questions.ts";
import type { Deployment, DeploymentFolder } from "../deployments/folder.ts";
import type { Log } from "../log.ts";
import { readServed } from "../pack/artifact.ts";
import { within } from "../pool/fiber_asks.ts";
import { messageOf, UserError } from "../user_error.ts";
import type { InTurn } from "./in_turn.ts";

/** How long a deletion waits for a Worker to end before it is answered: most have nothing to do, and then the copies are gone by that. */
const quickMs = 1000;

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

/** Workers that were replaced: they read their files until they have answered what they have. */
export interface Replaced {
  /** Where the files are of those that have not ended. */
  readonly drainingFolders: readonly string[];
  /** Resolves when those have ended that there are now. */
  drained(): Promise<void>;
}

interface DeployerOptions {
  readonly env: string | undefined;
  readonly swap: Swap;
  readonly turn: InTurn;
  readonly replaced: Replaced;
  /** Told what could not be removed. */
  readonly onProblem: (text: string) => void;
}

export class Deployer {
  readonly #folder: DeploymentFolder;
  readonly #options: DeployerOptions;

  constructor(folder: DeploymentFolder, options: DeployerOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  list(): Deployment[] {
    return this.#folder.list();
  }

  /** Throws UserError when nothing was changed. */
  async deploy(source: string): Promise<Deployed> {
    // Its own files are read first, so that what is wrong is told with the paths that the user knows.
    const config = readServed(source, { env: this.#options.env, secretsFolder: secretsIn(this.#folder) });
    const { name } = config;
    const real = realpathSync(config.artifact?.folder ?? config.folder);
    const state = config.state === undefined ? [] : [path.resolve(real, config.state)];
    const version = await this.#folder.add(name, real, state, this.#options.replaced.drainingFolders);
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
    await this.#options.swap({ name, version: undefined }, () => this.#folder.remove(name));
    await within(quickMs, this.#options.replaced.drained());
    this.#tidy();
    return { name, version: current };
  }

  async #makeCurrent(next: Deployed): Promise<void> {
    await this.#options.swap(next, () => this.#folder.makeCurrent(next.name, next.version));
    this.#tidy();
  }

  /** Removes what nobody reads any more, now and when those that were replaced have ended. */
  #tidy(): void {
    this.#tidyNow();
    const { replaced, turn } = this.#options;
    if (replaced.drainingFolders.length === 0) return;
    // In turn, since a copy that is being made is not listed yet.
    void replaced.drained().then(() => turn(async () => this.#tidyNow()));
  }

  /** What is left is removed at the next change, or the next start. */
  #tidyNow(): void {
    try {
      if (!this.#folder.isClosed) this.#folder.tidy(this.#options.replaced.drainingFolders);
    } catch (error) {
      this.#options.onProblem(`${this.#folder.root}: ${messageOf(error)}`);
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
  readonly replaced: Replaced;
  readonly log: Log;
}

/** What a server does when it is asked about its deployments. */
export function deploymentHandlers(folder: DeploymentFolder, options: DeployingOptions): DeploymentHandlers {
  const { turn, log } = options;
  const deployer = new Deployer(folder, { ...options, onProblem: (text) => log.warn(text) });
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
