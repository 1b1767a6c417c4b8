// A package index on a free port of this machine, as PEP 691 has it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WheelFile } from "./wheel.ts";

export interface IndexFile extends WheelFile {
  readonly project: string;
  /** When it was uploaded; an index need not say. */
  readonly uploaded?: string;
}

export interface PackageIndex {
  /** For PIP_INDEX_URL. */
  readonly url: string;
  /** Files whose names were asked for. */
  readonly downloads: string[];
  /** What it has; may be changed. */
  files: readonly IndexFile[];
  close(): Promise<void>;
}

export async function startIndex(): Promise<PackageIndex> {
  const downloads: string[] = [];
  const index: PackageIndex = { url: "", downloads, files: [], close: () => Promise.resolve() };
  const server = createServer((request, response) => {
    const [, folder, name = ""] = (request.url ?? "").split("/");
    const file = index.files.find((one) => folder === "files" && one.name === decodeURIComponent(name));
    if (file !== undefined) {
      downloads.push(file.name);
      response.end(file.bytes);
      return;
    }
    const files = index.files.filter(({ project }) => folder === "simple" && project === name);
    if (files.length === 0) {
      response.writeHead(404).end();
      return;
    }
    const listed = files.map((one) => ({
      filename: one.name,
      url: `/files/${one.name}`,
      hashes: { sha256: one.sha256 },
      ...(one.uploaded !== undefined && { "upload-time": one.uploaded }),
    }));
    response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
    response.end(JSON.stringify({ meta: { "api-version": "1.1" }, name, files: listed }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return Object.assign(index, { url: `http://127.0.0.1:${port}/simple/`, close });
}
