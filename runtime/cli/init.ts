// blockon init: a new Worker from a template, each of which is a folder of runtime/templates.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { configFileNames } from "../config/config_file.ts";
import { todayUtc } from "../config/dates.ts";
import { workerName } from "../config/wrangler.ts";
import { packageRoot } from "../layout.ts";
import { makeFolder } from "../make_folder.ts";
import { plainText } from "../plain_text.ts";
import { exitCode, messageOf, UserError } from "../user_error.ts";

export interface InitOptions {
  readonly template: string;
  readonly name?: string;
}

const templateRoot = path.join(packageRoot, "runtime", "templates");

function configText(name: string): string {
  return `name = "${name}"
main = "src/entry.py"
compatibility_date = "${todayUtc()}"
compatibility_flags = ["python_workers"]
`;
}

/** The files of a new Worker, by their names in its folder. */
function filesOf(template: string, name: string): Map<string, string> {
  const folder = path.join(templateRoot, template);
  const files = new Map([["wrangler.toml", configText(name)]]);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || entry.parentPath.includes("__pycache__")) continue;
    const file = path.join(entry.parentPath, entry.name);
    const target = path.relative(folder, file);
    // Of the configuration a template has what comes behind the Worker's own keys.
    files.set(target, (files.get(target) ?? "") + readFileSync(file, "utf8"));
  }
  // npm leaves files of the true name out of a package.
  files.set(".gitignore", readFileSync(path.join(templateRoot, "gitignore"), "utf8"));
  return new Map([...files].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Throws UserError. */
function checkedName(folder: string, given: string | undefined): string {
  const name = given ?? path.basename(folder);
  if (workerName.test(name)) return name;
  const whose =
    given === undefined ? `the folder's name, "${plainText(name)}", is none for a Worker` : `"${plainText(name)}"`;
  throw new UserError(
    `--name: ${whose}: a Worker's name has up to 63 letters, digits, "-" and "_". Give one, as --name my-worker.`,
    { exitCode: exitCode.usage },
  );
}

/** Throws UserError when something would be overwritten. */
function checkFree(folder: string, files: ReadonlyMap<string, string>): void {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isDirectory()) {
    throw new UserError(`${folder}: this is a file. Give a folder, which is made if it is not there.`);
  }
  const taken = [...new Set([...files.keys(), ...configFileNames])].filter((name) =>
    existsSync(path.join(folder, name)),
  );
  if (taken.length === 0) return;
  throw new UserError(
    `${folder}: ${taken.join(", ")} ${taken.length === 1 ? "is" : "are"} there already, and nothing was written. Give a new ` +
      `folder, or move ${taken.length === 1 ? "it" : "them"} away.`,
  );
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w./+-]+$/.test(word) && !word.startsWith("-") ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** What to print of the Worker that was made. Throws UserError before anything is written. */
export function init(given: string, { template, name }: InitOptions): string {
  const folder = path.resolve(given);
  const files = filesOf(template, checkedName(folder, name));
  checkFree(folder, files);
  for (const [file, text] of files) {
    try {
      makeFolder(path.dirname(path.join(folder, file)));
      writeFileSync(path.join(folder, file), text, { flag: "wx" });
    } catch (error) {
      throw new UserError(`${path.join(folder, file)}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }
  const place = path.relative(".", folder) === "" ? "" : ` ${quoted(given)}`;
  const which = place === "" ? "this folder" : plainText(given);
  return `A Worker in ${which}: ${[...files.keys()].join(", ")}

  blockon dev${place}     serves it, anew whenever a file is saved
  blockon test${place}    runs its tests
`;
}
