// `./dev test`: runners that take one processor each run beside one another, and what they print is not mixed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";

const root = path.join(import.meta.dirname, "../..");

/** The first two wait for one another, and the second ends first; the last one needs both to have ended. */
const PROGRAM = `
import os
from tools import test
from tools.runners import Options, Runner

os.cpu_count = lambda: 2
waits = "until [ -e {} ]; do sleep 0.01; done"
scripts = {
    "one": f"echo one begins; touch one; {waits.format('two_ends')}; echo one ends; touch one_ends",
    "two": f"{waits.format('one')}; echo two begins; echo two ends; touch two_ends; exit 1",
    "all": "[ -e one_ends ] && [ -e two_ends ] && echo all ends",
}
def runner(name):
    command = ["sh", "-c", f"cd {os.environ['FOLDER']} && {scripts[name]}"]
    summary = lambda text: f"{len(text.splitlines())} lines"
    return Runner(name, name, lambda _: command, 60, summary, is_wide=name == "all")
results = test._run_all([runner(name) for name in scripts], Options("release", False, []))
for passed, line in results:
    print(passed, line.partition(" (")[0])
`;

it("./dev test runs what takes one processor beside one another, and shows one after another", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "blockon-dev-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const python = process.env.BLOCKON_PYTHON || "python3";
  const env = { ...process.env, FOLDER: folder };
  const { stdout } = await promisify(execFile)(python, ["-c", PROGRAM], { cwd: root, env });
  const shown = ["one", "two"].flatMap((name) => ["", `--- ${name}`, `${name} begins`, `${name} ends`]);
  const results = ["True ok    one: 2 lines", "False FAIL  two: 2 lines", "True ok    all: 1 lines", ""];
  assert.deepEqual(stdout.split("\n"), [...shown, "", "--- all", "all ends", ...results]);
});
