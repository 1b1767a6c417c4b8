// Secrets: variables that are kept out of the configuration, in .dev.vars or .env beside it, as wrangler reads them.
//
// If there is a .dev.vars, or a .dev.vars.ENV for the environment ENV, that one file counts and no .env. Else all of .env, .env.ENV,
// .env.local and .env.ENV.local do, each before those on its left. Only in these may a value refer to another by $NAME. No value of
// them is ever part of a message.
import { readFileSync } from "node:fs";
import path from "node:path";
import dotenv from "dotenv";
import { expand } from "dotenv-expand";
import { codeOf, messageOf, UserError } from "../user_error.ts";

export type Secrets = { readonly [name: string]: string };

export interface ReadSecrets {
  readonly secrets: Secrets;
  /** The files that they come from, by their names in the folder. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

type Parsed = { [name: string]: string };

function parseFile(file: string): Parsed | undefined {
  try {
    return dotenv.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new UserError(`${file}: the secrets cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** The first of the files that is there. */
function firstOf(folder: string, names: readonly string[]): { file: string; parsed: Parsed } | undefined {
  for (const file of names) {
    const parsed = parseFile(path.join(folder, file));
    if (parsed !== undefined) return { file, parsed };
  }
  return undefined;
}

function readAll(folder: string, env: string | undefined): { files: string[]; parsed: Parsed } {
  const dev = firstOf(folder, [...(env === undefined ? [] : [`.dev.vars.${env}`]), ".dev.vars"]);
  if (dev !== undefined) return { files: [dev.file], parsed: dev.parsed };
  if (process.env.CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV === "false") return { files: [], parsed: {} };
  const names = [".env", ...(env ? [`.env.${env}`] : []), ".env.local", ...(env ? [`.env.${env}.local`] : [])];
  const files: string[] = [];
  const parsed: Parsed = {};
  for (const name of names) {
    const found = parseFile(path.join(folder, name));
    if (found === undefined) continue;
    files.push(name);
    Object.assign(parsed, found);
  }
  return { files, parsed: expand({ parsed, processEnv: {} }).parsed ?? {} };
}

/**
 * The secrets beside a Worker's configuration.
 * @param required [secrets] required: then no other is read, and one that is missing is warned about.
 */
export function readSecrets(
  folder: string,
  env: string | undefined,
  required: readonly string[] | undefined,
): ReadSecrets {
  const { files, parsed } = readAll(folder, env);
  const names = required ?? Object.keys(parsed);
  const found = names.filter((name) => Object.hasOwn(parsed, name));
  const missing = names.filter((name) => !Object.hasOwn(parsed, name));
  return {
    secrets: Object.fromEntries(found.map((name) => [name, parsed[name] as string])),
    files: found.length === 0 ? [] : files,
    warnings: missing.map(
      (name) => `${folder}: the secret ${name}, which is required, is in no .dev.vars and in no .env of this folder`,
    ),
  };
}
