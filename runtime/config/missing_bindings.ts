// Bindings of Cloudflare's that this runtime has not. A Worker that asks for one would fail at the first request that uses it, so it
// is refused at the start.
import { UserError } from "../user_error.ts";
import type { ValuePath } from "./document.ts";
import type { Reader } from "./reader.ts";

/** By the key that asks for it. */
const missing: ReadonlyMap<string, string> = new Map([
  ["ai", "Workers AI"],
  ["ai_search", "AI Search"],
  ["analytics_engine_datasets", "Analytics Engine datasets"],
  ["browser", "Browser Rendering"],
  ["containers", "containers"],
  ["d1_databases", "D1 databases"],
  ["data_blobs", "data blobs"],
  ["dispatch_namespaces", "dispatch namespaces"],
  ["durable_objects", "Durable Objects"],
  ["hyperdrive", "Hyperdrive"],
  ["images", "Images"],
  ["media", "Media"],
  ["mtls_certificates", "certificates for mTLS"],
  ["pipelines", "Pipelines"],
  ["r2_buckets", "R2 buckets"],
  ["ratelimits", "rate limits"],
  ["secrets_store_secrets", "secrets of the Secrets Store"],
  ["send_email", "sending of email"],
  ["site", "Workers Sites"],
  ["stream", "Stream"],
  ["text_blobs", "text blobs"],
  ["unsafe", "bindings of [unsafe]"],
  ["unsafe_hello_world", "the hello world binding"],
  ["vectorize", "Vectorize indexes"],
  ["version_metadata", "version metadata"],
  ["vpc_services", "VPC services"],
  ["wasm_modules", "wasm modules"],
  ["worker_loaders", "Worker loaders"],
  ["workflows", "Workflows"],
]);

/** Where a value first holds something other than empty arrays and tables; undefined when it holds nothing. */
function firstIn(at: ValuePath, value: unknown): ValuePath | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : [...at, 0];
  if (typeof value !== "object" || value === null || value instanceof Date) return at;
  for (const [key, item] of Object.entries(value)) {
    const found = firstIn([...at, key], item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Throws UserError for the first of them. */
export function refuseMissingBindings(top: Reader): void {
  for (const [key, what] of missing) {
    const at = firstIn([key], top.table[key]);
    if (top.table[key] === undefined || at === undefined) continue;
    throw new UserError(
      `${top.place(...at)}: "${key}" asks for ${what}, which this runtime does not have yet. ` +
        "Take the key out to run the Worker without.",
    );
  }
}

/** The keys, which are known since they are refused. */
export const missingBindingKeys: Iterable<string> = missing.keys();
