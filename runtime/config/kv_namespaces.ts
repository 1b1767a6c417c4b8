// [[kv_namespaces]]: bindings of `env` that keep values by keys.
import type { BindingNames } from "./binding_names.ts";
import type { Reader } from "./reader.ts";

/** Bindings and the ids of their namespaces: two that have the same id have the same values. */
export type KvNamespaces = { readonly [name: string]: string };

/** `preview_id` and `remote` are about Cloudflare's own namespaces. */
const knownKeys = new Set(["binding", "id", "preview_id", "remote"]);
const example = 'an array of tables with binding and id, as in [[kv_namespaces]] binding = "CACHE"';

/** @param worker The Worker's name: a namespace without an id is this Worker's own. */
export function readKvNamespaces(
  top: Reader,
  names: BindingNames,
  worker: string,
): { kv: KvNamespaces; warnings: string[] } {
  const warnings: string[] = [];
  const entries = top.subtables("kv_namespaces", example).map((reader): [string, string] => {
    const binding = reader.string("binding", 'the name that `env` has for it, as in binding = "CACHE"');
    names.take(reader, "binding", binding, "a KV namespace");
    warnings.push(...reader.unknownKeys(knownKeys));
    const id =
      reader.table.id === undefined ? `${worker}/${binding}` : reader.string("id", "the namespace's id, a string");
    return [binding, id];
  });
  return { kv: Object.fromEntries(entries), warnings };
}
