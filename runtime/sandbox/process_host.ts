// An interpreter in a process of its own, for FreshWorkers: as WorkerHost, for one call.
//
// The process is the server's program again, with one thread for the interpreter and nothing of the server's: no bindings, no ports, no
// secrets, an environment of what it needs to find its files. Whatever becomes of it, a native crash included, ends this run alone.
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkerReport, WorkerUsage } from "../control/report.ts";
import { within } from "../pool/fiber_asks.ts";
import type { PooledHost } from "../pool/fresh_workers.ts";
import { EventError, type GuestEvent } from "../pool/guest_events.ts";
import { WorkerFailedError, type WorkerHostOptions, WorkerLostError } from "../pool/host_options.ts";
import { codeOf } from "../user_error.ts";
import { v8Arguments } from "../v8_flags.mjs";
import type { FromProcess, ToldError, ToProcess } from "./process_messages.ts";

/** Until its interpreter is ready; more than what the process itself gives it, and says so better. */
const startTimeoutMs = 90_000;
const reportTimeoutMs = 2000;
/** Of what it wrote to its standard error, for the log. */
const mostErrorText = 2000;
const ticksInSecond = 100;
const pageBytes = 4096;
/** Of the server's environment: where caches are, and whether they are used. */
const keptVariables = ["HOME", "XDG_CACHE_HOME", "BLOCKON_SNAPSHOTS", "NODE_COMPILE_CACHE", "TZ", "LANG"];

function environment(): NodeJS.ProcessEnv {
  const kept = keptVariables.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept);
}

function errorOf({ kind, name, message, text }: ToldError): Error {
  if (kind === "event") return new EventError(name, message, text);
  return kind === "failed" ? new WorkerFailedError(message) : new WorkerLostError(message);
}

export class ProcessHost implements PooledHost {
  readonly #options: WorkerHostOptions;
  #child: ChildProcess | undefined;
  readonly #exited = Promise.withResolvers<void>();
  #ready: PromiseWithResolvers<void> | undefined;
  #answer: PromiseWithResolvers<Uint8Array> | undefined;
  #report: PromiseWithResolvers<WorkerReport> | undefined;
  #state: "not started" | "starting" | "running" | "ended" = "not started";
  #why: string | null = null;
  #errorText = "";
  #isStopped = false;
  #used: Pick<WorkerUsage, "cpu" | "resident"> = { cpu: 0, resident: null };

  constructor(options: WorkerHostOptions) {
    this.#options = options;
  }

