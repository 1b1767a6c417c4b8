// A folder for the sockets of servers, for one test, and `blockon ps` as a user calls it with that folder.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { ServerReport } from "../../../runtime/control/report.ts";
import { blockon, ServeProcess } from "./serve_process.ts";

export interface PsOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class ControlFolder {
  /** What XDG_RUNTIME_DIR and TMPDIR are for the processes that are started here. */
  readonly runtime: string = mkdtempSync(path.join(os.tmpdir(), "blockon-xdg-"));
  readonly temporary: string = mkdtempSync(path.join(os.tmpdir(), "blockon-tmp-"));
  readonly env: NodeJS.ProcessEnv = { ...process.env, XDG_RUNTIME_DIR: this.runtime, TMPDIR: this.temporary };

  /** Where the sockets are. */
  get path(): string {
    return path.join(this.runtime, "blockon");
  }

  sockets(): string[] {
    return readdirSync(this.path);
  }

  serve(folder: string): Promise<ServeProcess> {
    return ServeProcess.start(folder, blockon, this.env);
  }

  ps(...args: string[]): Promise<PsOutcome> {
    return this.run("ps", ...args);
  }

  run(command: string, ...args: string[]): Promise<PsOutcome> {
    const [program, ...first] = blockon as [string, ...string[]];
    return new Promise((resolve) => {
      execFile(program, [...first, command, ...args], { env: this.env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  /** What `blockon ps --json` tells of servers of which it is to know something. */
  async reports(...args: string[]): Promise<ServerReport[]> {
    const { stdout } = await this.ps("--json", ...args);
    return (JSON.parse(stdout) as { servers: ServerReport[] }).servers;
  }

  remove(): void {
    for (const folder of [this.runtime, this.temporary]) rmSync(folder, { recursive: true });
  }
}
