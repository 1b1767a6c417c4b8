// Sandbox of the Python API with isolation = "process": as in a thread (sandbox.test.ts), and what only a process of its own outlasts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { childrenOf, serverPid } from "./lib/server_processes.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
from blockon import Sandbox, SandboxError

async def fetch(request, env):
    asked = request.json()
    try:
        result = await Sandbox().run(asked["code"], **asked["options"])
    except SandboxError as error:
        return {"type": error.type, "message": str(error), "stdout": error.stdout}
    except ValueError as error:
        return {"type": "ValueError", "message": str(error)}
    return {"value": result.value, "stdout": result.stdout}
`;

interface Outcome {
  readonly value?: unknown;
  readonly stdout?: string;
  readonly type?: string;
  readonly message?: string;
}

/** Empty for one that has ended. */
function factOf(pid: number, name: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch (error) {
    assert.match(String(error), /ENOENT|ESRCH/);
    return "";
  }
}

describe("a sandbox in a process of its own", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(
      entry,
      ["blockon_api_2026_11_01"],
      '[blockon.sandbox]\nisolation = "process"\nmax_seconds = 20\nmax_memory = 128\nmax_instances = 2\n',
    );
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    const children = sandboxes();
    assert.equal(await server.stop(), 0);
    for (const pid of children) assert.throws(() => process.kill(pid, 0), /ESRCH/);
    folder.remove();
  });

  /** Those of the server that runs below its supervisor, which have not ended. */
  const sandboxes = (): number[] =>
    childrenOf(serverPid(server)).filter((pid) => factOf(pid, "cmdline").includes("process_main"));
  const run = async (code: string, options: object = {}): Promise<Outcome> => {
    const response = await server.get("/", { method: "POST", body: JSON.stringify({ code, options }) });
    assert.equal(response.status, 200);
    return (await response.json()) as Outcome;
  };

  it("gives what the code gave, wrote and raised", async () => {
    const code = "import asyncio\nawait asyncio.sleep(0.001)\nprint('out')\n[1, 'ü', open('a').read()]";
    assert.deepEqual(await run(code, { files: { a: "text" } }), { value: [1, "ü", "text"], stdout: "out\n" });
    const failed = await run("print('before')\n1 / 0");
    assert.deepEqual(failed, { type: "ZeroDivisionError", message: "division by zero", stdout: "before\n" });
  });

  it("has a process for each run, and none of it for the next", async () => {
    const code =
      "import builtins, random\nseen = hasattr(builtins, 'left')\nbuiltins.left = 1\n[seen, random.random()]";
    const all = (await Promise.all([run(code), run(code), run(code)])).map(({ value }) => value as [boolean, number]);
    assert.deepEqual(
      all.map(([seen]) => seen),
      [false, false, false],
    );
    assert.equal(new Set(all.map(([, random]) => random)).size, 3);
  });

  it("is lost alone when its process is killed", async () => {
    const running = run("import time\ntime.sleep(15)");
    let pids: number[] = [];
    // That of the run, and the one that waits for the next.
    while (pids.length < 2) {
      pids = sandboxes();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const pid of pids) process.kill(pid, "SIGSEGV");
    const { type, message } = await running;
    assert.equal(type, "Ended");
    assert.match(message ?? "", /^its process ended by SIGSEGV/);
    assert.deepEqual((await run("1 + 1")).value, 2);
  });

  it("ends at its time", async () => {
    const before = sandboxes();
    assert.deepEqual(await run("while True: pass", { timeout: 1 }), {
      type: "SandboxTimeoutError",
      message: "the code was ended after 1 s",
      stdout: "",
    });
    assert.deepEqual((await run("2 + 2")).value, 4);
    assert.ok(before.some((pid) => !sandboxes().includes(pid)));
  });

  it("has an environment of its own, and its limits", async () => {
    assert.equal((await run("kept = [bytes(4 << 20) for _ in range(100)]")).type, "MemoryError");
    let environ = "";
    while (environ === "") {
      environ = sandboxes()
        .map((pid) => factOf(pid, "environ"))
        .join("");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.doesNotMatch(environ, /(^|\0)PATH=/);
    const ended = await run("import os; os._exit(3)");
    assert.deepEqual([ended.type, ended.message], ["Ended", "Exit: Program terminated with exit(3)"]);
  });

  it("reaches the network where it is given that", async () => {
    const target = http.createServer((_, response) => response.end("reached"));
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const { port } = target.address() as AddressInfo;
    const code = `import urllib.request; urllib.request.urlopen("http://127.0.0.1:${port}/").read().decode()`;
    try {
      assert.equal((await run(code, { fetch: true })).value, "reached");
      assert.match((await run(code)).message ?? "", /not permitted|refus|denied|outbound/i);
    } finally {
      target.close();
      target.closeAllConnections();
    }
  });

  it("is in a thread where the run asks for that, and in nothing else", async () => {
    const running = run("import time\ntime.sleep(1)\n'outlasted'", { isolation: "thread" });
    for (const pid of sandboxes()) process.kill(pid, "SIGKILL");
    assert.equal((await running).value, "outlasted");
    assert.match((await run("1", { isolation: "planet" })).message ?? "", /isolation='planet': 'thread' or 'process'/);
  });
});
