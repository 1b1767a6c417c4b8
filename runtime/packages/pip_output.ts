// What pip wrote when it failed, and what it means.
import { messageOf, UserError } from "../user_error.ts";
import { normalizedName } from "./package_name.ts";

const streamOf = (error: unknown, name: "stdout" | "stderr"): string =>
  (error as { stdout?: string; stderr?: string })[name]?.trim() ?? "";

/** What a program that failed wrote to stderr. */
export function stderrOf(error: unknown): string {
  return streamOf(error, "stderr") || messageOf(error);
}

/** The last lines of it, for people; of what contradicts what, too. */
export function detailOf(error: unknown): string {
  const [, conflict] =
    /^(The conflict is caused by:[\s\S]*?)(?:\n\nTo fix this|$(?![\s\S]))/m.exec(streamOf(error, "stdout")) ?? [];
  const lines = stderrOf(error).split("\n").slice(-12);
  const text = [...(conflict === undefined ? [] : [...conflict.split("\n").slice(0, 20), ""]), ...lines].join("\n");
  // An index may say anything; a terminal acts upon some of it.
  return text.replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, "?");
}

const unreachable =
  /NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError|Temporary failure in name resolution|Network is unreachable|Connection refused|Remote end closed/;

/** Whether pip failed since it could not reach the index, whatever it says of the packages then. */
export function isUnreachable(error: unknown): boolean {
  return unreachable.test(stderrOf(error));
}

export function unreachableError(place: string, error: unknown): UserError {
  return new UserError(
    `${place}: the package index cannot be reached. Mend the network or name another index (HTTPS_PROXY, PIP_INDEX_URL, pip's own ` +
      "configuration), or put the Worker's packages into python_modules/.",
    { detail: detailOf(error), cause: error },
  );
}

/** Whether a file has another hash than the one that is asked of it. */
export function isAnotherFile(error: unknown): boolean {
  return /DO NOT MATCH THE HASHES/i.test(stderrOf(error));
}

/** A package that pip found in other versions than those that were asked for. */
export function unmetVersion(error: unknown): { name: string; wanted: string; newest: string } | undefined {
  const format = /satisfies the requirement ([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(\S+).*? \(from versions: ([^)]*)\)/;
  const [, name, wanted, versions] = format.exec(stderrOf(error)) ?? [];
  const newest = versions?.split(", ").at(-1);
  if (name === undefined || wanted === undefined || newest === undefined || newest === "none") return undefined;
  return { name: normalizedName(name), wanted, newest };
}

/** The packages of which pip found no file for the platform, by normalized names. */
export function unmetPackages(error: unknown): string[] {
  const [, single] = /satisfies the requirement ([A-Za-z0-9][\w.-]*)/.exec(stderrOf(error)) ?? [];
  const [, list] =
    /no matching distributions available for your environment:\n((?: {4}\S+\n?)+)/.exec(streamOf(error, "stdout")) ??
    [];
  const names = [...(single === undefined ? [] : [single]), ...(list?.trim().split(/\s+/) ?? [])];
  return [...new Set(names.map(normalizedName))];
}
