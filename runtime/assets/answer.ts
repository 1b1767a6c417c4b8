// The answer to a request for a file: whole, a range of it, or that it has not changed.
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import type { Assets } from "../config/assets.ts";
import { mime } from "../lazy_packages.ts";
import { type AssetFile, findFile } from "./files.ts";
import { findPage } from "./pages.ts";
import { redirectFor, withRules } from "./rules.ts";

export interface AssetRequest {
  readonly method: string;
  readonly url: URL;
  /** By a name in lower case. */
  header(name: string): string | undefined;
}

export interface AssetResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Readable | Uint8Array;
}

const empty = new Uint8Array(0);

function typeOf(file: string): string {
  const type = mime().default.getType(file) ?? "application/octet-stream";
  return /^text\/|[/+](?:json|javascript|xml)$/.test(type) ? `${type}; charset=utf-8` : type;
}

function respond(
  status: number,
  headers: AssetResponse["headers"] = [],
  body: AssetResponse["body"] = empty,
): AssetResponse {
  return { status, statusText: "", headers, body };
}

/** Whether one of the validators of If-None-Match is this one. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === "*" || header.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}

/** The first and the last byte; "none" when no byte of the file is asked for; undefined for all of it. */
export function rangeOf(
  header: string | undefined,
  size: number,
): readonly [first: number, last: number] | "none" | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  if (from === "") return Number(to) === 0 || size === 0 ? "none" : [Math.max(size - Number(to), 0), size - 1];
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== "" && Number(to) < Number(from)) return undefined;
  return Number(from) >= size ? "none" : [Number(from), last];
}

function sendFile(request: AssetRequest, { file, size, etag }: AssetFile, status: number): AssetResponse {
  const validators = [
    ["etag", etag],
    ["cache-control", "public, max-age=0, must-revalidate"],
  ] as const;
  if (status === 200 && isKnown(request.header("if-none-match"), etag)) return respond(304, validators);
  const common = [...validators, ["content-type", typeOf(file)], ["accept-ranges", "bytes"]] as const;
  const ifRange = request.header("if-range");
  const isRanged = status === 200 && (ifRange === undefined || ifRange === etag);
  const range = isRanged ? rangeOf(request.header("range"), size) : undefined;
  if (range === "none") return respond(416, [...validators, ["content-range", `bytes */${size}`]]);
  const [start, end] = range ?? [0, size - 1];
  const headers = [
    ...common,
    ["content-length", String(end - start + 1)],
    ...(range === undefined ? [] : ([["content-range", `bytes ${start}-${end}/${size}`]] as const)),
  ] as const;
  const body = request.method === "HEAD" || size === 0 ? empty : createReadStream(file, { start, end });
  return respond(range === undefined ? status : 206, headers, body);
}

/** It stays on this host: no path with two slashes in it, which could name another, means a file. */
function redirect(pathname: string, url: URL): AssetResponse {
  return respond(307, [["location", `${pathname}${url.search}`]]);
}

/** The 404.html that is the nearest, from the path's own folder up. */
async function findNotFoundPage(directory: string, pathname: string): Promise<AssetFile | undefined> {
  for (let folder = pathname; folder !== ""; ) {
    folder = folder.slice(0, folder.lastIndexOf("/"));
    const page = await findFile(directory, `${folder}/404.html`);
    if (page !== undefined) return page;
  }
  return undefined;
}

async function sendByRules(
  { directory }: Assets,
  request: AssetRequest,
  file: AssetFile,
  status: number,
): Promise<AssetResponse> {
  const response = sendFile(request, file, status);
  return { ...response, headers: await withRules(directory, request.url, response.headers) };
}

/** The answer for a file that is there, or for a path that leads elsewhere; undefined when there is none. */
export async function answerFile(assets: Assets, request: AssetRequest): Promise<AssetResponse | undefined> {
  if (request.method !== "GET" && request.method !== "HEAD") return undefined;
  const redirected = await redirectFor(assets.directory, request.url);
  if (redirected !== undefined && "status" in redirected) {
    return respond(redirected.status, [["location", redirected.location]]);
  }
  const pathname = redirected?.path ?? request.url.pathname;
  const found = await findPage(assets.directory, pathname, assets.htmlHandling);
  if (found === undefined) return undefined;
  return "redirect" in found ? redirect(found.redirect, request.url) : sendByRules(assets, request, found.asset, 200);
}

/** The answer for a path that names no file, by not_found_handling; undefined when there is none but 404. */
export async function answerNotFound(assets: Assets, request: AssetRequest): Promise<AssetResponse | undefined> {
  const { directory, notFoundHandling } = assets;
  if (notFoundHandling === "none" || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
  if (notFoundHandling === "single-page-application") {
    const index = await findFile(directory, "/index.html");
    return index && sendByRules(assets, request, index, 200);
  }
  const page = await findNotFoundPage(directory, request.url.pathname);
  return page && sendByRules(assets, request, page, 404);
}

/** What the binding answers: always something. */
export async function answerBinding(assets: Assets, request: AssetRequest): Promise<AssetResponse> {
  if (request.method !== "GET" && request.method !== "HEAD") return respond(405, [["allow", "GET, HEAD"]]);
  return (await answerFile(assets, request)) ?? (await answerNotFound(assets, request)) ?? respond(404);
}
