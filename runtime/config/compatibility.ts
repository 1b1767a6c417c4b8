// The table of compatibility flags, and how a Worker's date and flags become the set of features it runs with.
//
// A feature has a flag that turns it on, perhaps one that turns it off, and perhaps a date from which it is on without
// either. Names and dates of Cloudflare's flags are Cloudflare's, so that one wrangler.toml serves both; the features
// that are only recognised here (`here: "recognised"`) change nothing in this runtime, and `note` says why.
import { UserError } from "../user_error.ts";
import { nearestName } from "./nearest.ts";

export interface CompatibilityFeature {
  /** The flag that turns it on; also the feature's name in the resolved set. */
  readonly enable: string;
  readonly disable?: string;
  /** On by itself for compatibility dates from this one on. */
  readonly since?: string;
  /** The date counts only when this feature is on too. */
  readonly sinceRequires?: string;
  /** "implemented": this runtime asks for it; "recognised": accepted, and without effect. */
  readonly here: "implemented" | "recognised";
  readonly note: string;
}

export const compatibilityFeatures: readonly CompatibilityFeature[] = [
  {
    enable: "python_workers",
    here: "implemented",
    note: "The Worker is written in Python. Required.",
  },
  {
    enable: "python_run_sync",
    disable: "no_python_run_sync",
    since: "2025-01-01",
    here: "implemented",
    note: "Synchronous Python may block on asynchronous JavaScript. Off: the Worker's realm has no stack switching.",
  },
  {
    enable: "python_no_global_handlers",
    disable: "disable_python_no_global_handlers",
    since: "2025-08-14",
    here: "recognised",
    note: "Handlers live in the class Default. Both forms are served whatever the date.",
  },
  {
    enable: "python_workers_20250116",
    disable: "no_python_workers_20250116",
    since: "2025-09-29",
    sinceRequires: "python_workers",
    here: "recognised",
    note: "Python 3.13. This runtime has one Python, 3.14.",
  },
  {
    enable: "python_workers_20260610",
    disable: "no_python_workers_20260610",
    here: "recognised",
    note: "The former name of python_workers_314.",
  },
  {
    enable: "python_workers_314",
    disable: "no_python_workers_314",
    since: "2026-09-08",
    sinceRequires: "python_workers",
    here: "recognised",
    note: "Python 3.14. This runtime has one Python, 3.14.",
  },
  {
    enable: "python_workers_development",
    here: "recognised",
    note: "Cloudflare's newest Python. This runtime has one Python, 3.14.",
  },
  {
    enable: "python_workers_force_new_vendor_path",
    since: "2025-08-11",
    here: "recognised",
    note: "Vendored packages live in python_modules. They always do here.",
  },
  {
    enable: "python_workflows",
    disable: "disable_python_workflows",
    since: "2025-09-20",
    sinceRequires: "python_workers",
    here: "recognised",
    note: "Workflows are not part of this runtime.",
  },
  {
    enable: "python_dedicated_snapshot",
    disable: "disable_python_dedicated_snapshot",
    since: "2025-10-16",
    sinceRequires: "python_workers_20250116",
    here: "recognised",
    note: "How Cloudflare starts a Worker.",
  },
  {
    enable: "python_check_rng_state",
    since: "2025-12-16",
    here: "recognised",
    note: "Guards a snapshot against entropy taken at the top level.",
  },
  {
    enable: "python_request_headers_preserve_commas",
    since: "2026-02-17",
    here: "recognised",
    note: "Headers keep their commas. They always do here.",
  },
  {
    enable: "enable_python_external_sdk",
    disable: "disable_python_external_sdk",
    since: "2026-04-21",
    here: "recognised",
    note: "The module workers comes from PyPI's workers-runtime-sdk. It always does here.",
  },
  {
    enable: "python_process_pth_files",
    since: "2026-05-26",
    here: "recognised",
    note: ".pth files of vendored packages are read.",
  },
  {
    enable: "experimental",
    here: "recognised",
    note: "Cloudflare's switch for features under development.",
  },
  {
    enable: "nodejs_compat",
    disable: "no_nodejs_compat",
    here: "recognised",
    note: "Node's modules for JavaScript Workers.",
  },
];

const featureByFlag = new Map<string, { feature: CompatibilityFeature; on: boolean }>();
for (const feature of compatibilityFeatures) {
  featureByFlag.set(feature.enable, { feature, on: true });
  if (feature.disable !== undefined) featureByFlag.set(feature.disable, { feature, on: false });
}

/** Every name that compatibility_flags may hold. */
export const knownFlags: readonly string[] = [...featureByFlag.keys()];

function describeUnknown(flag: string): string {
  const nearest = nearestName(flag, knownFlags);
  return nearest === undefined
    ? `The flags are: ${knownFlags.join(", ")}.`
    : `Did you mean ${JSON.stringify(nearest)}?`;
}

/** Where flags come from, for messages. */
export interface FlagSource {
  /** FILE:LINE of one of the flags, or of the list where there is none. */
  place(index: number | undefined): string;
  /** How the list is written there. */
  assignment(flags: readonly string[]): string;
}

/**
 * The features that are on for a date and a list of flags, by the names of their enable-flags.
 * @param date YYYY-MM-DD, valid.
 */
export function resolveCompatibility(date: string, flags: readonly string[], from: FlagSource): ReadonlySet<string> {
  const chosen = new Map<CompatibilityFeature, { flag: string; on: boolean }>();
  for (const [index, flag] of flags.entries()) {
    const source = from.place(index);
    const known = featureByFlag.get(flag);
    if (known === undefined) {
      throw new UserError(`${source}: unknown compatibility flag ${JSON.stringify(flag)}. ${describeUnknown(flag)}`);
    }
    const before = chosen.get(known.feature);
    if (before?.flag === flag) {
      throw new UserError(`${source}: the compatibility flag "${flag}" is given twice. Remove one.`);
    }
    if (before !== undefined) {
      throw new UserError(
        `${source}: the compatibility flags "${before.flag}" and "${flag}" contradict each other. Remove one.`,
      );
    }
    chosen.set(known.feature, { flag, on: known.on });
  }
  const enabled = new Set<string>();
  for (const feature of compatibilityFeatures) {
    const choice = chosen.get(feature);
    const byDate =
      feature.since !== undefined &&
      date >= feature.since &&
      (feature.sinceRequires === undefined || enabled.has(feature.sinceRequires));
    if (choice?.on ?? byDate) enabled.add(feature.enable);
  }
  if (!enabled.has("python_workers")) {
    const change = flags.length === 0 ? "Add this line at its top" : "Change its compatibility_flags to";
    const line = from.assignment(["python_workers", ...flags]);
    throw new UserError(
      `${from.place(undefined)}: a Python Worker needs the flag "python_workers". ${change}: ${line}`,
    );
  }
  return enabled;
}
