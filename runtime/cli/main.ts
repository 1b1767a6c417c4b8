// The command blockon. Started by the launcher, which brings the right Node. What a command does is loaded when it is run.
import { readFileSync } from "node:fs";
import path from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { packageRoot } from "../layout.ts";
import { takeV8Flags } from "../process_flags.ts";
import { shareArenas } from "../process_memory.ts";
import { keepCommand, keepsCommand } from "../snapshots/kept_command.ts";
import { cacheFolder } from "../user_cache.ts";
import { exitCode, UserError } from "../user_error.ts";
import type { ServerOptions } from "./deploy.ts";
import type { DevOptions } from "./dev.ts";
import type { FlagsOptions } from "./flags.ts";
import type { InitOptions } from "./init.ts";
import type { KvListOptions, KvOptions, KvPutOptions } from "./kv.ts";
import { watchLauncher } from "./launcher_link.ts";
import type { PackOptions } from "./pack.ts";
import type { PsOptions } from "./ps.ts";
import type { ServeOptions } from "./serve.ts";
import { templates } from "./templates.ts";
import type { TestOptions } from "./test.ts";

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError("Expected a number from 0 to 65535.");
  return port;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("Expected a number from 1 on.");
  return Number(text);
}

function parseCountOrNone(text: string): number {
  return text === "0" ? 0 : parseCount(text);
}

function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("Expected the number of a process.");
  return Number(text);
}

function parseAssignment(text: string, before: { [name: string]: string } = {}): { [name: string]: string } {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("Expected NAME=VALUE.");
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** The module of a command that runs Python. */
async function ready<Module>(loading: Promise<Module>): Promise<Module> {
  const module = await loading;
  takeV8Flags();
  shareArenas();
  return module;
}

const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };

const program = new Command("blockon")
  .description("Python Workers whose synchronous code blocks on asynchronous JavaScript")
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError("(blockon --help lists the commands)")
  .configureOutput({ outputError: (text, write) => write(`blockon: ${text}`) })
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : exitCode.usage);
  });

program
  .command("init")
  .description("make a new Worker from a template")
  .argument("[folder]", "its folder, which is made if it is not there", ".")
  .addOption(new Option("-t, --template <name>", "what it begins with").choices(templates).default("hello"))
  .option("-n, --name <name>", "the Worker's name; that of the folder if not given")
  .action(async (folder: string, options: InitOptions) => {
    const { init } = await import("./init.ts");
    process.stdout.write(init(folder, options));
  });

program
  .command("serve")
  .description("serve Workers over HTTP")
  .argument(
    "[folders...]",
    "the Workers' folders, each with a wrangler.toml, .json or .jsonc, or artifacts of blockon pack; the present one, or with --deployments none, unless given",
  )
  .option("-p, --port <number>", "port to listen on; 0 takes a free one", parsePort, 8787)
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("-e, --env <name>", "the environment [env.NAME] of the Worker's configuration")
  .option("--wheels <place>", "the folder or URL of Pyodide's own wheels (numpy, pandas ...)")
  .option(
    "--state <folder>",
    "where bindings keep what they are given; .blockon/state in the Worker's folder if not given",
  )
  .addOption(
    new Option("--log-format <format>", "lines for people or for programs").choices(["text", "json"]).default("text"),
  )
  .option("--max-body <bytes>", "of a request's body; 413 beyond", parseCount)
  .option("--max-head <bytes>", "of a request's line and headers; 431 beyond", parseCount)
  .option("--head-time <seconds>", "for a request's line and headers to come; 408 beyond", parseCount)
  .option("--max-requests <number>", "requests and WebSockets at the same time; 503 beyond", parseCount)
  .option("--time-limit <seconds>", "for a response to begin; 503 beyond", parseCount)
  .option(
    "--trusted-proxy <network>",
    "10.0.0.0/8 or an address: X-Forwarded-For, -Proto and -Host or Forwarded are believed from there; may be given more than once",
    (text: string, before: string[] = []) => [...before, text],
  )
  .option("--access-log", "a line of the log for each request")
  .option("--metrics-port <number>", "port for Prometheus, at /metrics; 0 takes a free one", parsePort)
  .option("--deployments <folder>", "take Workers by blockon deploy, and keep them in this folder")
  .option(
    "--warm-isolates <number>",
    "made ready before a Worker is asked first; 2 unless given, and 0 for a single Worker",
    parseCountOrNone,
  )
  .option(
    "--max-isolates <number>",
    "of Workers at the same time; those asked least recently give theirs up",
    parseCount,
  )
  .option(
    "--workers-per-isolate <number>",
    "that may share one, if all Workers of the server are one owner's; 1 unless given",
    parseCount,
  )
  .option("--max-memory <MiB>", "of the server, beyond which they do; 3/4 of the machine's unless given", parseCount)
  .option("--idle-time <seconds>", "after which a Worker that is asked nothing gives its isolate up", parseCount)
  .option("--no-thread-permissions", "Workers' threads without Node's permission model, the wall behind the realm")
  .option("--test-scheduled", "requests to /__scheduled?cron=... call handlers for scheduled events")
  .action(async (folders: string[], options: ServeOptions) => {
    await (await import("./serve.ts")).serve(folders, options);
    if (keepsCommand) keepCommand();
  });

