// wrangler.json and wrangler.jsonc: JSON with comments and trailing commas, as Cloudflare's wrangler reads both.
import { createRequire } from "node:module";
import type { Node, ParseError } from "jsonc-parser";
import { UserError } from "../user_error.ts";
import { type ConfigDocument, LineTable, type Table, type ValuePath } from "./document.ts";

const require = createRequire(import.meta.url);

/** Where a place in a text is, from 1. */
function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}

function failAt(text: string, file: string, offset: number, what: string): never {
  const { line, column } = position(text, offset);
  const shown = text.split(/\r\n|\n|\r/)[line - 1] as string;
  throw new UserError(`${file}:${line}:${column}: this is not valid JSON: ${what}.`, {
    detail: `${line} | ${shown}`.slice(0, 200).trimEnd(),
  });
}

/** Throws UserError for what is not JSON, has a key twice, or is no object. */
export function jsonDocument(text: string, file: string): ConfigDocument {
  const { parseTree, printParseErrorCode } = require("jsonc-parser") as typeof import("jsonc-parser");
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    const words = printParseErrorCode(error.error).replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    failAt(text, file, error.offset, words.toLowerCase());
  }
  const lines = new LineTable();
  const read = (node: Node, at: ValuePath): unknown => {
    lines.add(at, position(text, node.offset).line);
    if (node.type === "array") return (node.children ?? []).map((child, index) => read(child, [...at, index]));
    if (node.type !== "object") return node.value;
    const entries = new Map<string, unknown>();
    for (const { children } of node.children ?? []) {
      const [key, value] = children as [Node, Node];
      if (entries.has(key.value)) failAt(text, file, key.offset, `the key ${JSON.stringify(key.value)} is given twice`);
      entries.set(key.value, read(value, [...at, key.value]));
    }
    return Object.fromEntries(entries);
  };
  if (root?.type !== "object") failAt(text, file, root?.offset ?? 0, "expected an object");
  return {
    file,
    table: read(root, []) as Table,
    lineOf: (at) => lines.find(at),
    assignment: (key, value) => `"${key}": ${JSON.stringify(value).replaceAll('","', '", "')}`,
  };
}
