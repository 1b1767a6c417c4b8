// From what a Worker asks for to the files of its lock: by pip, for Pyodide's platform.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type PackageSet, pinsBareNames } from "../config/package_set.ts";
import { UserError } from "../user_error.ts";
import { adviceFor } from "./cannot_run.ts";
import { ensurePip, pipFor } from "./host_pip.ts";
import type { LockedPackage } from "./lock_file.ts";
import { isAbsent, makeEmptyWheels, pureSources } from "./made_wheels.ts";
import { normalizedName } from "./package_name.ts";
import {
  detailOf,
  isAnotherFile,
  isUnreachable,
  stderrOf,
  unmetPackages,
  unmetVersion,
  unreachableError,
} from "./pip_output.ts";
import { type Downloaded, localPath, lockedFile } from "./pip_report.ts";
import { checkLibraries, linksPage, type PyodideWheels } from "./pyodide_wheels.ts";
import type { Requirements } from "./requirements.ts";
import type { LockedByPyodide, Target } from "./target.ts";

export interface ResolveOptions {
  readonly target: Target;
  readonly packageSet: PackageSet | undefined;
  readonly wheels: PyodideWheels | undefined;
  /** Packages that may be made of their source where they have no wheel, beside `pureSources`. */
  readonly sources: readonly string[];
  /** Of the lock file. */
  readonly folder: string;
  /** For files that are needed until this is done. */
  readonly scratch: string;
}

export interface Resolved {
  readonly packages: readonly LockedPackage[];
  /** Lines for the log. */
  readonly notices: readonly string[];
}

/** What pip_for_target.py writes, in the folder for files that are needed meanwhile. */
const passedOverFile = "passed_over.json";

/** For pip: nothing that was uploaded after the day of a package set. */
function uploads(packageSet: PackageSet | undefined): string[] {
  if (packageSet === undefined) return [];
  const next = new Date(Date.parse(packageSet.day) + 86_400_000).toISOString();
  return [`--uploaded-prior-to=${next}`];
}

/** The versions of Pyodide's own lock, for what is asked for by its name alone. */
function constraints(requirements: Requirements, { target, packageSet }: ResolveOptions): string[] {
  if (!pinsBareNames(target.pyodide, packageSet)) return [];
  const bare = new Set(requirements.named.filter((one) => one.bare).map(({ name }) => name));
  return [...bare].flatMap((name) => {
    const locked = target.locked.get(name);
    return locked === undefined ? [] : [`${name}==${locked.version}`];
  });
}

/** What pip_for_target.py writes of an index, or nothing where it did not come to that. */
function passedOver(file: string): Passed {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { newest: {}, sources: [] };
}

/** What to do for the packages that pip did not find. */
function adviceOn(error: unknown, { target, sources, scratch }: ResolveOptions): string[] {
  const version = unmetVersion(error);
  if (version !== undefined) {
    const { name, wanted, newest } = version;
    return [`No ${name}${wanted} can be had here: the newest version that can is ${newest}.`];
  }
  const { sources: only } = passedOver(path.join(scratch, passedOverFile));
  return unmetPackages(error).flatMap((name) => {
    const advice = adviceFor(name, target.locked);
    if (advice !== undefined || !only.includes(name) || sources.includes(name)) return advice ?? [];
    return [
      `${name} has no wheel, but its source, which is for C code if it is for any. Where it is Python alone, [blockon.packages] sources = ` +
        `["${name}"] has it made of that: its setup then runs on this machine.`,
    ];
  });
}

function resolveError(requirements: Requirements, options: ResolveOptions, error: unknown): UserError {
  const { target, packageSet } = options;
  const { file } = requirements;
  if (isUnreachable(error)) return unreachableError(file, error);
  const detail = { detail: detailOf(error), cause: error };
  if (packageSet !== undefined && /upload-time|uploaded-prior-to/.test(stderrOf(error))) {
    return new UserError(
      `${file}: the package index does not say when its files were uploaded, which the flag ${packageSet.flag} goes by. Use an index ` +
        "that does (PyPI does), or take the flag away: the lock file pins the packages without it.",
      detail,
    );
  }
  if (isAnotherFile(error)) {
    return new UserError(
      `${file}: a file is not the one that Pyodide's lock or the package index names: its hash is another.`,
      detail,
    );
  }
  const advice = adviceOn(error, options);
  const platform = `Pyodide ${target.pyodide.version} (wheels of pure Python, or for ${target.pyodide.platform})`;
  const day = packageSet === undefined ? "" : `, uploaded up to ${packageSet.day}`;
  return new UserError([`${file}: pip finds no such packages for ${platform}${day}.`, ...advice].join(" "), detail);
}

