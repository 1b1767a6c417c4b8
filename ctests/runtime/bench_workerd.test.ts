// The part of the benchmarks that runs Cloudflare's workerd: its bundle, its configuration, its process. No workerd is installed
// for these; a program that is made up takes its place, and where a benchmark has installed the real one, that is tried too.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { WorkerdPeer } from "../../benchmarks/http/peer_workerd.mjs";
import { askWorkerd, helloJs, helloPython, startToFirstByte, startWorkerd } from "../../benchmarks/lib/workerd.mjs";
import { encodeBundle } from "../../benchmarks/lib/workerd_bundle.mjs";
import { configText, pythonWorker } from "../../benchmarks/lib/workerd_config.mjs";
import { patchGlue, REPLACEMENTS } from "../../benchmarks/lib/workerd_glue.mjs";
import { installedWorkerd } from "../../benchmarks/lib/workerd_packages.mjs";
import { takeSnapshots } from "../../benchmarks/lib/workerd_snapshots.mjs";
import { layout } from "../../runtime/layout.ts";

/** What pycapnp wrote of the message that the test asks for, by modules.capnp. */
const GOLDEN =
  "000000000a0000000000000000000100010000002f00000004000000010004000200010000000000" +
  "0d000000120000000d00000022000000000000000000000000000000000000006d000000000000000061736d00000000";

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "blockon-bench-test-"));
});
after(() => rm(folder, { recursive: true }));

/** What a message of Cap'n Proto holds, read by the rules of the format and nothing that the writer knows. */
class Message {
  bytes: Buffer;
  constructor(bytes: Buffer) {
    assert.equal(bytes.readUInt32LE(0), 0, "one segment");
    assert.equal(bytes.length, 8 + bytes.readUInt32LE(4) * 8);
    this.bytes = bytes.subarray(8);
  }

  pointer(word: number) {
    const low = this.bytes.readInt32LE(word * 8);
    const high = this.bytes.readUInt32LE(word * 8 + 4);
    return {
      kind: low & 3,
      target: word + 1 + (low >> 2),
      low: high & 0xffff,
      high: high >>> 16,
      size: high & 7,
      count: high >>> 3,
    };
  }

  struct(word: number) {
    const { kind, target, low, high } = this.pointer(word);
    assert.equal(kind, 0);
    return { data: target, pointers: target + low, pointerCount: high };
  }

  content(word: number) {
    const { kind, target, size, count } = this.pointer(word);
    assert.deepEqual([kind, size], [1, 2], "a list of bytes");
    return this.bytes.subarray(target * 8, target * 8 + count);
  }
}

function modulesOf(bytes: Buffer) {
  const message = new Message(bytes);
  const list = message.pointer(message.struct(0).pointers);
  assert.deepEqual([list.kind, list.size], [1, 7], "a list of structs");
  const tag = message.pointer(list.target);
  const count = tag.target - list.target - 1;
  const words = tag.low + tag.high;
  assert.equal(list.count, count * words);
  return Array.from({ length: count }, (_, index) => {
    const at = list.target + 1 + index * words;
    return {
      type: message.bytes.readUInt16LE(at * 8),
      which: message.bytes.readUInt16LE(at * 8 + 2),
      name: message.content(at + tag.low).toString(),
      content: message.content(at + tag.low + 1).toString(),
      others: Array.from({ length: tag.high - 2 }, (_, i) => message.bytes.readBigUInt64LE((at + tag.low + 2 + i) * 8)),
    };
  });
}

describe("workerd's bundle", () => {
  const bytes = (text: string) => Buffer.from(text);

  it("has the modules with their kinds, names that end in zero, and contents of any length", () => {
    const others = [0n, 0n];
    const message = encodeBundle([
      { name: "a:b", kind: "src", bytes: bytes("let x") },
      { name: "wasm", kind: "wasm", bytes: bytes("12345678") },
      { name: "empty", kind: "data", bytes: bytes("") },
    ]);
    assert.deepEqual(modulesOf(message), [
      { type: 2, which: 0, name: "a:b\0", content: "let x", others },
      { type: 2, which: 1, name: "wasm\0", content: "12345678", others },
      { type: 2, which: 2, name: "empty\0", content: "", others },
    ]);
  });

  it("is what Cap'n Proto's own encoder makes of workerd's schema", () => {
    const message = encodeBundle([{ name: "m", kind: "wasm", bytes: Uint8Array.of(0, 97, 115, 109) }]);
    assert.equal(message.toString("hex"), GOLDEN);
  });
});

