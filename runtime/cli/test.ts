// blockon test: a Worker's tests by pytest inside of the runtime, where its handlers, packages and bindings are those of the server.
//
// The tests see the interpreter's file system alone. Reports that the command line names are handed over behind them and written here.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { howToBlock, pythonName, runSyncFlag } from "../config/older_pyodide.ts";
import { readWorkerConfig, type WorkerConfig } from "../config/wrangler.ts";
import { packageRoot } from "../layout.ts";
import { makeFolder } from "../make_folder.ts";
import { withTool, workerMount } from "../packages/guest_files.ts";
import { packageFolder } from "../packages/python_packages.ts";
import type { WorkerHostOptions } from "../pool/host_options.ts";
import { WorkerHost } from "../pool/worker_host.ts";
import { Sandboxes } from "../sandbox/sandboxes.ts";
import { messageOf, UserError } from "../user_error.ts";
import { answerCalls } from "./answer_calls.ts";
import { sandboxLimits, workerOptions } from "./create_worker.ts";
import { startUpstream } from "./set_up_workers.ts";
import { Stores } from "./stores.ts";
import { type PytestArguments, pytestArguments, testFolder } from "./test_arguments.ts";

export interface TestOptions {
  readonly env?: string;
}

/** Of pytest, as it ends by itself. */
const interrupted = 2;
const noTests = 5;

const toolFolder = path.join(packageRoot, "runtime", "testing");

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function checkSettings(config: WorkerConfig): void {
  for (const warning of config.warnings) say(`blockon: ${warning}`);
  const { runs } = config.python;
  if (runs.blocking !== "all") {
    throw new UserError(
      `${config.file}: blockon test needs a newer Python than ${pythonName(runs)}, on which this Worker runs: ${howToBlock()}. An ` +
        "environment of its own can have them for the tests: --env NAME.",
    );
  }
  if (!config.compatibility.features.has(runSyncFlag)) {
    throw new UserError(
      `${config.file}: blockon test calls handlers from tests that wait for them, and this Worker has run_sync turned off ` +
        "(no_python_run_sync, or a date before 2025-01-01). Turn it on for the tests in an environment: --env NAME.",
    );
  }
}

/** Throws UserError. */
function writeReport(file: string, bytes: Uint8Array): void {
  try {
    makeFolder(path.dirname(file));
    writeFileSync(file, bytes);
  } catch (error) {
    throw new UserError(`${file}: this report cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** What pytest is to know of the terminal. */
function terminal(): { readonly [name: string]: string } {
  const { columns, isTTY } = process.stdout;
  const { NO_COLOR, COLUMNS, CI } = process.env;
  return {
    ...(isTTY && !NO_COLOR && { FORCE_COLOR: "1" }),
    ...(NO_COLOR && { NO_COLOR }),
    ...(CI && { CI }),
    COLUMNS: COLUMNS ?? String(columns ?? 80),
  };
}

interface Beside {
  readonly stores: Stores;
  readonly state: string;
  readonly vars: WorkerConfig["vars"];
}

async function runTests(
  config: WorkerConfig,
  given: PytestArguments,
  { stores, state, vars }: Beside,
): Promise<number> {
  const packages = await packageFolder(config.folder, () => say("installing the Worker's Python packages"), {
    packageSet: config.compatibility.packageSet,
    wheels: config.wheels,
    sources: config.packageSources,
    onNotice: say,
  });
  const tools = await packageFolder(toolFolder, () => say("installing pytest"));
  if (tools === undefined) throw new Error(`${toolFolder} names no packages`);
  const { kv, queues } = await stores.openFor(config, state);
  await using cleanup = new AsyncDisposableStack();
  const logs: Pick<WorkerHostOptions, "onLog" | "onOutput"> = {
    onLog: (_level, text) => say(text),
    onOutput: (stream, text) => {
      process[stream].write(text);
    },
  };
  const sandboxes =
    config.sandbox && new Sandboxes(config, config.sandbox, { packages, permissions: undefined, ...logs });
  cleanup.defer(() => sandboxes?.stop());
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const worker = new WorkerHost({
    name: config.name,
    describe: () => {
      const {
        files,
        images,
        path: sysPath,
        folders,
        ...options
      } = workerOptions(config, { packages, vars, kv, queues });
      return {
        ...options,
        ...withTool({ files, images: images ?? [], path: sysPath, folders }, tools),
        main: "",
        sandbox: sandboxLimits(config),
        pythonEnv: terminal(),
        reports: [...given.reports.keys()],
      };
    },
    limits: { ...config.limits, cpuMs: 0 },
    ...logs,
    onCall: answerCalls(sandboxes, async ({ binding }) => {
      throw new Error(`there is no Worker behind ${binding} in tests: set env.${binding} to one of the test's own`);
    }),
    onReport: (name, bytes) => {
      try {
        writeReport(given.reports.get(name) as string, bytes);
      } catch (error) {
        reject(error);
      }
    },
    onExit: resolve,
  });
  const interrupt = (): void => resolve(interrupted);
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const main = `${workerMount}/${config.main}`;
    const program = {
      main,
      kv: Object.keys(config.kv),
      arguments: given.arguments,
      reports: [...given.reports.keys()],
    };
    await worker.run("blockon._worker_tests", JSON.stringify(program));
    const code = await promise;
    const { state: ended, detail } = await worker.report(false);
    if (ended === "ended") throw new UserError(`the tests took the interpreter with them: ${detail}`);
    return code;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    await worker.stop();
  }
}

/** Resolves with pytest's exit code. Throws UserError before it starts. */
export async function test(words: readonly string[], options: TestOptions): Promise<number> {
  const { folder, rest } = testFolder(words, (name) => existsSync(name) && statSync(name).isDirectory());
  const config = readWorkerConfig(folder, { env: options.env });
  checkSettings(config);
  const given = pytestArguments(rest, config.folder);
  await using cleanup = new AsyncDisposableStack();
  const state = mkdtempSync(path.join(os.tmpdir(), "blockon-test-"));
  cleanup.defer(() => rmSync(state, { recursive: true, force: true }));
  const stores = new Stores({ warn: say, error: say });
  cleanup.defer(() => stores.close());
  const upstream = await startUpstream(config);
  cleanup.defer(() => upstream?.close());
  const vars = upstream === undefined ? {} : { DEV_UPSTREAM: upstream.url };
  const code = await runTests(config, given, { stores, state, vars });
  if (code === noTests) {
    say(
      `blockon: no test ran in ${config.folder}. Write one into tests/test_entry.py, such as ` +
        '`def test_answer(client): assert client.get("/").status_code == 200`, or see what -k, -m and paths leave.',
    );
  }
  return code;
}
