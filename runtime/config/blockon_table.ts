// [blockon]: this runtime's own settings of a Worker. `wrangler` warns about the table and ignores it.
import path from "node:path";
import type { OutboundRules } from "../addon.ts";
import { aPositiveInteger, isFiberLimit } from "../max_fibers.ts";
import { normalizedName } from "../packages/package_name.ts";
import { insidePath } from "./inside_path.ts";
import { type RequestIsolation, readIsolation } from "./isolation.ts";
import { readLimits, type WorkerLimits } from "./limits.ts";
import { readOutbound, readServices, type Services } from "./outbound.ts";
import type { Reader } from "./reader.ts";
import { readSandbox, type SandboxSettings } from "./sandbox.ts";

export interface BlockonSettings {
  /** dev_upstream: a module of the Worker's folder that `serve` starts beside it. */
  readonly devUpstream: string | undefined;
  /** max_fibers: how many fibers of the Worker may be alive at the same time. */
  readonly maxFibers: number | undefined;
  /** preempt_tasks: whether time slices go for tasks as for threads. */
  readonly preemptTasks: boolean;
  /** snapshot: whether its interpreters may begin with what its top level has made before. */
  readonly snapshot: boolean;
  /** [blockon.outbound]: where the Worker may connect to; undefined for anywhere. */
  readonly outbound: OutboundRules | undefined;
  /** [blockon.services]: the bindings of `env` that send their requests to a server, and its URL. */
  readonly services: Services;
  /** [blockon.outbound] fetch: HTTP clients go through `fetch`; by a name, they and `fetch` go to that service. */
  readonly outboundFetch: boolean | string;
  /** state: the folder for what bindings keep, from the Worker's folder on. */
  readonly state: string | undefined;
  /** deadlock_warning_seconds: how long all tasks wait, with nothing under way, before the log says so; 0 for never. */
  readonly deadlockWarningSeconds: number;
  /** thread_grace_seconds: how long a thread may go on when its request has ended; 0 for as long as it likes. */
  readonly threadGraceSeconds: number;
  /** isolation = "request": each request has an interpreter of its own; undefined for one that answers them all. */
  readonly requestIsolation: RequestIsolation | undefined;
  /** [limits] and [blockon.limits]: what it may use. */
  readonly limits: WorkerLimits;
  /** [blockon.sandbox]: what Sandbox of the Python API runs in; undefined for none. */
  readonly sandbox: SandboxSettings | undefined;
  /** [blockon.packages] wheels: the folder or URL of Pyodide's own wheels. */
  readonly wheels: string | undefined;
  /** [blockon.packages] sources: packages that may be made of their source where they have no wheel. */
  readonly packageSources: readonly string[];
}

export const defaultDeadlockWarningSeconds = 5;
export const defaultThreadGraceSeconds = 30;

const knownKeys = new Set([
  "deadlock_warning_seconds",
  "dev_upstream",
  "isolation",
  "limits",
  "max_fibers",
  "max_instances",
  "outbound",
  "packages",
  "preempt_tasks",
  "ready_instances",
  "reset_instances",
  "sandbox",
  "services",
  "snapshot",
  "state",
  "thread_grace_seconds",
]);

function readMaxFibers(reader: Reader): number | undefined {
  const value = reader.table.max_fibers;
  if (value === undefined || isFiberLimit(value)) return value;
  return reader.fail("max_fibers", value, `${aPositiveInteger}, as in max_fibers = 1000`);
}

function readUpstream(reader: Reader): string | undefined {
  if (reader.table.dev_upstream === undefined) return undefined;
  const expected = 'a module, as in dev_upstream = "upstream.mjs"';
  return insidePath(reader, "dev_upstream", reader.string("dev_upstream", expected));
}

function readWheels(reader: Reader): string | undefined {
  if (reader.table.wheels === undefined) return undefined;
  const wheels = reader.string("wheels", 'the folder or URL of Pyodide\'s wheels, as in wheels = "../pyodide"');
  return /^https?:/i.test(wheels) ? wheels : path.resolve(path.dirname(reader.document.file), wheels);
}

function readSources(reader: Reader): string[] {
  const names = reader.strings("sources", 'an array of names, as in sources = ["docopt"]');
  const wrong = names.findIndex((name) => !/^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/.test(name));
  if (wrong >= 0) reader.fail(["sources", wrong], names[wrong], "the name of a package, without a version");
  return [...new Set(names.map(normalizedName))].sort();
}

function readPackages(blockon: Reader): { wheels: string | undefined; sources: string[]; warnings: string[] } {
  const reader = blockon.subtable("packages", "a table with wheels and sources");
  const warnings = reader.unknownKeys(new Set(["sources", "wheels"]));
  return { wheels: readWheels(reader), sources: readSources(reader), warnings };
}

/**
 * @param top The table that this one is in.
 * @param vars The table [vars], whose names are taken.
 * @returns The settings, and a line for each unknown key.
 */
export function readBlockonTable(
  reader: Reader,
  top: Reader,
  vars: Reader,
): { settings: BlockonSettings; warnings: string[] } {
  const devUpstream = readUpstream(reader);
  const deadlockWarningSeconds = reader.seconds("deadlock_warning_seconds", defaultDeadlockWarningSeconds);
  const threadGraceSeconds = reader.seconds("thread_grace_seconds", defaultThreadGraceSeconds);
  const services = readServices(reader, vars);
  const outbound = readOutbound(reader, services);
  const packages = readPackages(reader);
  const limits = readLimits(top, reader);
  const { sandbox, warnings: sandboxWarnings } = readSandbox(reader);
  const settings = {
    devUpstream,
    maxFibers: readMaxFibers(reader),
    preemptTasks: reader.boolean("preempt_tasks", false),
    snapshot: reader.boolean("snapshot", false),
    outbound: outbound.rules,
    services,
    state: reader.table.state === undefined ? undefined : reader.string("state", 'a folder, as in state = "../state"'),
    outboundFetch: outbound.fetch,
    deadlockWarningSeconds,
    threadGraceSeconds,
    requestIsolation: readIsolation(reader),
    limits: limits.limits,
    sandbox,
    wheels: packages.wheels,
    packageSources: packages.sources,
  };
  const warnings = [
    ...reader.unknownKeys(knownKeys),
    ...outbound.warnings,
    ...packages.warnings,
    ...limits.warnings,
    ...sandboxWarnings,
  ];
  return { settings, warnings };
}
