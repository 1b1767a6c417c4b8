// The developer's script, killed: what it started ends with it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const root = path.join(import.meta.dirname, "../..");

/** As `./dev` runs a command: a shell, which prints its id and that of a process of its own. */
const PROGRAM = `
from tools import process
process.run(["sh", "-c", "sleep 600 & echo $$; echo $!; wait"], process.to_stdout)
`;

/** A process that nobody has asked for its end is no more, either. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

describe("./dev", () => {
  it("is killed, and what it runs ends, with what that started", { timeout: 60_000 }, async () => {
    const python = process.env.BLOCKON_PYTHON || "python3";
    const dev = spawn(python, ["-c", PROGRAM], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    const pids: number[] = [];
    for await (const line of createInterface({ input: dev.stdout })) {
      pids.push(Number(line));
      if (pids.length === 2) break;
    }
    assert.ok(pids.length === 2 && pids.every((pid) => runs(pid)));
    dev.kill("SIGKILL");
    await once(dev, "exit");
    while (pids.some(runs)) await sleep(20);
  });
});
