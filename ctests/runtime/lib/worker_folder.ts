// A folder with a Worker in it, for one test.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export interface WorkerFolder {
  readonly path: string;
  write(name: string, text: string): void;
  remove(): void;
}

/** wrangler.toml with these flags, and src/entry.py with this text. */
export function workerFolder(entry: string, flags: readonly string[] = [], toml = ""): WorkerFolder {
  const root = mkdtempSync(path.join(os.tmpdir(), "blockon-worker-"));
  const write = (name: string, text: string): void => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  write(
    "wrangler.toml",
    `name = "test"
main = "src/entry.py"
compatibility_date = "2026-10-01"
compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}
${toml}`,
  );
  write("src/entry.py", entry);
  return { path: root, write, remove: () => rmSync(root, { recursive: true, force: true }) };
}