  /** Throws WorkerFailedError or WorkerLostError. */
  start(): Promise<void> {
    if (this.#ready === undefined) {
      this.#ready = Promise.withResolvers<void>();
      // Who asked for it is told; nobody has to.
      this.#ready.promise.catch(() => {});
      if (this.#isStopped) this.#ready.reject(new WorkerLostError("the Worker was stopped"));
      else this.#spawn(this.#ready);
    }
    return this.#ready.promise;
  }

  /** Throws EventError, WorkerFailedError or WorkerLostError. */
  async send(event: GuestEvent): Promise<Uint8Array> {
    await this.start();
    if (this.#answer !== undefined) throw new WorkerLostError("it was given something before, and takes one call");
    this.#answer = Promise.withResolvers<Uint8Array>();
    if (this.#state === "running") this.#tell({ type: "send", event });
    else this.#answer.reject(new WorkerLostError("the process ended before the call reached it"));
    try {
      return await this.#answer.promise;
    } finally {
      this.#answer = undefined;
      queueMicrotask(() => this.#options.onProgress?.());
    }
  }

  get underWay(): number {
    return this.#answer === undefined ? 0 : 1;
  }

  get isOccupied(): boolean {
    return this.underWay > 0;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** Of the whole process. */
  get usage(): WorkerUsage {
    this.#measure();
    const { memoryMb, cpuMs } = this.#options.limits ?? { memoryMb: 0, cpuMs: 0 };
    return { ...this.#used, memoryMb, cpuMs };
  }

  async report(stacks: boolean): Promise<WorkerReport> {
    const { name } = this.#options;
    const common = { name, requests: this.underWay, usage: this.usage };
    if (this.#state === "running") {
      this.#report ??= Promise.withResolvers<WorkerReport>();
      this.#tell({ type: "report", stacks });
      const told = await within(reportTimeoutMs, this.#report.promise);
      if (told !== undefined) return { ...told, ...common, detail: told.detail ?? `process ${this.#child?.pid}` };
    }
    return { ...common, state: this.#state, detail: this.#why, live: null, fibers: [] };
  }

  async terminate(): Promise<void> {
    this.#isStopped = true;
    if (this.#child === undefined) return;
    this.#measure();
    this.#child.kill("SIGKILL");
    await this.#exited.promise;
  }

  /** It has nothing to end in order: what it was given is done, or is not wanted any more. */
  stop(): Promise<void> {
    return this.terminate();
  }

  #tell(message: ToProcess): void {
    // One that has ended meanwhile is told of by its exit.
    this.#child?.send(message, () => {});
  }

  #spawn(ready: PromiseWithResolvers<void>): void {
    this.#state = "starting";
    const program = fileURLToPath(new URL(`./process_main${path.extname(import.meta.url)}`, import.meta.url));
    const { spawn } = process.getBuiltinModule("node:child_process");
    const child = spawn(process.execPath, [...v8Arguments, program], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
      env: environment(),
    });
    this.#child = child;
    const timer = setTimeout(() => {
      this.#why = `it did not start within ${startTimeoutMs / 1000} s`;
      child.kill("SIGKILL");
    }, startTimeoutMs);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errorText = (this.#errorText + text).slice(-mostErrorText);
    });
    child.on("message", (message: FromProcess) => {
      if (message.type === "ready" || message.type === "refused") clearTimeout(timer);
      this.#receive(message, ready);
    });
    child.on("error", (error) => {
      this.#why ??= error.message;
      // One that could not be started does not close.
      if (child.pid === undefined) this.#lost(ready);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const written = this.#errorText.trim();
      this.#why ??= `its process ended ${signal === null ? `with code ${code}` : `by ${signal}`}${written && `: ${written}`}`;
      this.#lost(ready);
    });
  }

  #receive(message: FromProcess, ready: PromiseWithResolvers<void>): void {
    const { name, describe, limits, permissions, onLog } = this.#options;
    switch (message.type) {
      case "there":
        try {
          this.#tell({ type: "begin", name, description: describe(), limits, permissions });
        } catch (error) {
          ready.reject(error);
          void this.terminate();
        }
        break;
      case "ready":
        this.#state = "running";
        ready.resolve();
        break;
      case "refused":
        ready.reject(errorOf(message.error));
        void this.terminate();
        break;
      case "done":
        this.#answer?.resolve(message.bytes);
        break;
      case "undone":
        this.#answer?.reject(errorOf(message.error));
        break;
      case "report":
        this.#report?.resolve(message.report);
        this.#report = undefined;
        break;
      case "log":
        onLog(message.level, message.text);
    }
  }

  #lost(ready: PromiseWithResolvers<void>): void {
    const lost = new WorkerLostError(`the Worker was lost: ${this.#why}`);
    this.#state = "ended";
    ready.reject(lost);
    this.#answer?.reject(lost);
    this.#exited.resolve();
    this.#options.onProgress?.();
  }

  /** As the system has it; what it was last, when it has ended. */
  #measure(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#state === "ended") return;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // Behind the name, which may hold anything, from the third on: user and system time are the 14th and 15th, pages the 24th.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const cpu = (Number(fields[11]) + Number(fields[12])) / ticksInSecond;
      this.#used = { cpu, resident: Number(fields[21]) * pageBytes };
    } catch (error) {
      // It ended just now, and its exit says so.
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ESRCH") throw error;
    }
  }
}