describe("Pyodide's glue for workerd", () => {
  it("has every text replaced as often as it is there", () => {
    const replacements = [
      { text: "old(", by: "new(", times: 2, why: "" },
      { text: "last;", by: "$& $1;", times: 1, why: "" },
    ];
    assert.equal(patchGlue("old(1);old(2);last;", replacements), "new(1);new(2);$& $1;");
  });

  it("is refused when it is another Pyodide's", () => {
    const glue = REPLACEMENTS.map(({ text, times }) => `${text}\n`.repeat(times)).join("");
    assert.match(patchGlue(glue), /export\{_createPyodideModule\};/);
    assert.throws(() => patchGlue(`${glue}Date.now`), /pyodide\.asm\.mjs has "Date\.now" 23 times instead of 22/);
    assert.throws(() => patchGlue(""), /has "new WebAssembly\.Module\(" 0 times instead of 4/);
  });
});

describe("workerd's configuration", () => {
  it("embeds a Python Worker's modules and packages, each as what it is", async () => {
    const packages = path.join(folder, "packages");
    await mkdir(path.join(packages, "lib", "__pycache__"), { recursive: true });
    for (const name of ["lib/__init__.py", "lib/cacert.pem", "lib/__pycache__/x.pyc"]) {
      await writeFile(path.join(packages, name), "");
    }
    const text = configText(pythonWorker(["/w/entry.py", "/w/more.py"], packages, ["one_more"]));
    assert.deepEqual(text.match(/\(name = "[^"]*", \w+ = embed "[^"]*"\)/g), [
      '(name = "entry.py", pythonModule = embed "/w/entry.py")',
      '(name = "more.py", pythonModule = embed "/w/more.py")',
      `(name = "python_modules/lib/__init__.py", pythonModule = embed "${packages}/lib/__init__.py")`,
      `(name = "python_modules/lib/cacert.pem", data = embed "${packages}/lib/cacert.pem")`,
    ]);
    assert.match(text, /"python_workers_development".*"one_more"\]/);
    assert.match(text, /network = \(allow = \["local"\]\)/);
  });
});

/** Does what workerd does on its command line and its control pipe; a request's body says how to answer. */
const MADE_UP = `
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { once } from "node:events";
import http from "node:http";
import { Worker } from "node:worker_threads";
const config = readFileSync(process.argv[3], "utf8");
if (process.argv.includes("--fail")) {
  console.error("first line\\n*** Error: config is wrong\\nlast line");
  process.exit(1);
}
if (process.argv[2] === "test") {
  const folder = process.argv.find((word) => word.startsWith("--python-snapshot-dir=")).split("=")[1];
  const loads = process.argv.find((word) => word.startsWith("--python-load-snapshot="))?.split("=")[1];
  const below = loads === undefined ? "" : readFileSync(folder + "/" + loads, "utf8") + " below ";
  writeFileSync(folder + "/snapshot.bin", below + config.match(/python_dedicated_snapshot|$/)[0]);
  process.exit(0);
}
let times = 0;
let thread;
const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const asked = JSON.parse(body || "{}");
  if (asked.case === "exit") process.exit(7);
  if (asked.case === "silence") return;
  if (asked.case === "status" || (asked.case === "once" && times++ === 0)) {
    response.statusCode = 500;
    console.error("error: Uncaught exception: hung");
  }
  if (asked.case === "thread starts") {
    thread = new Worker("setInterval(() => {}, 1000)", { eval: true });
    await once(thread, "online");
  }
  if (asked.case === "thread ends") await thread.terminate();
  if (asked.case === "error") response.end(JSON.stringify({ error: "not here" }));
  else response.end(asked.n ? JSON.stringify({ us: 2 * asked.n, url: asked.url }) : config);
});
server.listen(0, "127.0.0.1", () => {
  writeSync(3, JSON.stringify({ event: "listen", socket: "http", port: server.address().port }) + "\\n");
});
`;

