// What a Worker asks for: its requirements.txt, or the dependencies of its pyproject.toml.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { Reader } from "../config/reader.ts";
import { tomlDocument } from "../config/toml_document.ts";
import { messageOf, UserError } from "../user_error.ts";
import { normalizedName } from "./package_name.ts";

export const requirementsFile = "requirements.txt";
export const projectFile = "pyproject.toml";

/** A requirement as far as it matters here. */
export interface Requirement {
  /** Normalized. */
  readonly name: string;
  /** It says nothing of versions. */
  readonly bare: boolean;
}

export interface Requirements {
  readonly file: string;
  /** Lines as pip takes them; paths in them are relative to the file's folder. */
  readonly lines: readonly string[];
  readonly named: readonly Requirement[];
  /** All that decides: the text of each file that is read. */
  readonly texts: readonly string[];
}

const format = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(\[[^\]]*\])?\s*(.*)$/;

function parseRequirement(line: string): Requirement | undefined {
  const [, name, , rest] = format.exec(line) ?? [];
  if (name === undefined || rest === undefined) return undefined;
  return { name: normalizedName(name), bare: rest === "" || rest.startsWith(";") };
}

function readText(file: string, from: string | undefined): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const named = from === undefined ? "" : `, which ${from} names,`;
    throw new UserError(`${file}${named} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** A requirements.txt's lines: joined where they go on, without comments. */
function plainLines(text: string): string[] {
  return text
    .replace(/^\uFEFF/, "")
    .replace(/\\\r?\n/g, "")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

const included = /^(?:-r|--requirement|-c|--constraint)(?:\s+|=)?(\S.*)$/;

function fromRequirements(file: string): Requirements | undefined {
  let asks = false;
  const named: Requirement[] = [];
  const texts: string[] = [];
  const seen = new Set<string>();
  const visit = (current: string, from: string | undefined): void => {
    if (seen.has(current)) return;
    seen.add(current);
    const text = readText(current, from);
    texts.push(text);
    for (const line of plainLines(text)) {
      const [, other] = included.exec(line) ?? [];
      // What is at a URL is pip's to read: nobody here can tell when it changes.
      if (other !== undefined && !/^[a-z]+:\/\//i.test(other))
        visit(path.resolve(path.dirname(current), other), current);
      else asks = true;
      if (line.startsWith("-")) continue;
      const requirement = parseRequirement(line);
      if (requirement !== undefined) named.push(requirement);
    }
  };
  visit(file, undefined);
  if (!asks) return undefined;
  return { file, lines: [`--requirement ${JSON.stringify(file)}`], named, texts };
}

function fromProject(file: string): Requirements | undefined {
  const project = new Reader(tomlDocument(readText(file, undefined), file)).subtable("project", "a table");
  const expected = 'an array of requirements, as in dependencies = ["requests"]';
  if (project.strings("dynamic", "an array of strings").includes("dependencies")) {
    throw new UserError(
      `${project.place("dynamic")}: the dependencies of a Worker cannot be dynamic: nothing builds it. List them as dependencies.`,
    );
  }
  const lines = project.strings("dependencies", expected).map((line) => line.trim());
  if (lines.length === 0) return undefined;
  const named = lines.map((line, index): Requirement => {
    const requirement = parseRequirement(line);
    return requirement ?? project.fail(["dependencies", index], line, 'a requirement, as in "requests>=2"');
  });
  return { file, lines, named, texts: [JSON.stringify(lines)] };
}

/** Undefined where the folder's files ask for none. A requirements.txt goes before a pyproject.toml. */
export function readRequirements(folder: string): Requirements | undefined {
  const requirements = path.join(folder, requirementsFile);
  if (existsSync(requirements)) return fromRequirements(requirements);
  const project = path.join(folder, projectFile);
  return existsSync(project) ? fromProject(project) : undefined;
}
