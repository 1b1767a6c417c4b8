// [env.NAME]: a named environment of a Worker, as `wrangler --env NAME` has it.
//
// Most keys are inherited from the top of the file and may be written anew. Bindings and variables are not, so that a test never
// meets production's data: each environment names its own. Which keys are which is Cloudflare's to say.
import { UserError } from "../user_error.ts";
import { type ConfigDocument, pathText, placeOf, type Table, type ValuePath } from "./document.ts";
import { nearestName } from "./nearest.ts";
import { Reader } from "./reader.ts";

/** Keys that an environment does not inherit. */
const ownKeys: ReadonlySet<string> = new Set([
  "ai",
  "ai_search",
  "analytics_engine_datasets",
  "browser",
  "cloudchamber",
  "containers",
  "d1_databases",
  "define",
  "dispatch_namespaces",
  "durable_objects",
  "hyperdrive",
  "images",
  "kv_namespaces",
  "media",
  "mtls_certificates",
  "pipelines",
  "queues",
  "r2_buckets",
  "ratelimits",
  "secrets_store_secrets",
  "send_email",
  "services",
  "stream",
  "tail_consumers",
  "unsafe",
  "unsafe_hello_world",
  "vars",
  "vectorize",
  "version_metadata",
  "vpc_services",
  "worker_loaders",
  "workflows",
]);

/** Keys that stand at the top alone. */
const topKeys: ReadonlySet<string> = new Set([
  "$schema",
  "dev",
  "env",
  "keep_vars",
  "legacy_env",
  "pages_build_output_dir",
  "send_metrics",
  "site",
  "wasm_modules",
  "data_blobs",
  "text_blobs",
]);

/** Of [blockon], which is inherited as a whole, the part that is bindings. */
const blockonBindings = "services";

export interface Environment {
  readonly document: ConfigDocument;
  readonly warnings: readonly string[];
}

/** The names of a file's environments. */
function environmentNames(reader: Reader): string[] {
  return Object.keys(reader.subtable("env", "a table of environments, as in [env.staging]").table);
}

function noSuch(reader: Reader, name: string, names: readonly string[]): never {
  const nearest = nearestName(name, names);
  const advice =
    names.length === 0
      ? `Make it: [env.${name}], or leave --env away.`
      : nearest !== undefined
        ? `Did you mean ${JSON.stringify(nearest)}?`
        : `There are: ${names.join(", ")}.`;
  throw new UserError(`${reader.document.file}: there is no environment ${JSON.stringify(name)}. ${advice}`);
}

function notInherited(document: ConfigDocument, at: ValuePath, name: string): string {
  const key = pathText(at);
  return `${placeOf(document, at)}: "${key}" is not inherited: the environment ${name} has none unless it names its own`;
}

/**
 * The configuration of an environment, as a document of the same file.
 * @param name Undefined for the top of the file, without any environment.
 */
export function environmentOf(document: ConfigDocument, name: string | undefined): Environment {
  const top = new Reader(document);
  const names = environmentNames(top);
  if (name === undefined) return { document, warnings: [] };
  if (!names.includes(name)) noSuch(top, name, names);
  const own = top.subtable("env", "a table").subtable(name, "a table with the environment's keys");
  const warnings: string[] = [];
  const table: Table = {};
  for (const [key, value] of Object.entries(document.table)) {
    if (key === "env") continue;
    if (!ownKeys.has(key)) table[key] = value;
    else if (!Object.hasOwn(own.table, key)) {
      warnings.push(notInherited(document, [key], name));
    }
  }
  const { [blockonBindings]: bindings, ...inherited } = top.subtable("blockon", "a table").table;
  if (bindings !== undefined) {
    table.blockon = inherited;
    if (!Object.hasOwn(own.table, "blockon")) warnings.push(notInherited(document, ["blockon", blockonBindings], name));
  }
  if (typeof table.name === "string") table.name = `${table.name}-${name}`;
  for (const [key, value] of Object.entries(own.table)) {
    if (topKeys.has(key)) warnings.push(`${own.place(key)}: "${key}" has no effect in an environment`);
    else table[key] = value;
  }
  const where = (at: ValuePath): ValuePath =>
    at.length > 0 && Object.hasOwn(own.table, at[0] as string) ? ["env", name, ...at] : at;
  return { document: { ...document, table, lineOf: (at) => document.lineOf(where(at)) }, warnings };
}
