// loadPyodide({ sealed: true }): Python in a realm of its own, as a Worker's is, in a thread of its own. It has what the embedder gives it,
// and nothing else: functions, which take and return primitives and bytes.
import path from "node:path";
import type { OutboundRules } from "../addon.ts";
import { resolveCompatibility } from "../config/compatibility.ts";
import { todayUtc } from "../config/dates.ts";
import { aPositiveInteger, isFiberLimit } from "../max_fibers.ts";
import { guestTree } from "../packages/guest_files.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { kindOf, UserError } from "../user_error.ts";
import { decodeValue, decodeValues, encodeValue, encodeValues, type SealedValue } from "./values.ts";

export type SealedFunction = (...values: never[]) => SealedValue | void | PromiseLike<SealedValue | void>;

export interface SealedOptions {
  sealed: true;
  /** Functions of the embedder's that Python has as globals: a call blocks its task until the result, or the promise's, is there. */
  functions?: { readonly [name: string]: SealedFunction };
  /** Environment of Python. */
  env?: { readonly [name: string]: string };
  /** Told what Python writes, in pieces; the process's own, if not given. */
  stdout?: (text: string) => void;
  stderr?: (text: string) => void;
  /** Where Python may connect to: nowhere if not given. */
  outbound?: OutboundRules;
  /** How many tasks may be alive at the same time; 20,000 if not given. */
  maxFibers?: number;
  preemptTasks?: boolean;
}

const known: { readonly [name in keyof Required<SealedOptions>]: string } = {
  sealed: "boolean",
  functions: "object",
  env: "object",
  stdout: "function",
  stderr: "function",
  outbound: "object",
  maxFibers: "number",
  preemptTasks: "boolean",
};
const nowhere: OutboundRules = { deny: ["*"] };
const folder = "/session";
const entry = `${folder}/blockon_sealed_entry.py`;
const binding = "EMBEDDER";
const identifier = /^[A-Za-z][A-Za-z0-9_]*$/;

function features(): ReadonlySet<string> {
  const today = todayUtc();
  const source = { place: () => "loadPyodide", assignment: (flags: readonly string[]) => flags.join(" ") };
  return resolveCompatibility(today, ["python_workers"], source, today).features;
}

function check(options: SealedOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const expected = Object.hasOwn(known, name) ? known[name as keyof SealedOptions] : undefined;
    if (expected === undefined) {
      throw new UserError(
        `loadPyodide: the option ${name} is none of a sealed interpreter's, which are ${Object.keys(known).join(", ")}.`,
      );
    }
    if (value !== undefined && (value === null || typeof value !== expected)) {
      throw new UserError(`loadPyodide: the option ${name} is ${kindOf(value)}; expected ${expected}.`);
    }
  }
  if (options.maxFibers !== undefined && !isFiberLimit(options.maxFibers)) {
    throw new UserError(`loadPyodide: the option maxFibers is ${options.maxFibers}; expected ${aPositiveInteger}.`);
  }
  for (const [name, value] of Object.entries(options.functions ?? {})) {
    if (!identifier.test(name))
      throw new UserError(`loadPyodide: functions: ${JSON.stringify(name)} is no name of Python's.`);
    if (typeof value !== "function")
      throw new UserError(`loadPyodide: functions: ${name} is ${kindOf(value)}; expected function.`);
  }
}

/** An interpreter behind the realm. Each method rejects when it has ended, with why. */
export class SealedPyodide {
  readonly #host: WorkerHost;
  readonly #why: () => string;

  /** For loadSealed. */
  constructor(host: WorkerHost, why: () => string) {
    this.#host = host;
    this.#why = why;
  }

  /** Runs Python, with `await` and all that blocks, and gives the value of its last expression. Rejects with Python's error. */
  async runPythonAsync(code: string): Promise<SealedValue> {
    return this.#call("run", code);
  }

  /** A global of Python's. */
  async get(name: string): Promise<SealedValue> {
    return this.#call("get", name);
  }

  async set(name: string, value: SealedValue): Promise<void> {
    await this.#call("set", name, value);
  }

  /** Ends it at once, whatever it does. */
  async terminate(): Promise<void> {
    await this.#host.terminate();
  }

  async #call(method: string, ...values: SealedValue[]): Promise<SealedValue> {
    const bytes = encodeValues(values, (index) => (method === "set" && index === 1 ? `${values[0]}` : "the argument"));
    // It is not started again: what the embedder gave it would be gone.
    if (!this.#host.isRunning) throw new Error(`the sealed interpreter has ended${this.#why()}`);
    const json = JSON.stringify({ entrypoint: "", method });
    return decodeValue(await this.#host.send({ event: "call", json, bytes }));
  }

  /** Before its first use. */
  async give(names: readonly string[]): Promise<void> {
    await this.#call("give", ...names);
  }
}

/** Throws UserError for options that cannot be. */
export async function loadSealed(options: SealedOptions): Promise<SealedPyodide> {
  check(options);
  const functions = new Map(Object.entries(options.functions ?? {}));
  const tree = guestTree(undefined, undefined);
  const source = path.join(import.meta.dirname, "entry.py");
  let why = "";
  const host = new WorkerHost({
    name: "sealed",
    describe: () => ({
      name: "sealed",
      main: entry,
      folder,
      ...tree,
      files: [...tree.files, { source, target: entry }],
      folders: [...tree.folders, import.meta.dirname],
      features: [...features()],
      env: {},
      pythonEnv: { ...options.env },
      runSync: true,
      maxFibers: options.maxFibers,
      ...(options.preemptTasks !== undefined && { preemptTasks: options.preemptTasks }),
      outbound: options.outbound ?? nowhere,
      workerServices: [binding],
      deadlockWarningSeconds: 0,
      threadGraceSeconds: 0,
    }),
    onLog: (level, text) => {
      if (level === "error") why = `: ${text}`;
      (options.stderr ?? ((line: string) => process.stderr.write(line)))(`${text}\n`);
    },
    onOutput: (stream, text) => {
      (options[stream] ?? ((piece: string) => process[stream].write(piece)))(text);
    },
    onCall: async ({ method, bytes }) => {
      const called = functions.get(method) as ((...values: SealedValue[]) => unknown) | undefined;
      if (called === undefined) throw new Error(`the embedder gave no function ${method}`);
      return { bytes: encodeValue(await called(...decodeValues(bytes)), `the result of ${method}`), owner: "" };
    },
  });
  await host.start();
  const sealed = new SealedPyodide(host, () => why);
  await sealed.give([...functions.keys()]);
  return sealed;
}
