// A Worker whose compatibility date chooses its Python, with what it logs, in a folder of its own.
import { createWorker } from "../../../runtime/cli/create_worker.ts";
import { compatibilityTable } from "../../../runtime/config/compatibility_table.ts";
import { readWorkerConfig } from "../../../runtime/config/wrangler.ts";
import { packageFolder } from "../../../runtime/packages/python_packages.ts";
import { targetOf } from "../../../runtime/packages/target.ts";
import type { Exchange } from "../../../runtime/pool/exchange.ts";
import type { WorkerHost } from "../../../runtime/pool/worker_host.ts";
import { workerFolder } from "./worker_folder.ts";

/** That of the tests, on which each of these Pythons is supported. */
export const today = "2026-11-01";

/** What chooses a Python. */
export interface Dated {
  readonly date: string;
  readonly flags?: readonly string[];
  /** More of wrangler.toml. */
  readonly toml?: string;
}

/** What chooses a Pyodide whose Python is 3.13. */
export const pythons313: readonly (Dated & { readonly pyodide: string })[] = [
  { pyodide: "0.28.3", date: "2025-10-01" },
  { pyodide: "0.29.5", date: "2026-10-01", flags: ["python_3.13_packages_2025_12_01"] },
];

export class DatedWorker {
  readonly host: WorkerHost;
  /** The version that runs it. */
  readonly pyodide: string;
  /** Lines of its log and of what it prints. */
  readonly log: string[] = [];
  readonly #folder: { remove(): void };

  /**
   * @param files Others than its module, by their names.
   * @param packages The folder of its packages, which it goes with.
   */
  constructor(
    entry: string,
    { date, flags = [], toml = "" }: Dated,
    files: { readonly [name: string]: string } = {},
    packages?: string,
  ) {
    const folder = workerFolder(entry);
    this.#folder = folder;
    folder.write(
      "wrangler.toml",
      `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "${date}"\n` +
        `compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}\n${toml}`,
    );
    for (const [name, text] of Object.entries(files)) folder.write(name, text);
    const config = readWorkerConfig(folder.path, { today });
    this.pyodide = config.python.runs.version;
    this.host = createWorker(config, {
      packages,
      onLog: (_level, text) => this.log.push(text),
      onOutput: (_stream, text) => this.log.push(text),
    });
  }

  /** One with packages of the index. @param requirements A line each. */
  static async withPackages(
    entry: string,
    dated: Dated & { readonly pyodide: string },
    requirements: string,
  ): Promise<DatedWorker> {
    const folder = workerFolder("");
    try {
      folder.write("requirements.txt", requirements);
      const release = compatibilityTable.pyodides.find(({ version }) => version === dated.pyodide);
      if (release === undefined) throw new Error(`there is no Pyodide ${dated.pyodide}`);
      const packages = await packageFolder(folder.path, () => {}, { target: () => targetOf(release) });
      return new DatedWorker(entry, dated, {}, packages);
    } finally {
      folder.remove();
    }
  }

  /** A request for a path, without its slash. @param body Of a POST. */
  open(path: string, body?: string): Exchange {
    return this.host.open({
      method: body === undefined ? "GET" : "POST",
      url: `http://worker.test/${path}`,
      headers: body === undefined ? [] : [["content-length", String(body.length)]],
      body: body === undefined ? null : new TextEncoder().encode(body),
    });
  }

  async get(path: string, body?: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await this.open(path, body).response;
    const bytes = response.body instanceof Uint8Array ? response.body : Buffer.concat(await response.body.toArray());
    return { status: response.status, text: new TextDecoder().decode(bytes) };
  }

  async text(path: string, body?: string): Promise<string> {
    return (await this.get(path, body)).text;
  }

  async stop(): Promise<void> {
    await this.host.stop();
    this.#folder.remove();
  }
}