/** The made-up program as one file, which is what an installed workerd is. */
async function madeUp() {
  const script = path.join(folder, "workerd.mjs");
  const program = path.join(folder, "workerd");
  await writeFile(script, MADE_UP);
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`, { mode: 0o755 });
  return { program, bundles: folder };
}

const isGone = (pid: number) => assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });

describe("a workerd", () => {
  it("is started with its configuration, answers, has used the processor, and is gone when stopped", async () => {
    const running = await startWorkerd(await madeUp(), helloJs());
    assert.match(await askWorkerd(running.url), /esModule = embed ".*\/hello\.js"/);
    assert.ok(running.cpuUs() > 0);
    assert.equal(running.isAlive, true);
    await running.stop();
    assert.equal(running.isAlive, false);
    isGone(running.pid);
    await assert.rejects(askWorkerd(running.url), { code: "ECONNREFUSED" });
  });

  it("is timed from its start to its first byte, and stopped then", async () => {
    let pid = 0;
    const start = async () => {
      const running = await startWorkerd(await madeUp(), helloJs());
      pid = running.pid;
      return running;
    };
    const { ms, cpuUs, answer } = await startToFirstByte(start);
    assert.ok(ms > 0 && cpuUs > 0);
    assert.match(answer, /hello\.js/);
    isGone(pid);
  });

  it("fails with the line that names an error, or without a program with how that ended", async () => {
    const workerd = await madeUp();
    await assert.rejects(
      startWorkerd(workerd, helloJs(), { options: ["--fail"] }),
      /workerd: \*\*\* Error: config is wrong/,
    );
    await assert.rejects(startWorkerd({ ...workerd, program: "/nowhere" }, helloJs()), /workerd: .*\/nowhere/);
  });
});

describe("workerd's snapshots", () => {
  it("are a baseline, and a dedicated one of the Worker that loads it", async () => {
    const place = path.join(folder, "snapshots");
    await mkdir(place);
    const ways = await takeSnapshots(await madeUp(), (flags) => helloPython(folder, flags), place);
    assert.equal(await readFile(path.join(place, "baseline.bin"), "utf8"), "");
    assert.equal(await readFile(path.join(place, "dedicated.bin"), "utf8"), " below python_dedicated_snapshot");
    assert.deepEqual(ways.none.options, []);
    assert.deepEqual(ways.baseline.options, [`--python-snapshot-dir=${place}`, "--python-load-snapshot=baseline.bin"]);
    assert.deepEqual(ways.dedicated.options, [
      `--python-snapshot-dir=${place}`,
      "--python-load-snapshot=dedicated.bin",
    ]);
    assert.ok(ways.dedicated.worker.flags?.includes("python_dedicated_snapshot"));
  });

  it("fail with the line that names an error", async () => {
    const program = path.join(folder, "fails");
    await writeFile(program, "#!/bin/sh\necho 'error: no test' >&2\nexit 1\n", { mode: 0o755 });
    const workerd = { program, bundles: folder };
    await assert.rejects(
      takeSnapshots(workerd, () => helloJs(), folder),
      /^Error: workerd could not take a snapshot: error: no test$/,
    );
  });
});

describe("workerd as a peer of the benchmark http", () => {
  const peer = async () => new WorkerdPeer(await madeUp(), folder, "http://server", []);

  it("answers a sample in one request, with the processor's time of its process", async () => {
    const workerd = await peer();
    const { us, cpuUs } = await workerd.ask("any", 21, 10_000);
    assert.equal(us, 42);
    assert.ok(cpuUs > 0);
    await workerd.stop();
  });

  it("has used no less for a thread that has ended meanwhile", async () => {
    const workerd = await peer();
    await workerd.ask("thread starts", 1, 10_000);
    assert.ok((await workerd.ask("thread ends", 1, 10_000)).cpuUs > 0);
    await workerd.stop();
  });

  it("tries again where a request was cancelled, and tells how often", async () => {
    const workerd = await peer();
    assert.equal((await workerd.ask("once", 1, 10_000)).us, 2);
    await workerd.ask("any", 1, 10_000);
    assert.match(
      workerd.noteOf("once") ?? "",
      /^1 of 2 samples failed: workerd answered 500.*: error: Uncaught exception: hung$/,
    );
    assert.equal(workerd.noteOf("any"), undefined);
    await workerd.stop();
  });

  it("fails with its answer, its status, silence and its end, and is started again", async () => {
    const workerd = await peer();
    await assert.rejects(workerd.ask("error", 1, 10_000), /^Error: not here$/);
    await assert.rejects(workerd.ask("status", 1, 10_000), /workerd answered 500/);
    assert.match(workerd.noteOf("status") ?? "", /^3 of 3 samples failed/);
    await assert.rejects(workerd.ask("silence", 1, 100), /no answer within 0\.1 s/);
    await assert.rejects(workerd.ask("exit", 1, 10_000), /socket hang up/);
    assert.equal((await workerd.ask("any", 1, 10_000)).us, 2);
    await workerd.stop();
  });
});

const installed = installedWorkerd();
describe("the workerd that benchmarks have installed", { skip: installed === undefined && "none has" }, () => {
  it("says hello in JavaScript, and in Python from the bundle that was assembled", async () => {
    assert.ok(installed);
    for (const worker of [helloJs(), helloPython(layout.sdk)]) {
      const { answer } = await startToFirstByte(() => startWorkerd(installed, worker));
      assert.equal(answer, "hello, world\n");
    }
  });

  it("starts from the snapshots that it took", async () => {
    assert.ok(installed);
    const place = path.join(folder, "real_snapshots");
    await mkdir(place);
    const { baseline, dedicated } = await takeSnapshots(installed, (flags) => helloPython(layout.sdk, flags), place);
    for (const { worker, options } of [baseline, dedicated]) {
      const { answer } = await startToFirstByte(() => startWorkerd(installed, worker, { options }));
      assert.equal(answer, "hello, world\n");
    }
  });
});
