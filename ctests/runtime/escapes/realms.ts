// Where an attempt runs: a Worker's realm, and the controls, in which it has to succeed. Each in a thread of its own.
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { PyodideRelease } from "../../../runtime/config/compatibility_table.ts";
import { olderPyodide } from "../../../runtime/config/older_pyodide.ts";
import { distributionFolder } from "../../../runtime/distributions.ts";
import { WorkerHost } from "../../../runtime/pool/worker_host.ts";
import { stackBudget, stackBudgets, threadStackKib } from "../../../runtime/stack_budget.ts";
import type { WorkerOptions } from "../../../runtime/worker/protocol.ts";
import { openLink } from "../../../runtime/worker/thread_link.ts";
import type { Facts } from "./canaries.ts";

const program = path.join(import.meta.dirname, "run_attempt.py");
const limitMs = 120_000;
/** What an attempt leaves to the event loop may still come. */
const graceMs = 100;

export const controls = {
  stock: "the package pyodide, as it is, in a thread of Node's",
  mounted: "the same, whose embedder has mounted the host's files as /host",
  open: "loadPyodide of blockon, which lives in Node's own realm",
  unguarded: "a Worker's realm without the engine's guard, with all that V8 and Node put into one",
} as const;
export type Control = keyof typeof controls;

type Description = Omit<WorkerOptions, "channel" | "stackBudgets" | "stackBytes">;

const features = ["python_run_sync"];

function description(): Description {
  return {
    name: "attempt",
    main: "",
    folder: "/session",
    path: ["/session"],
    files: [{ source: program, target: "/session/run_attempt.py" }],
    folders: [path.dirname(program)],
    features,
    env: {},
    pythonEnv: {},
    runSync: true,
    deadlockWarningSeconds: 0,
    threadGraceSeconds: 0,
  };
}

/** What the attempt told, from what it printed; what became of it, where it told nothing. */
function told(output: string, { mark }: Facts, otherwise: string): string {
  const line = output.split("\n").find((each) => each.startsWith(mark));
  return line === undefined ? `told nothing: ${otherwise}` : (JSON.parse(line.slice(mark.length)) as string);
}

const grace = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, graceMs));

/** The same on another Pyodide than the newest. */
function olderDescription(release: PyodideRelease): Description {
  return {
    ...description(),
    distribution: distributionFolder(release),
    older: olderPyodide(release, { features: new Set(features) }),
    runSync: release.blocking !== "none",
  };
}

export async function runSealed(code: string, facts: Facts): Promise<string> {
  const [found] = await runSealedTogether([{ code, facts }]);
  return found as string;
}

/**
 * Runs attempts, one after another, in one Worker's realm.
 * @param release Its Pyodide; the newest one if not given.
 */
export async function runSealedTogether(runs: readonly Run[], release?: PyodideRelease): Promise<string[]> {
  let output = "";
  let log = "";
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  const worker = new WorkerHost({
    name: "attempt",
    describe: release === undefined ? description : () => olderDescription(release),
    onLog: (_level, text) => {
      log += `${text}\n`;
    },
    onOutput: (_stream, text) => {
      output += text;
    },
    onExit: end,
  });
  const timer = setTimeout(end, limitMs, "it did not end");
  await worker.run("run_attempt", `[${runs.map(json).join(",")}]`);
  await ended;
  clearTimeout(timer);
  await grace();
  await worker.stop();
  return runs.map(({ facts }) => told(output, facts, log));
}

/** @param listen gets the thread, and what ends it */
async function runThread(file: string, data: object, listen: (thread: Worker, end: (text: string) => void) => void) {
  const thread = new Worker(path.join(import.meta.dirname, file), {
    workerData: data,
    resourceLimits: { stackSizeMb: 4 },
    stdout: true,
    stderr: true,
  });
  let why = "";
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const end = (text: unknown): void => {
      clearTimeout(timer);
      why ||= String(text);
      resolve();
    };
    listen(thread, end);
    thread.on("error", (error: unknown) => end(error instanceof Error ? error.message : typeof error));
    thread.on("exit", end);
  });
  await grace();
  await thread.terminate();
  return why;
}

/** One attempt, and what it is told. */
export interface Run {
  readonly code: string;
  readonly facts: Facts;
}

const json = ({ code, facts }: Run): string => JSON.stringify({ ...facts, code });

/** Runs attempts, one after another, in one thread. */
export async function runControl(control: Control, runs: readonly Run[]): Promise<string[]> {
  let output = "";
  const allTold = (): boolean => runs.every(({ facts }) => output.includes(facts.mark));
  const results = (why: string): string[] => runs.map(({ facts }) => told(output, facts, why));
  if (control !== "unguarded") {
    const jsons = runs.map(json);
    const why = await runThread("control_pyodide.mjs", { control, program, jsons }, (thread, end) => {
      thread.on("message", (message) => {
        output += String(message);
        if (allTold()) end("");
      });
    });
    return results(why);
  }
  const [run, ...others] = runs;
  if (run === undefined || others.length > 0) throw new Error("a realm without its guard is for one attempt");
  const kib = threadStackKib(4);
  const { fiberStackBudget } = stackBudgets();
  const stacks = { stackBytes: kib * 1024, stackBudgets: { mainStackBudget: stackBudget(kib), fiberStackBudget } };
  let stop: (text: string) => void = () => {};
  const { link, number } = openLink((message) => {
    if (message.type === "ready") link.post({ type: "run", name: "run_attempt", json: json(run) });
    if (message.type === "write") output += message.text;
    if (message.type === "exit" || message.type === "failed" || message.type === "fatal") stop("");
  });
  const data: WorkerOptions = { ...description(), ...stacks, channel: number };
  const why = await runThread("control_unguarded.mjs", data, (_thread, end) => {
    stop = end;
  });
  link.close();
  return results(why);
}
