// How a Worker's compatibility date and flags become the set of features it runs with, and why each is on or off.
import { UserError } from "../user_error.ts";
import { cloudflareFlags } from "./cloudflare_flags.ts";
import { type CompatibilityFeature, type CompatibilityTable, compatibilityTable } from "./compatibility_table.ts";
import { nearestName } from "./nearest.ts";
import { type PackageSet, packageSetPattern, parsePackageSet } from "./package_set.ts";

/** Where flags come from, for messages. */
export interface FlagSource {
  /** FILE:LINE of one of the flags, or of the list where there is none. */
  place(index: number | undefined): string;
  /** How the list is written there. */
  assignment(flags: readonly string[]): string;
}

/** Why a feature is on or off. */
export type Reason =
  /** One of its two flags is given. */
  | { readonly by: "flag"; readonly flag: string }
  /** The date is one from which it is on, or one before. */
  | { readonly by: "date"; readonly since: string }
  /** From its date on it goes with another feature, which is on, or off. */
  | { readonly by: "implied"; readonly since: string; readonly from: string }
  /** It has a flag and no date. */
  | { readonly by: "default" };

export interface FeatureState {
  readonly feature: CompatibilityFeature;
  readonly on: boolean;
  readonly reason: Reason;
}

export interface Compatibility {
  /** YYYY-MM-DD */
  readonly date: string;
  readonly flags: readonly string[];
  /** The features that are on, by the names of their flags. */
  readonly features: ReadonlySet<string>;
  /** Of each feature, in the table's order, and of those of Cloudflare's that a flag names and that mean nothing here. */
  readonly states: readonly FeatureState[];
  /** What a flag such as python_3.14_packages_2026_09_01 says. */
  readonly packageSet: PackageSet | undefined;
}

const required = "python_workers";

const namesOf = (features: readonly CompatibilityFeature[]): string[] =>
  features.flatMap(({ flag, off }) => (off === undefined ? [flag] : [flag, off]));

/** Every name that compatibility_flags may hold, without those of package sets. */
export function knownFlags(table: CompatibilityTable = compatibilityTable): string[] {
  return namesOf([...table.features, ...cloudflareFlags()]);
}

function describeUnknown(flag: string, table: CompatibilityTable): string {
  if (/^(?:no|disable)_python_\d+\.\d+_packages_/.test(flag))
    return "A package set cannot be turned off: leave it away.";
  // Those of the table are meant more often.
  const nearest = nearestName(flag, namesOf(table.features)) ?? nearestName(flag, namesOf(cloudflareFlags()));
  if (nearest !== undefined) return `Did you mean ${JSON.stringify(nearest)}?`;
  const positive = flag.replace(/^(?:no|disable|enable)_/, "");
  const known = [...table.features, ...cloudflareFlags()].find((feature) => feature.flag === positive);
  if (known !== undefined) return `${JSON.stringify(positive)} cannot be turned off: leave it away.`;
  return `The flags are: ${namesOf(table.features).join(", ")}, ${packageSetPattern}, and those of Cloudflare's for JavaScript.`;
}

const hasName =
  (flag: string) =>
  (feature: CompatibilityFeature): boolean =>
    feature.flag === flag || feature.off === flag;

interface Chosen {
  readonly flags: ReadonlyMap<CompatibilityFeature, { readonly flag: string; readonly on: boolean }>;
  readonly packageSet: PackageSet | undefined;
}

function contradict(place: string, before: string, flag: string): never {
  const what =
    before === flag ? `flag "${flag}" is given twice` : `flags "${before}" and "${flag}" contradict each other`;
  throw new UserError(`${place}: the compatibility ${what}. Remove one.`);
}

/** A package set's Python, against the flags that choose one too. Those that only say that there is Python do not. */
function contradicts({ python }: PackageSet, feature: CompatibilityFeature, on: boolean): boolean {
  if (feature.pyodide === undefined || feature.flag === required) return false;
  return on !== (feature.pyodide.python.version === python);
}

function readFlags(flags: readonly string[], from: FlagSource, table: CompatibilityTable, today: string): Chosen {
  const chosen = new Map<CompatibilityFeature, { flag: string; on: boolean }>();
  let packageSet: PackageSet | undefined;
  for (const [index, flag] of flags.entries()) {
    // Finding a line takes a parser of its own, for which no start without a message is to wait.
    const place = (): string => from.place(index);
    const set = parsePackageSet(flag, table, today);
    if (set !== undefined) {
      if ("wrong" in set)
        throw new UserError(`${place()}: unknown compatibility flag ${JSON.stringify(flag)}. ${set.wrong}.`);
      if (packageSet !== undefined) contradict(place(), packageSet.flag, flag);
      packageSet = set;
      for (const [feature, before] of chosen) {
        if (contradicts(set, feature, before.on)) contradict(place(), before.flag, flag);
      }
      continue;
    }
    const feature = table.features.find(hasName(flag)) ?? cloudflareFlags().find(hasName(flag));
    if (feature === undefined) {
      const advice = describeUnknown(flag, table);
      throw new UserError(`${place()}: unknown compatibility flag ${JSON.stringify(flag)}. ${advice}`);
    }
    const on = feature.flag === flag;
    const before = chosen.get(feature)?.flag;
    if (before !== undefined) contradict(place(), before, flag);
    if (packageSet !== undefined && contradicts(packageSet, feature, on)) contradict(place(), packageSet.flag, flag);
    chosen.set(feature, { flag, on });
  }
  return { flags: chosen, packageSet };
}

/** A feature without a flag of its own in the configuration. */
function byDate(
  { since, requires }: CompatibilityFeature,
  date: string,
  enabled: ReadonlySet<string>,
): [boolean, Reason] {
  if (since === undefined) return [false, { by: "default" }];
  if (requires === undefined || date < since) return [date >= since, { by: "date", since }];
  return [enabled.has(requires), { by: "implied", since, from: requires }];
}

/**
 * What is on for a date and a list of flags. Throws UserError for flags that are unknown, given twice or against each other, and
 * where the Worker is none of Python's.
 * @param date YYYY-MM-DD, valid.
 * @param today The last day that a package set may have.
 */
export function resolveCompatibility(
  date: string,
  flags: readonly string[],
  from: FlagSource,
  today: string,
  table: CompatibilityTable = compatibilityTable,
): Compatibility {
  const chosen = readFlags(flags, from, table, today);
  const enabled = new Set<string>();
  const others = [...chosen.flags.keys()].filter((feature) => !table.features.includes(feature));
  const states = [...table.features, ...others].map((feature): FeatureState => {
    const choice = chosen.flags.get(feature);
    const [on, reason]: [boolean, Reason] =
      choice === undefined ? byDate(feature, date, enabled) : [choice.on, { by: "flag", flag: choice.flag }];
    if (on) enabled.add(feature.flag);
    return { feature, on, reason };
  });
  if (!enabled.has(required)) {
    const change = flags.length === 0 ? "Add this line at its top" : "Change its compatibility_flags to";
    const line = from.assignment([required, ...flags]);
    throw new UserError(`${from.place(undefined)}: a Python Worker needs the flag "${required}". ${change}: ${line}`);
  }
  return { date, flags, features: enabled, states, packageSet: chosen.packageSet };
}
