// The folder of the host that a thread may read before it is known whose it will be (permissions.ts): when it becomes a Worker's, links in
// it lead to that Worker's folders. Node's permission model asks for the name under which a file is opened, and follows links; the thread
// itself can make none.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { WorkerSettings } from "../worker/protocol.ts";

let root: string | undefined;
let last = 0;

function rootFolder(): string {
  if (root === undefined) {
    const made = mkdtempSync(path.join(os.tmpdir(), "blockon-threads-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    root = made;
  }
  return root;
}

export class ThreadFolder {
  readonly path: string;
  #links = 0;

  constructor() {
    this.path = path.join(rootFolder(), String(++last));
    mkdirSync(this.path, { mode: 0o700 });
  }

  /** Makes the links, to those of another Worker's beside what there is. What the settings are with names by them. */
  link(settings: WorkerSettings): WorkerSettings {
    const { folders, files, kv, assets } = settings;
    const targets = [...new Set([...folders, kv?.stateFolder, assets?.directory])].filter(
      (folder) => folder !== undefined,
    );
    const links = targets.map((target) => {
      const name = path.join(this.path, String(this.#links++));
      symlinkSync(target, name);
      return { target, name };
    });
    // The innermost first.
    links.sort((one, other) => other.target.length - one.target.length);
    const named = (file: string): string => {
      const link = links.find(({ target }) => file === target || file.startsWith(`${target}${path.sep}`));
      return link === undefined ? file : `${link.name}${file.slice(link.target.length)}`;
    };
    return {
      ...settings,
      folders: links.map(({ name }) => name),
      files: files.map(({ source, target }) => ({ source: named(source), target })),
      ...(kv !== undefined && { kv: { ...kv, stateFolder: named(kv.stateFolder) } }),
      ...(assets !== undefined && { assets: { ...assets, directory: named(assets.directory) } }),
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
