// wrangler.toml. One parser reads the values (and says what is wrong with them); another, which keeps positions and no more, is
// asked when there is something to say about a line, so that a start without messages does not pay for it.
import { createRequire } from "node:module";
import { parse, TomlError } from "smol-toml";
import type { AST } from "toml-eslint-parser";
import { UserError } from "../user_error.ts";
import { type ConfigDocument, LineTable, type Table, type ValuePath } from "./document.ts";

const require = createRequire(import.meta.url);

function parseTable(text: string, file: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n", 1)[0]?.replace(/^Invalid TOML document: /, "");
    throw new UserError(`${file}:${error.line}:${error.column}: this is not valid TOML: ${reason}`, {
      detail: error.codeblock.trimEnd(),
      cause: error,
    });
  }
}

const keyText = (key: AST.TOMLBare | AST.TOMLQuoted): string => (key.type === "TOMLBare" ? key.name : key.value);

function addValue(lines: LineTable, at: ValuePath, value: AST.TOMLContentNode): void {
  lines.add(at, value.loc.start.line);
  if (value.type === "TOMLArray") {
    value.elements.forEach((element, index) => {
      addValue(lines, [...at, index], element);
    });
  } else if (value.type === "TOMLInlineTable") addPairs(lines, at, value.body);
}

function addPairs(lines: LineTable, inside: ValuePath, pairs: readonly AST.TOMLKeyValue[]): void {
  for (const { key, value } of pairs) {
    const at = [...inside, ...key.keys.map(keyText)];
    // A dotted key makes the tables on its way.
    for (let length = inside.length + 1; length < at.length; length++)
      lines.add(at.slice(0, length), key.loc.start.line);
    addValue(lines, at, value);
  }
}

function linesOf(text: string): LineTable {
  const lines = new LineTable();
  const { parseTOML } = require("toml-eslint-parser") as typeof import("toml-eslint-parser");
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text);
  } catch {
    // The other parser took the text. A message does without its line where the two differ.
    return lines;
  }
  for (const node of program.body[0].body) {
    if (node.type === "TOMLKeyValue") {
      addPairs(lines, [], [node]);
      continue;
    }
    for (let length = 1; length <= node.resolvedKey.length; length++) {
      lines.add(node.resolvedKey.slice(0, length), node.loc.start.line);
    }
    addPairs(lines, node.resolvedKey, node.body);
  }
  return lines;
}

/** Throws UserError for what is not TOML. */
export function tomlDocument(text: string, file: string): ConfigDocument {
  const table = parseTable(text, file);
  let lines: LineTable | undefined;
  return {
    file,
    table,
    lineOf: (at) => {
      lines ??= linesOf(text);
      return lines.find(at);
    },
    assignment: (key, value) => `${key} = ${JSON.stringify(value).replaceAll('","', '", "')}`,
  };
}
