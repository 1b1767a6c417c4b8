// docs/reference.md: what the commands say of themselves, and the table of compatibility flags.
import { execFileSync } from "node:child_process";
import { compatibilityTable } from "../../../runtime/config/compatibility_table.ts";
import { blockon } from "./serve_process.ts";

const heading = `# Reference

Written by \`BLOCKON_RECORD=1 ./dev test --only node -- ctests/runtime/reference.test.ts\`: of the commands what they say of themselves, and the table of flags
as \`blockon flags\` has it.
`;

function help(...words: readonly string[]): string {
  const [program, ...first] = blockon as [string, ...string[]];
  const env = { ...process.env, COLUMNS: "110" };
  return execFileSync(program, [...first, ...words, "--help"], { encoding: "utf8", env }).trimEnd();
}

/** Of the commands that a user calls, in the order in which the help lists them. */
function commandNames(text: string): string[] {
  const [, list = ""] = /^Commands:\n((?: {2}.*\n?)+)/m.exec(text) ?? [];
  return [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name as string).filter((name) => name !== "help");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export function reference(): string {
  const names = commandNames(help()).flatMap((name) => [[name], ...commandNames(help(name)).map((own) => [name, own])]);
  const commands = names.map((words) => `### blockon ${words.join(" ")}\n\n\`\`\`\n${help(...words)}\n\`\`\``);
  const code = (text: string | undefined): string => (text === undefined ? "" : `\`${text}\``);
  const flags = compatibilityTable.features.map(({ flag, off, since = "", here, note }) => [
    code(flag),
    code(off),
    since,
    here,
    note,
  ]);
  const pythons = compatibilityTable.pyodides.map(({ version, python, packagesFrom, available, blocking }) => [
    python.version,
    version,
    available ? "yes" : "to come",
    { none: "nothing", threads: "`run_sync`, locks, threads", all: "all" }[blocking],
    python.endOfSupport,
    packagesFrom,
  ]);
  return [
    heading,
    "## Commands",
    ...commands,
    "## Compatibility flags",
    table(["flag", "turned off by", "on from the date", "here", "what"], flags),
    "## Pythons",
    table(["Python", "Pyodide", "here", "may wait", "supported until", "package sets from"], pythons),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}
