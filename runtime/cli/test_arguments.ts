// The command line of `blockon test`: a folder, if it begins with one, and what pytest gets.
import { existsSync } from "node:fs";
import path from "node:path";
import { configFileNames } from "../config/config_file.ts";
import { vendorFolder } from "../packages/python_packages.ts";
import { exitCode, UserError } from "../user_error.ts";

export interface PytestArguments {
  readonly arguments: readonly string[];
  /** Files in the interpreter's file system, and where they go on the host. */
  readonly reports: ReadonlyMap<string, string>;
}

const junitOption = /^--junit-?xml(?:=(.*))?$/s;
/** pytest's, which need what the interpreter does not have: other processes, or files of the host that outlast it. */
const refused: { readonly [option: string]: string } = {
  "--lf": "there is no cache of earlier runs",
  "--last-failed": "there is no cache of earlier runs",
  "--ff": "there is no cache of earlier runs",
  "--failed-first": "there is no cache of earlier runs",
  "--pdb": "the tests have no terminal to read from",
  "--trace": "the tests have no terminal to read from",
};

/**
 * The Worker's folder is the first word when that is a folder with a configuration, else the present one. Throws UserError when the
 * first word is nothing that there is.
 */
export function testFolder(
  words: readonly string[],
  isFolder: (name: string) => boolean,
): { readonly folder: string; readonly rest: readonly string[] } {
  const [first, ...rest] = words;
  if (first === undefined || first.startsWith("-")) return { folder: ".", rest: words };
  const hasConfig = (folder: string): boolean => configFileNames.some((name) => existsSync(path.join(folder, name)));
  if (isFolder(first) && (hasConfig(first) || !hasConfig("."))) return { folder: first, rest };
  if (!hasConfig(".") || !existsSync(first.replace(/::.*$/s, ""))) {
    throw new UserError(
      `${first}: there is no such folder${hasConfig(".") ? ", and no such file of tests" : ""}. Give the Worker's folder first, ` +
        "then pytest's arguments.",
      { exitCode: exitCode.usage },
    );
  }
  return { folder: ".", rest: words };
}

/** A path from where the user stands as one from the Worker's folder, in which pytest runs; other words as they are. */
function fromFolder(word: string, folder: string): string {
  const [file = "", ...names] = word.split("::");
  if (word.startsWith("-") || file === "" || existsSync(path.join(folder, file))) return word;
  const inside = path.relative(folder, path.resolve(file));
  if (!existsSync(file) || inside.startsWith("..")) return word;
  return [inside === "" ? "." : inside, ...names].join("::");
}

/** Throws UserError. */
export function pytestArguments(words: readonly string[], folder: string): PytestArguments {
  const reports = new Map<string, string>();
  const result: string[] = [`--ignore=${vendorFolder}`];
  const remaining = [...words];
  while (remaining.length > 0) {
    const word = remaining.shift() as string;
    const why = refused[word];
    if (why !== undefined) {
      throw new UserError(`blockon test has no ${word}: ${why}.`, { exitCode: exitCode.usage });
    }
    const junit = junitOption.exec(word);
    if (junit === null) {
      result.push(fromFolder(word, folder));
      continue;
    }
    const file = junit[1] ?? remaining.shift();
    if (file === undefined || file === "") {
      throw new UserError(`${word}: give the file that the report is written to.`, { exitCode: exitCode.usage });
    }
    // By the same name there, since pytest tells it.
    const target = path.resolve(file);
    reports.set(target, target);
    result.push(`--junitxml=${target}`);
  }
  return { arguments: result, reports };
}
