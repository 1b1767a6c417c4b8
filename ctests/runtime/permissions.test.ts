// Node's permission model in Workers' threads: what is allowed there is what they need.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { packageRoot } from "../../runtime/layout.ts";
import { threadPermissions } from "../../runtime/pool/permissions.ts";
import type { WorkerOptions } from "../../runtime/worker/protocol.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

/** What code of the host finds in such a thread: the name of each thing that it can do. */
const probe = `
const { parentPort, workerData, Worker } = require("node:worker_threads");
const fs = require("node:fs");
const things = {
  "read the runtime": () => fs.readFileSync(workerData.runtime),
  "read a file of the Worker's": () => fs.readFileSync(workerData.own),
  "read a file that is none of the Worker's": () => fs.readFileSync(workerData.other),
  "list a folder that is none of the Worker's": () => fs.readdirSync(workerData.outside),
  "write to a file of the Worker's": () => fs.writeFileSync(workerData.own, ""),
  "write elsewhere": () => fs.writeFileSync(workerData.other, ""),
  "start a process": () => require("node:child_process").execSync("true"),
  "start a thread": () => new Worker("", { eval: true }),
  "open an inspector": () => require("node:inspector").open(0),
};
parentPort.postMessage(Object.keys(things).filter((name) => { try { things[name](); return true; } catch { return false; } }));
`;

describe("a Worker's thread", () => {
  let root: string;
  let options: WorkerOptions;
  let data: object;
  before(() => {
    root = mkdtempSync(path.join(os.tmpdir(), "blockon-permissions-"));
    const [folder, outside] = ["worker", "worker-other"].map((name) => path.join(root, name)) as [string, string];
    for (const each of [folder, outside]) mkdirSync(each);
    const [own, other] = [path.join(folder, "entry.py"), path.join(outside, "secret.txt")];
    for (const each of [own, other]) writeFileSync(each, "text");
    options = { files: [], folders: [folder] } as unknown as WorkerOptions;
    data = { own, other, outside, runtime: path.join(packageRoot, "package.json") };
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const can = (execArgv: string[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const thread = new Worker(probe, { eval: true, workerData: data, execArgv, stderr: true });
      thread.once("message", (message: string[]) => {
        void thread.terminate();
        resolve(message);
      });
      thread.once("error", reject);
    });

  it("reads the runtime and its Worker's folders, and does nothing else", async () => {
    assert.deepEqual(await can(threadPermissions(options)), ["read the runtime", "read a file of the Worker's"]);
  });

  it("could do all of it without", async () => {
    assert.equal((await can([])).length, 9);
  });
});

it("a Worker's thread does not read the server's working folder, which Node would let it", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "blockon-working-"));
  writeFileSync(path.join(folder, "file.txt"), "text");
  const module = path.join(packageRoot, "runtime", "worker", "working_folder.ts");
  writeFileSync(
    path.join(folder, "thread.mjs"),
    `import { giveUpWorkingFolder } from ${JSON.stringify(module)};
const has = () => process.permission.has("fs.read", ${JSON.stringify(path.join(folder, "file.txt"))});
const before = has();
giveUpWorkingFolder();
console.log(before, has());
`,
  );
  const start = (granted: readonly string[]): string => {
    const execArgv = threadPermissions({ folders: granted });
    const program = `new (require("node:worker_threads").Worker)("./thread.mjs", { execArgv: ${JSON.stringify(execArgv)} });`;
    return execFileSync(process.execPath, ["-e", program], { cwd: folder, encoding: "utf8" });
  };
  assert.equal(start([]), "true false\n");
  assert.equal(start([folder]), "true true\n");
  rmSync(folder, { recursive: true });
});

it("blockon serve runs without the permission model where it is told to, and says so", async () => {
  const folder = workerFolder(`from js import Response\ndef on_fetch(request):\n    return Response.new("here")\n`);
  const server = await ServeProcess.start(folder.path, undefined, undefined, "--no-thread-permissions");
  assert.equal(await (await server.get()).text(), "here");
  await server.logged(/without Node's permission model \(--no-thread-permissions\)/);
  assert.equal(await server.stop(), 0);
  folder.remove();
});
