// Workers of the Pythonic API on CPython: `python -m blockon.cpython`, by the Python and the packages of requirements-dev.txt.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { packageRoot } from "../../../runtime/layout.ts";

const startLimitMs = 60_000;
const whichPython = "from tools import python_tools; print(python_tools.program('python'))";

/** The Python of the environment that ./dev sets up. */
export const devPython = (): string =>
  process.env.BLOCKON_PYTHON ??
  execFileSync("python3", ["-c", whichPython], { cwd: packageRoot, encoding: "utf8" }).trim();

/** A folder with the package blockon alone: beside it in shims is what takes the place of CPython's modules. */
export function packageFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "blockon-cpython-"));
  symlinkSync(path.join(packageRoot, "shims", "blockon"), path.join(folder, "blockon"));
  return folder;
}

export class CPythonProcess {
  readonly #child: ChildProcess;
  readonly #packages: string;
  #log = "";
  url = "";

  private constructor(folders: readonly string[], args: readonly string[]) {
    this.#packages = packageFolder();
    this.#child = spawn(devPython(), ["-m", "blockon.cpython", ...folders, "--port", "0", ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, PYTHONPATH: this.#packages, PYTHONDONTWRITEBYTECODE: "1" },
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
  }

  get log(): string {
    return this.#log;
  }

  /** Resolves when it listens. */
  static async start(folders: readonly string[], ...args: string[]): Promise<CPythonProcess> {
    const started = new CPythonProcess(folders, args);
    const begin = performance.now();
    for (;;) {
      const found = /running on (http:\S+)/.exec(started.log);
      if (found !== null) {
        started.url = found[1] as string;
        return started;
      }
      if (started.#child.exitCode !== null || performance.now() - begin > startLimitMs) {
        await started.stop();
        throw new Error(`it does not listen:\n${started.log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Runs it to its end: for what is refused. Resolves with what it printed. */
  static async untilExit(folders: readonly string[], ...args: string[]): Promise<{ code: number | null; log: string }> {
    const started = new CPythonProcess(folders, args);
    const [code] = (await once(started.#child, "close")) as [number | null];
    rmSync(started.#packages, { recursive: true });
    return { code, log: started.log };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, "close");
      this.#child.kill("SIGTERM");
      await closed;
    }
    rmSync(this.#packages, { recursive: true, force: true });
  }
}
