// What `blockon pack` prints: the artifact, and what each package comes to.
import type { Packed } from "../pack/pack.ts";
import { plainText } from "../plain_text.ts";
import { columns } from "./columns.ts";

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** For programs. */
export function packReport({ folder, manifest, imports, noSnapshot }: Packed, seconds: number): object {
  const { worker, runtime, packages, parts } = manifest;
  return {
    artifact: folder,
    worker,
    runtime,
    files: Object.keys(parts).length,
    bytes: sum(Object.values(parts).map(({ bytes }) => bytes)),
    packages,
    missing: imports.missing,
    syntax: imports.syntax,
    noSnapshot,
    seconds,
  };
}

/** A number in groups of three digits. */
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

/** For people. */
export function packText({ folder, manifest }: Packed, seconds: number): string {
  const { worker, packages, parts } = manifest;
  const bytes = sum(Object.values(parts).map((part) => part.bytes));
  const rows = packages.map((each) => [
    each.name === "" ? "(of no package)" : each.name,
    each.version,
    ...[each.files, each.bytes, each.bytecode].map(grouped),
  ]);
  const total = [
    "all",
    "",
    ...(["files", "bytes", "bytecode"] as const).map((key) => grouped(sum(packages.map((each) => each[key])))),
  ];
  const table = rows.length === 0 ? [] : [["PACKAGE", "VERSION", "FILES", "BYTES", "BYTECODE"], ...rows, total];
  const widths = [2, 3, 4].map((index) => Math.max(0, ...table.map((row) => (row[index] as string).length)));
  const aligned = table.map((row) =>
    row.map((cell, index) => (index < 2 ? cell : cell.padStart(widths[index - 2] as number))),
  );
  const lines = [
    `${worker.name} is packed: ${folder}, ${grouped(bytes)} bytes in ${Object.keys(parts).length} files, after ${seconds.toFixed(1)} s`,
    ...columns(aligned),
  ];
  return lines.map((line) => `${plainText(line)}\n`).join("");
}