program
  .command("dev")
  .description("serve Workers for their author: each anew when a file of it is saved, with its errors")
  .argument("[folders...]", "the Workers' folders, which may call one another; the present one unless given")
  .option("-p, --port <number>", "port to listen on; 0 takes a free one", parsePort, 8787)
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("-e, --env <name>", "the environment [env.NAME] of the Worker's configuration")
  .option(
    "--state <folder>",
    "where bindings keep what they are given; .blockon/state in the Worker's folder if not given",
  )
  .option("--no-thread-permissions", "the Worker's thread without Node's permission model, the wall behind the realm")
  .option("--full-tracebacks", "with the frames of packages and of the runtime")
  .addOption(
    new Option("--log-format <format>", "lines for people or for programs").choices(["text", "json"]).default("text"),
  )
  .action(async (folders: string[], options: DevOptions) => (await ready(import("./dev.ts"))).dev(folders, options));

program
  .command("test")
  .description("run a Worker's tests by pytest, inside of the runtime")
  .argument("[folder]", "the Worker's folder, the present one unless given")
  .argument("[arguments...]", "pytest's, as -k NAME or -x")
  .option("-e, --env <name>", "the environment [env.NAME] of the Worker's configuration")
  .allowUnknownOption()
  .passThroughOptions()
  .action(async (folder: string | undefined, rest: string[], options: TestOptions) => {
    const words = folder === undefined ? [] : [folder, ...rest];
    process.exitCode = await (await ready(import("./test.ts"))).test(words, options);
  });

program
  .command("pack")
  .description("make one artifact of a Worker and its packages, from which blockon serve and blockon deploy start it")
  .argument("[folder]", "the Worker's folder", ".")
  .option(
    "-o, --out <folder>",
    "the artifact, which is a folder; .blockon/artifact in the Worker's folder if not given",
  )
  .option("-e, --env <name>", "the environment [env.NAME] of the Worker's configuration")
  .option("--wheels <place>", "the folder or URL of Pyodide's own wheels (numpy, pandas ...)")
  .option("--no-snapshot", "without a snapshot of the Worker, which runs its top level at each start")
  .addOption(
    new Option("--require-snapshot", "no artifact where there can be no snapshot: the reason is an error").conflicts(
      "snapshot",
    ),
  )
  .option(
    "--seed-file <file>",
    "a file that nobody else knows, from which the snapshot's hash secret is made; the Worker itself if not given",
  )
  .option("--json", "one line of JSON for programs")
  .action(async (folder: string, options: PackOptions) =>
    (await ready(import("./pack.ts"))).packCommand(folder, options),
  );

program
  .command("reload")
  .description("have a server read its Workers' folders again, without a dropped request")
  .argument("[pid]", "the process of the server, where this user runs several", parsePid)
  .action(async (pid: number | undefined) => (await import("./reload.ts")).reload(pid));

const pidOption = (): Option =>
  new Option("--pid <pid>", "the process of the server, where this user runs several").argParser(parsePid);

program
  .command("deploy")
  .description("have a server that takes deployments serve a copy of a Worker's folder, without a dropped request")
  .argument("[folder]", "the Worker's folder, or an artifact of blockon pack", ".")
  .addOption(pidOption())
  .action(async (folder: string, options: ServerOptions) => (await import("./deploy.ts")).deploy(folder, options));

program
  .command("deployments")
  .description("list what was deployed into a server, with the versions that it keeps")
  .addOption(pidOption())
  .option("--json", "one line of JSON for programs")
  .action(async (options: ServerOptions & { json?: true }) => (await import("./deploy.ts")).deployments(options));

program
  .command("rollback")
  .description("have a server serve an earlier version of a Worker again, or any that it keeps")
  .argument("<name>", "the Worker's name")
  .argument("[version]", "its version; the one before the current one if not given", parseCount)
  .addOption(pidOption())
  .action(async (name: string, version: number | undefined, options: ServerOptions) =>
    (await import("./deploy.ts")).rollBack(name, version, options),
  );