interface Passed {
  /** The newest version of each package that is asked for, by normalized names, whether or not it can be had. */
  readonly newest: { readonly [name: string]: string };
  /** Packages of which there is no wheel for any platform. */
  readonly sources: readonly string[];
}

interface Found extends Pick<Passed, "newest"> {
  readonly install: readonly Downloaded[];
}

/** Runs pip with the constraints given, and reads what it would install. */
async function pipInstall(
  limits: readonly string[],
  requirements: Requirements,
  options: ResolveOptions,
): Promise<Found> {
  const { target, packageSet, wheels, sources, scratch } = options;
  const file = (name: string, text: string): string => {
    const whole = path.join(scratch, name);
    writeFileSync(whole, text);
    return whole;
  };
  const lines = (list: readonly string[]): string => list.map((line) => `${line}\n`).join("");
  const report = path.join(scratch, "report.json");
  const passed = path.join(scratch, passedOverFile);
  const words = [
    ...["install", "--dry-run", "--ignore-installed", `--report=${report}`],
    ...target.pipArguments,
    ...uploads(packageSet),
    `--find-links=${scratch}`,
    `--find-links=${target.standIns}`,
    ...(wheels === undefined ? [] : [`--find-links=${file("links.html", linksPage(wheels, target))}`]),
    `--constraint=${file("constraints.txt", lines(limits))}`,
    `--requirement=${file("asked.txt", lines(requirements.lines))}`,
  ];
  await pipFor(target, requirements.file, words, {
    sources: [...pureSources, ...sources],
    passedOver: passed,
  });
  const { install } = JSON.parse(readFileSync(report, "utf8")) as Found;
  return { install, newest: passedOver(passed).newest };
}

/** Lines for what is older than it could be elsewhere. pip itself says nothing of that. */
function olderThanNewest({ install, newest }: Found, file: string, { target }: ResolveOptions): string[] {
  return install.flatMap(({ metadata: { name, version } }) => {
    const known = newest[normalizedName(name)];
    if (known === undefined || known === version || isAbsent(version)) return [];
    return [
      `${file}: ${name} ${version} is taken in place of ${known}, which, or what it needs, cannot be had for Pyodide ${target.pyodide.version}`,
    ];
  });
}

/** What of pip's report goes into the lock; nothing for what the runtime has itself, and for what is left out. */
function lockedPackage(entry: Downloaded, { target, folder }: ResolveOptions): LockedPackage[] {
  const { version } = entry.metadata;
  const name = normalizedName(entry.metadata.name);
  const local = localPath(entry);
  if ((local !== undefined && path.dirname(local) === target.standIns) || isAbsent(version)) return [];
  const file = lockedFile(entry, folder);
  if (!file.name.endsWith(".whl")) return [{ name, version, sdist: file }];
  checkLibraries(target, file.name);
  return [{ name, version, wheels: [file] }];
}

/** Throws UserError with what stands in the way. */
export async function resolvePackages(requirements: Requirements, options: ResolveOptions): Promise<Resolved> {
  const { target, wheels, scratch } = options;
  const named = new Set(requirements.named.map(({ name }) => name));
  const isHere = (entry: LockedByPyodide): boolean => wheels?.urlOf(entry.file_name) !== undefined;
  const limits = constraints(requirements, options);
  const notices: string[] = [];
  let found: Found;
  try {
    await ensurePip(requirements.file);
    await makeEmptyWheels(requirements.file, scratch, named, target.locked, isHere);
    found = await pipInstall(limits, requirements, options).catch((error: unknown) => {
      if (limits.length === 0 || error instanceof UserError || isUnreachable(error) || isAnotherFile(error))
        throw error;
      notices.push(
        `${requirements.file}: the versions of Pyodide's own lock (${limits.join(", ")}) cannot be had together with the rest: ` +
          "the newest ones that can are taken",
      );
      return pipInstall([], requirements, options);
    });
  } catch (error) {
    throw error instanceof UserError ? error : resolveError(requirements, options, error);
  }
  notices.push(...olderThanNewest(found, requirements.file, options));
  const packages = found.install.flatMap((entry) => lockedPackage(entry, options));
  return { packages: packages.sort((one, other) => (one.name < other.name ? -1 : 1)), notices };
}
