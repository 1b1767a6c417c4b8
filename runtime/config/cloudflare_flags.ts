// Flags of Cloudflare's that a Worker may have and that mean nothing here (cloudflare_flags.toml).
//
// The file is read when a Worker has a flag that compatibility.toml has not, and not before: most have none.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { CompatibilityFeature } from "./compatibility_table.ts";
import { Reader } from "./reader.ts";
import { tomlDocument } from "./toml_document.ts";

const note = "Not about Python: it changes nothing here.";

const file = path.join(import.meta.dirname, "cloudflare_flags.toml");

/** Throws UserError with the line of the first that is no text, or that is there before. */
export function parseCloudflareFlags(text: string, source: string): CompatibilityFeature[] {
  const reader = new Reader(tomlDocument(text, source)).subtable("flags", "a table of flags");
  const names = new Set(Object.keys(reader.table));
  return Object.entries(reader.table).map(([flag, off]) => {
    if (typeof off !== "string") return reader.fail(flag, off, "the flag that turns it off, or nothing in quotes");
    if (off !== "" && names.has(off)) reader.fail(flag, off, "a name that no other flag has");
    names.add(off);
    return {
      flag,
      off: off === "" ? undefined : off,
      since: undefined,
      requires: undefined,
      here: "recognised",
      pyodide: undefined,
      note,
    };
  });
}

let features: readonly CompatibilityFeature[] | undefined;

export function cloudflareFlags(): readonly CompatibilityFeature[] {
  features ??= parseCloudflareFlags(readFileSync(file, "utf8"), file);
  return features;
}