program
  .command("delete")
  .description("have a server no longer serve a Worker that was deployed; what its bindings keep stays")
  .argument("<name>", "the Worker's name")
  .addOption(pidOption())
  .action(async (name: string, options: ServerOptions) =>
    (await import("./deploy.ts")).deleteDeployment(name, options),
  );

const kv = program
  .command("kv")
  .description("read and write a Worker's KV, whether a server has it open or not")
  .helpCommand(false);

/** A command of `blockon kv`. */
function kvCommand(name: string, description: string): Command {
  return kv
    .command(name)
    .description(description)
    .argument("<binding>", "the namespace, by the name of its binding")
    .option("-w, --worker <folder>", "the Worker's folder", ".")
    .option("-e, --env <name>", "the environment [env.NAME] of the Worker's configuration")
    .option(
      "--state <folder>",
      "where bindings keep what they are given; of a deployed Worker .state/NAME of the deployments",
    );
}

kvCommand("list", "list keys, with when they end and their metadata")
  .option("--prefix <text>", "only those that begin so", "")
  .option("--limit <number>", "at most so many", parseCount)
  .option("--json", "one line of JSON for programs")
  .action(async (binding: string, options: KvListOptions) => (await import("./kv.ts")).kvList(binding, options));

kvCommand("get", "write a value to the standard output, as it is")
  .argument("<key>")
  .action(async (binding: string, key: string, options: KvOptions) =>
    (await import("./kv.ts")).kvGet(binding, key, options),
  );

kvCommand("put", "keep a value")
  .argument("<key>")
  .argument("[value]", "the value; from the standard input if not given")
  .option("--file <file>", "the value is what is in the file")
  .option("--ttl <seconds>", "it ends so much later, 60 at least", parseCount)
  .option("--expiration <time>", "it ends at this second since 1970", parseCount)
  .option("--metadata <json>", "what list() tells of it")
  .action(async (binding: string, key: string, value: string | undefined, options: KvPutOptions) =>
    (await import("./kv.ts")).kvPut(binding, key, value, options),
  );

kvCommand("delete", "take a value away")
  .argument("<key>")
  .action(async (binding: string, key: string, options: KvOptions) =>
    (await import("./kv.ts")).kvDelete(binding, key, options),
  );

program
  .command("ps")
  .description("list the live fibers of the servers that this user runs")
  .argument("[pid]", "the process of the only server to ask", parsePid)
  .option("--stack", "the whole traceback of each fiber, and not only its innermost line")
  .option("--json", "one line of JSON for programs")
  .action(async (pid: number | undefined, options: PsOptions) => (await import("./ps.ts")).ps(pid, options));

program
  .command("flags")
  .description("print the compatibility flags, and what of them is in force for a Worker")
  .argument("[folder]", "a Worker's folder; the table alone without")
  .option("-e, --env <name>", "the environment [env.NAME] of the Worker's configuration")
  .option("--json", "one line of JSON for programs")
  .action(async (folder: string | undefined, options: FlagsOptions) => {
    const { flags } = await import("./flags.ts");
    process.stdout.write(flags(folder, options));
  });

program
  .command("pytest", { hidden: true })
  .description("run a folder of tests by pytest inside the runtime")
  .argument("<folder>")
  .argument("[arguments...]", "for pytest")
  .option("--env <NAME=VALUE>", "a variable of the interpreter's environment", parseAssignment)
  .option(
    "--flag <flag>",
    "a compatibility flag; may be given again",
    (flag: string, before: string[]) => [...before, flag],
    [],
  )
  .passThroughOptions()
  .action(async (folder: string, rest: string[], options: { env?: { [name: string]: string }; flag: string[] }) => {
    process.exitCode = await (await ready(import("./pytest.ts"))).runPytest(
      folder,
      rest,
      options.env ?? {},
      options.flag,
    );
  });

for (const command of program.commands)
  command.showHelpAfterError(`(blockon ${command.name()} --help lists what it takes)`);
for (const command of kv.commands)
  command.showHelpAfterError(`(blockon kv ${command.name()} --help lists what it takes)`);

// What the launcher has set for this process alone.
if (process.env.NODE_COMPILE_CACHE === cacheFolder("node")) delete process.env.NODE_COMPILE_CACHE;

async function run(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`blockon: ${error.message}\n`);
    if (error.detail !== undefined) process.stderr.write(`${error.detail}\n`);
    process.exitCode = error.exitCode;
  }
}

// No await at the top: the bundle is a script.
void run();
// Killed, or it crashed: nobody would stop this process.
watchLauncher(() => process.kill(process.pid, "SIGTERM"));
