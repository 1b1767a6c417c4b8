// [assets]: a folder of files that requests get without the Worker, or through a binding of `env`.
import path from "node:path";
import type { BindingNames } from "./binding_names.ts";
import type { Reader } from "./reader.ts";

export const htmlHandlings = ["auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"] as const;
export const notFoundHandlings = ["none", "404-page", "single-page-application"] as const;

export type HtmlHandling = (typeof htmlHandlings)[number];
export type NotFoundHandling = (typeof notFoundHandlings)[number];

export interface Assets {
  /** Absolute. */
  readonly directory: string;
  readonly binding: string | undefined;
  readonly htmlHandling: HtmlHandling;
  readonly notFoundHandling: NotFoundHandling;
  /** Whether the Worker is asked before there is looked for a file, or for which paths it is: rules with `*`, and `!` before exceptions. */
  readonly workerFirst: boolean | readonly string[];
}

const knownKeys = new Set(["directory", "binding", "html_handling", "not_found_handling", "run_worker_first"]);

function readChoice<Choice extends string>(
  reader: Reader,
  key: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = reader.table[key] ?? choices[0];
  const found = choices.find((choice) => choice === value);
  return found ?? reader.fail(key, value, `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`);
}

function readWorkerFirst(reader: Reader): boolean | readonly string[] {
  const value = reader.table.run_worker_first ?? false;
  if (typeof value === "boolean") return value;
  if (!Array.isArray(value)) return reader.fail("run_worker_first", value, "true, false or an array of paths");
  const rules = reader.strings("run_worker_first", "an array of paths");
  rules.forEach((rule, index) => {
    if (!/^!?\//.test(rule)) reader.fail(["run_worker_first", index], rule, 'a path, as in "/api/*" or "!/api/docs/*"');
  });
  if (!rules.some((rule) => rule.startsWith("/"))) {
    reader.fail("run_worker_first", value, "at least one path without a ! before it");
  }
  return rules;
}

/** @returns The assets, and a line for each unknown key. */
export function readAssets(top: Reader, names: BindingNames): { assets: Assets | undefined; warnings: string[] } {
  if (top.table.assets === undefined) return { assets: undefined, warnings: [] };
  const reader = top.subtable("assets", 'a table with directory, as in [assets] directory = "public"');
  const directory = reader.string("directory", 'the folder of the files, as in directory = "public"');
  const binding = reader.table.binding === undefined ? undefined : reader.string("binding", "a name of `env`");
  if (binding !== undefined) names.take(reader, "binding", binding, "the assets");
  return {
    assets: {
      directory: path.resolve(path.dirname(reader.document.file), directory),
      binding,
      htmlHandling: readChoice(reader, "html_handling", htmlHandlings),
      notFoundHandling: readChoice(reader, "not_found_handling", notFoundHandlings),
      workerFirst: readWorkerFirst(reader),
    },
    warnings: reader.unknownKeys(knownKeys),
  };
}

/** Whether the Worker is asked first for a path. An exception counts before a rule. */
export function isWorkerFirst({ workerFirst }: Assets, pathname: string): boolean {
  if (typeof workerFirst === "boolean") return workerFirst;
  const fits = (rule: string): boolean =>
    new RegExp(`^${rule.split("*").map(RegExp.escape).join(".*")}$`).test(pathname);
  const exceptions = workerFirst.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1));
  return !exceptions.some(fits) && workerFirst.some((rule) => rule.startsWith("/") && fits(rule));
}
