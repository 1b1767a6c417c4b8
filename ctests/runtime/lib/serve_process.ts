// `blockon serve` as a user starts it: the launcher in a process of its own, on a free port.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** The command blockon of this checkout. */
export const blockon: readonly string[] = [
  process.execPath,
  path.join(import.meta.dirname, "../../../runtime/launcher.mjs"),
];
const startLimitMs = 120_000;

export interface LogLine {
  readonly msg: string;
  readonly id?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly stderr: string;
}

function start(
  folder: string,
  args: readonly string[],
  command: readonly string[] = blockon,
  env: NodeJS.ProcessEnv = process.env,
  verb = "serve",
): { child: ChildProcess; stderr: () => string } {
  const [program, ...first] = command as [string, ...string[]];
  const child = spawn(program, [...first, verb, folder, ...args], {
    // What an author types; a server reads nothing.
    stdio: [verb === "dev" ? "pipe" : "ignore", "inherit", "pipe"],
    env,
  });
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return { child, stderr: () => text };
}

/** Runs it to its end: for what is refused. */
export async function serveUntilExit(folder: string, ...args: string[]): Promise<Exit> {
  const { child, stderr } = start(folder, args);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr: stderr() };
}

export class ServeProcess {
  readonly child: ChildProcess;
  readonly #stderr: () => string;
  url = "";

  private constructor(child: ChildProcess, stderr: () => string) {
    this.child = child;
    this.#stderr = stderr;
  }

  /** `blockon dev`. Resolves when it listens. */
  static dev(folder: string, ...args: string[]): Promise<ServeProcess> {
    return ServeProcess.#begin("dev", folder, args);
  }

  /** Resolves when it listens. */
  static start(
    folder: string,
    command?: readonly string[],
    env?: NodeJS.ProcessEnv,
    ...args: string[]
  ): Promise<ServeProcess> {
    return ServeProcess.#begin("serve", folder, args, command, env);
  }

  static async #begin(
    verb: string,
    folder: string,
    args: readonly string[],
    command?: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): Promise<ServeProcess> {
    const { child, stderr } = start(folder, ["--port", "0", "--log-format", "json", ...args], command, env, verb);
    const process = new ServeProcess(child, stderr);
    const line = await process.logged(/ (?:is|are) on (http:\S+?),? /);
    process.url = line[1] as string;
    return process;
  }

  /** What it logged, and what it printed that is no log. */
  get log(): LogLine[] {
    return this.#stderr()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => (line.startsWith("{") ? (JSON.parse(line) as LogLine) : { msg: line }));
  }

  /** Resolves with the match when a line of the log matches, after `skip` that do; which it has to in time. */
  async logged(pattern: RegExp, skip = 0): Promise<RegExpExecArray> {
    const begin = performance.now();
    for (;;) {
      const matches = this.log.map(({ msg }) => pattern.exec(`${msg} `)).filter((match) => match !== null);
      const match = matches[skip];
      if (match !== undefined) return match;
      if (this.child.exitCode !== null || performance.now() - begin > startLimitMs) {
        throw new Error(`no line of the log matches ${pattern}:\n${this.#stderr()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get(target = "/", init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${target}`, init);
  }

  /** Resolves with the exit code, when it has ended by itself. */
  async exited(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const [code] = (await once(this.child, "close")) as [number | null];
    return code;
  }

  /** Resolves with the exit code. */
  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const exited = this.exited();
    this.child.kill(signal);
    return exited;
  }
}
