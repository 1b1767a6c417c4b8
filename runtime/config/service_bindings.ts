// [[services]]: bindings of `env` to other Workers, which are served beside this one.
import { UserError } from "../user_error.ts";
import type { BindingNames } from "./binding_names.ts";
import type { JsonValue, Reader } from "./reader.ts";

export interface ServiceBinding {
  readonly service: string;
  /** The class; undefined for the default one. */
  readonly entrypoint: string | undefined;
  /** What the entrypoint is told of who calls: its `ctx.props`. */
  readonly props: { readonly [name: string]: JsonValue };
  /** FILE:LINE, for a message. */
  readonly place: string;
}

export type ServiceBindings = { readonly [name: string]: ServiceBinding };

const example = 'an array of tables with binding and service, as in [[services]] binding = "AUTH" service = "auth"';
const knownKeys = new Set(["binding", "service", "entrypoint", "environment", "props"]);

/** @returns The bindings, and a line for each unknown key. */
export function readServiceBindings(
  top: Reader,
  names: BindingNames,
): { serviceBindings: ServiceBindings; warnings: string[] } {
  const warnings: string[] = [];
  const entries = top.subtables("services", example).map((reader): [string, ServiceBinding] => {
    const binding = reader.string("binding", 'the name that `env` has for it, as in binding = "AUTH"');
    names.take(reader, "binding", binding, "a service");
    warnings.push(...reader.unknownKeys(knownKeys));
    const service = reader.string("service", "the name of a Worker");
    const { environment, entrypoint } = reader.table;
    const props = reader.subtable("props", "a table of what the entrypoint is told");
    return [
      binding,
      {
        service: environment === undefined ? service : `${service}-${reader.string("environment", "a name")}`,
        entrypoint: entrypoint === undefined ? undefined : reader.string("entrypoint", "the name of a class"),
        props: Object.fromEntries(Object.entries(props.table).map(([key, value]) => [key, props.json(key, value)])),
        place: reader.place("service"),
      },
    ];
  });
  return { serviceBindings: Object.fromEntries(entries), warnings };
}

/** Throws UserError for a service that is none of these Workers. */
export function checkServices(
  bindings: ServiceBindings,
  workers: Pick<ReadonlyMap<string, unknown>, "has" | "keys">,
  command: "blockon serve" | "blockon dev",
): void {
  for (const { service, place } of Object.values(bindings)) {
    if (workers.has(service)) continue;
    throw new UserError(
      `${place}: there is no Worker ${service} in this server. Give its folder too: ${command} FOLDER FOLDER. ` +
        `It serves ${[...workers.keys()].join(", ")}.`,
    );
  }
}
