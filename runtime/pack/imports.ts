// What a Worker imports, found by Python's own parser in an interpreter of its own, which runs nothing of the Worker's.
import { workerOptions } from "../cli/create_worker.ts";
import type { WorkerConfig } from "../config/wrangler.ts";
import { type Packages, workerMount } from "../packages/guest_files.ts";
import { WorkerHost } from "../pool/worker_host.ts";

/** An import of what is nowhere. */
export interface MissingImport {
  readonly name: string;
  /** In the Worker's folder. */
  readonly file: string;
  readonly line: number;
}

export interface ImportReport {
  readonly missing: readonly MissingImport[];
  /** Files that are no Python. */
  readonly syntax: readonly { readonly file: string; readonly line: number; readonly message: string }[];
  /** Names that are imported of packages. */
  readonly packages: readonly string[];
}

const report = "imports";

export async function findImports(config: WorkerConfig, packages: Packages | undefined): Promise<ImportReport> {
  const { promise, resolve, reject } = Promise.withResolvers<ImportReport>();
  let problem = "its interpreter ended";
  const worker = new WorkerHost({
    name: "imports",
    describe: () => ({ ...workerOptions(config, { packages }), main: "", env: {}, reports: [report] }),
    onLog: (level, text) => {
      if (level === "error") problem = text;
    },
    // Warnings of the compiler's: those of who imports the module.
    onOutput: () => {},
    onReport: (_name, bytes) => resolve(JSON.parse(new TextDecoder().decode(bytes)) as ImportReport),
    onExit: () => reject(new Error(`the Worker's imports cannot be looked at: ${problem}`)),
  });
  try {
    const question = { main: `${workerMount}/${config.main}`, folder: workerMount };
    await worker.run("blockon._pack_imports", JSON.stringify(question));
    return await promise;
  } finally {
    await worker.stop();
  }
}
