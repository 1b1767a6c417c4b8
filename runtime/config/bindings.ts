// What `env` holds by a wrangler file: a file of this folder for each kind of binding.
import { type Assets, readAssets } from "./assets.ts";
import { aVariable, BindingNames } from "./binding_names.ts";
import { type KvNamespaces, readKvNamespaces } from "./kv_namespaces.ts";
import { missingBindingKeys, refuseMissingBindings } from "./missing_bindings.ts";
import type { Services } from "./outbound.ts";
import { type Queues, readQueues } from "./queues.ts";
import type { JsonValue, Reader } from "./reader.ts";
import { type Route, readRoutes } from "./routes.ts";
import { readServiceBindings, type ServiceBindings } from "./service_bindings.ts";
import { readTriggers } from "./triggers.ts";

export interface Bindings {
  /** [vars] */
  readonly vars: { readonly [name: string]: JsonValue };
  /** [[kv_namespaces]] */
  readonly kv: KvNamespaces;
  /** [[queues.producers]] and [[queues.consumers]] */
  readonly queues: Queues;
  /** [assets] */
  readonly assets: Assets | undefined;
  /** [[services]]: Workers beside this one. */
  readonly serviceBindings: ServiceBindings;
  /** [triggers] crons: when the handler for scheduled events is called. */
  readonly crons: readonly string[];
  /** routes, route: which requests are this Worker's, where a server has several. */
  readonly routes: readonly Route[];
  /** [secrets] required: the names of the secrets; undefined for all that there are. */
  readonly requiredSecrets: readonly string[] | undefined;
  /** All names that are no variables, with what has each. A secret may have a variable's name, and is then what counts. */
  readonly bindingNames: ReadonlyMap<string, string>;
}

export const bindingKeys: readonly string[] = [
  "vars",
  "kv_namespaces",
  "queues",
  "services",
  "assets",
  "triggers",
  "routes",
  "route",
  "secrets",
  ...missingBindingKeys,
];

function readRequiredSecrets(top: Reader): { requiredSecrets: string[] | undefined; warnings: string[] } {
  if (top.table.secrets === undefined) return { requiredSecrets: undefined, warnings: [] };
  const reader = top.subtable("secrets", "a table with required, the names of the secrets");
  return {
    requiredSecrets: reader.table.required === undefined ? undefined : reader.strings("required", "an array of names"),
    warnings: reader.unknownKeys(new Set(["required"])),
  };
}

/**
 * @param top The whole file, or an environment of it.
 * @param worker The Worker's name.
 * @param services [blockon.services], whose names are taken.
 * @returns The bindings, and a line for each unknown key.
 */
export function readBindings(
  top: Reader,
  worker: string,
  services: Services,
): { bindings: Bindings; warnings: string[] } {
  refuseMissingBindings(top);
  const names = new BindingNames();
  const vars = top.subtable("vars", "a table of the Worker's variables");
  names.add(Object.keys(vars.table), aVariable);
  names.add(Object.keys(services), "a service");
  const { requiredSecrets, warnings: secretWarnings } = readRequiredSecrets(top);
  const { serviceBindings, warnings: serviceWarnings } = readServiceBindings(top, names);
  const { assets, warnings: assetWarnings } = readAssets(top, names);
  const { crons, warnings: triggerWarnings } = readTriggers(top);
  const { queues, warnings: queueWarnings } = readQueues(top, names);
  const { kv, warnings } = readKvNamespaces(top, names, worker);
  return {
    bindings: {
      vars: Object.fromEntries(Object.entries(vars.table).map(([key, value]) => [key, top.json(["vars", key], value)])),
      kv,
      queues,
      serviceBindings,
      assets,
      crons,
      routes: readRoutes(top),
      requiredSecrets,
      bindingNames: names.withoutVariables(),
    },
    warnings: [
      ...warnings,
      ...serviceWarnings,
      ...assetWarnings,
      ...triggerWarnings,
      ...queueWarnings,
      ...secretWarnings,
    ],
  };
}
