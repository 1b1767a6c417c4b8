// What was deployed outlasts a loss of power: each file and each name is on the disk before anything refers to it. By Node's own trace of its calls.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { workerFolder } from "./lib/worker_folder.ts";

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly ph: string;
}

const program = `
import { DeploymentFolder } from ${JSON.stringify(path.join(packageRoot, "runtime/deployments/folder.ts"))};
const [root, worker] = process.argv.slice(1);
const folder = new DeploymentFolder(root);
folder.makeCurrent("named", await folder.add("named", worker, []));
folder.remove("named");
folder.close();
`;

it("a deployment is on the disk before it is current, and so are the names of its files", () => {
  const temporary = mkdtempSync(path.join(os.tmpdir(), "blockon-on-disk-"));
  const worker = workerFolder("");
  const trace = path.join(temporary, "trace.json");
  execFileSync(process.execPath, [
    "--trace-event-categories=node.fs.sync,node.fs.async",
    `--trace-event-file-pattern=${trace}`,
    "--input-type=module",
    "--eval",
    program,
    path.join(temporary, "kept"),
    worker.path,
  ]);
  const { traceEvents } = JSON.parse(readFileSync(trace, "utf8")) as { traceEvents: TraceEvent[] };
  const begun = traceEvents.filter(({ cat, ph }) => cat.includes("node.fs") && (ph === "b" || ph === "B"));
  const calls = begun.map(({ name }) => name).filter((name) => /copyfile|fsync|rename|fs\.sync\.unlink/.test(name));
  assert.deepEqual(calls, [
    ...Array(2).fill("copyfile"),
    // Two files, their two folders, the name's and that of all.
    ...Array(6).fill("fsync"),
    // The list of versions, then its name.
    ...["fs.sync.fsync", "fs.sync.rename", "fs.sync.fsync"],
    // The list is gone.
    ...["fs.sync.unlink", "fs.sync.fsync"],
  ]);
  worker.remove();
  rmSync(temporary, { recursive: true });
});
