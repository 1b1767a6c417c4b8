// blockon ps, as a user calls it beside servers that run: what it lists, and what it says of those that do not answer.
import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { ServerReport, WorkerReport } from "../../runtime/control/report.ts";
import { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { ControlFolder } from "./lib/control_folder.ts";
import type { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import json, os, socket, sys, time
import js
from js import Response
from pyodide.ffi import run_sync
from blockon import _entry

gate = js.Promise.withResolvers()
scope = {"run_sync": run_sync}
exec(compile("def hostile(promise): run_sync(promise)", "\\x1b]0;owned\\x07\\u202e\\x9b2J.py", "exec"), scope)

def wait_for_the_gate(depth=0):
    if depth:
        return wait_for_the_gate(depth - 1)
    return run_sync(gate.promise)

def outcome_of(call):
    try:
        return str(call())
    except Exception as error:
        return type(error).__name__

def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    return client.recv(1)

def thrower(reason):
    controller = js.AbortController.new()
    controller.abort(reason)
    return controller.signal.throwIfAborted.bind(controller.signal)

def on_fetch(request):
    url = js.URL.new(request.url)
    if url.pathname == "/wait":
        print("waiting")
        wait_for_the_gate(9)
    if url.pathname == "/hostile":
        print("waiting")
        scope["hostile"](gate.promise)
    if url.pathname == "/release":
        gate.resolve()
    if url.pathname == "/compute":
        print("computing")
        while True:
            pass
    if url.pathname == "/exit":
        os._exit(3)
    if url.pathname == "/reach":
        path = url.searchParams.get("path")
        return Response.new(json.dumps([
            os.path.exists(path),
            outcome_of(lambda: connect(path)),
            outcome_of(lambda: run_sync(js.fetch("unix:" + path))),
            outcome_of(lambda: run_sync(js.fetch("http+unix://" + path.replace("/", "%2F") + "/"))),
            outcome_of(lambda: run_sync(js.fetch("file://" + path))),
        ]))
    if url.pathname == "/forge":
        forged = url.searchParams.get("text")
        _entry.report_fibers = lambda stacks: forged if forged != "huge" else "x" * 20_000_000
    if url.pathname == "/fail":
        def fail(stacks):
            raise ValueError("\\x1b[31mno\\n report")
        _entry.report_fibers = fail
    if url.pathname == "/fail-at-length":
        _entry.report_fibers = thrower("so it is" + "\\n" * 140_000_000 + "x")
    return Response.new("done")
`;

/** The only Worker of the only server. */
function workerOf(servers: readonly ServerReport[]): WorkerReport {
  assert.equal(servers.length, 1);
  const worker = servers[0]?.workers[0];
  assert.ok(worker !== undefined);
  return worker;
}

describe("blockon ps beside one server", () => {
  const control = new ControlFolder();
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry);
    server = await control.serve(folder.path);
    await server.logged(/ready after/);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    assert.deepEqual(control.sockets(), []);
    folder.remove();
    control.remove();
  });

  it("says that no fiber is alive", async () => {
    const { code, stdout, stderr } = await control.ps();
    assert.deepEqual([code, stderr], [0, ""]);
    const [first, second, ...rest] = stdout.split("\n");
    assert.match(
      first ?? "",
      new RegExp(`^process ${server.child.pid} \\(its server \\d+\\): test on ${server.url}, `),
    );
    assert.ok(first?.includes(folder.path));
    assert.match(second ?? "", /^ {2}Worker test: running, no fibers, CPU [\d.]+ s, \d+ of 512 MiB$/);
    assert.deepEqual(rest, [""]);
  });

  it("lists a fiber with the line where it waits, and its traceback when it is asked for", async () => {
    const waiting = [server.get("/wait"), server.get("/hostile")];
    await server.logged(/^waiting /, 1);

    const table = (await control.ps()).stdout;
    assert.match(table, /^ {2}Worker test: running, 2 requests, 2 fibers, CPU [\d.]+ s, \d+ of 512 MiB$/m);
    assert.match(table, /^ {4}FIBER {2}KIND {2}STATE {6}AGE {4}WAITS FOR {2}AT$/m);
    assert.match(
      table,
      /^ {4}\d+ +task {2}suspended {2}\d+\.\d s +a promise {2}\S+entry\.py:15 wait_for_the_gate: return run_sync\(gate\.promise\)$/m,
    );
    assert.match(table, / {2}\\u001b\]0;owned\\u0007\\u202e\\u009b2J\.py:1 hostile$/m);
    assert.doesNotMatch(table, /Traceback|File "|[^\n\P{Cc}]|\p{Cf}/u);

    const stacks = (await control.ps("--stack")).stdout;
    assert.match(stacks, /File "\S+\/_entry\.py", line \d+, in fetch\n/);
    assert.match(stacks, /File "\S+entry\.py", line \d+, in on_fetch\n +wait_for_the_gate\(9\)\n/);
    assert.match(stacks, /\n +\[the same call 6 more times\]\n/);
    assert.doesNotMatch(stacks, /[^\n\P{Cc}]|\p{Cf}/u);

    const { stdout } = await control.ps("--json");
    assert.doesNotMatch(stdout, /[^\n\P{Cc}]|\p{Cf}|\n./u);
    const worker = workerOf(await control.reports("--stack"));
    assert.deepEqual([worker.state, worker.detail, worker.requests, worker.live], ["running", null, 2, 2]);
    assert.deepEqual(
      worker.fibers.map(({ frames }) => frames.at(-1)?.function),
      ["wait_for_the_gate", "hostile"],
    );
    assert.equal(worker.fibers[1]?.frames.at(-1)?.file, "\x1b]0;owned\x07\u202e\x9b2J.py");
    assert.equal(worker.fibers[0]?.waitsFor, "a promise");
    assert.ok(worker.fibers.every(({ frames }) => frames.length > 1));
    const plain = workerOf(await control.reports());
    assert.ok(plain.fibers.every(({ frames }) => frames.length === 1));

    await server.get("/release");
    for (const response of await Promise.all(waiting)) assert.equal(await response.text(), "done");
    assert.equal(workerOf(await control.reports()).live, 0);
  });

  it("takes the pid of the server and of its supervisor, and no other", async () => {
    const [report] = await control.reports();
    assert.equal(report?.supervisor, server.child.pid);
    assert.equal(report?.url, server.url);
    for (const pid of [report?.pid, report?.supervisor]) {
      assert.deepEqual(
        (await control.reports(String(pid))).map((each) => each.pid),
        [report?.pid],
      );
    }
    const other = await control.ps(String(process.pid));
    assert.deepEqual([other.code, other.stdout], [1, ""]);
    assert.match(other.stderr, /^blockon: no server runs as process \d+: that process is another program\. Without/);
    const none = await control.ps("4194305");
    assert.equal(none.code, 1);
    assert.match(none.stderr, /no server runs as process 4194305: there is no such process/);
    for (const wrong of ["0", "all", "-1"]) assert.equal((await control.ps(wrong)).code, 2);
  });

  it("keeps what it talks by in a private folder, where the Worker cannot reach it", async () => {
    assert.equal(lstatSync(control.path).mode & 0o777, 0o700);
    const [socket] = control.sockets();
    assert.match(socket ?? "", new RegExp(`^\\d+-${server.child.pid}\\.sock$`));
    const target = `/reach?path=${encodeURIComponent(`${control.path}/${socket}`)}`;
    const outcomes = (await (await server.get(target)).json()) as unknown[];
    assert.equal(outcomes[0], false);
    for (const outcome of outcomes.slice(1)) assert.match(String(outcome), /Error$|Exception$/);
  });

  const forged: [title: string, target: string, detail: RegExp][] = [
    ["no JSON", "/forge?text=}", /SyntaxError/],
    ["another shape", `/forge?text=${encodeURIComponent('{"live": 1, "fibers": [{}]}')}`, /a fiber's id is no number/],
    [
      "no number",
      `/forge?text=${encodeURIComponent('{"live": 1e999, "fibers": []}')}`,
      /number of fibers is no number/,
    ],
    ["no list", "/forge?text=null", /the list of fibers is no object/],
    ["too much", "/forge?text=huge", /at most 16777216 characters/],
    ["an exception", "/fail", /^ValueError: \P{L}\[31mno$/u],
    ["more lines of an error than an array holds", "/fail-at-length", /^x$/],
  ];
  for (const [title, target, detail] of forged) {
    it(`bears ${title} of a Worker that answers in its Python's place`, async () => {
      await server.get(target);
      const worker = workerOf(await control.reports());
      assert.deepEqual([worker.state, worker.live, worker.fibers], ["running", null, []]);
      assert.match(worker.detail ?? "", detail);
      assert.equal(await (await server.get("/")).text(), "done");
    });
  }

  it("says that a Worker ended, and lists the next one", async () => {
    assert.equal((await server.get("/exit")).status, 500);
    const worker = workerOf(await control.reports());
    assert.deepEqual([worker.state, worker.live], ["ended", null]);
    assert.match(worker.detail ?? "", /its thread ended with code|the interpreter ended/);
    assert.equal(await (await server.get("/")).text(), "done");
    assert.equal(workerOf(await control.reports()).state, "running");
  });

  it("says that a Worker computes, and answers nobody", async () => {
    const abort = new AbortController();
    const computing = server.get("/compute", { signal: abort.signal }).catch((error: Error) => error.name);
    await server.logged(/^computing /);
    const outcomes = await Promise.all([control.ps(), control.ps("--stack"), control.ps()]);
    for (const { code, stdout } of outcomes) {
      assert.equal(code, 0);
      assert.match(stdout, /^ {2}Worker test: busy: no answer within 1 s, 1 request, CPU [\d.]+ s, \d+ of 512 MiB$/m);
    }
    abort.abort();
    assert.equal(await computing, "AbortError");
  });
});

describe("blockon ps", () => {
  const control = new ControlFolder();
  after(() => control.remove());

  it("says that no server runs", async () => {
    for (const args of [[], ["--stack"]]) {
      const { code, stdout, stderr } = await control.ps(...args);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.equal(stderr, "blockon: this user runs no server. Start one: blockon serve FOLDER\n");
    }
    const { code, stdout } = await control.ps("--json");
    assert.deepEqual([code, stdout], [1, '{"servers":[]}\n']);
  });

  it("lists several servers, one of which did not load its Worker", async () => {
    const [good, bad] = [workerFolder(entry), workerFolder("import no_such_module\n")];
    const servers = [await control.serve(good.path), await control.serve(bad.path)] as const;
    await servers[0].logged(/ready after/);
    await servers[1].logged(/could not be loaded/);
    const { stdout } = await control.ps();
    assert.equal(stdout.match(/^process /gm)?.length, 2);
    assert.match(stdout, /^ {2}Worker test: running, no fibers, CPU [\d.]+ s, \d+ of 512 MiB$/m);
    assert.match(stdout, /^ {2}Worker test: ended: ModuleNotFoundError: No module named 'no_such_module'$/m);
    const [only] = await control.reports(String(servers[1].child.pid));
    assert.equal(only?.folder, bad.path);
    for (const server of servers) assert.equal(await server.stop(), 0);
    for (const folder of [good, bad]) folder.remove();
  });

  it("knows what a server that was killed left behind, and removes it", async () => {
    const folder = workerFolder(entry);
    const server = await control.serve(folder.path);
    const [report] = await control.reports();
    process.kill(report?.pid as number, "SIGKILL");
    assert.equal(await server.exited(), 128 + 9);
    assert.equal(control.sockets().length, 1);
    const { code, stderr } = await control.ps();
    assert.equal(code, 1);
    assert.match(stderr, /this user runs no server/);
    assert.deepEqual(control.sockets(), []);
    folder.remove();
  });

  it("lists a server that was started again after a crash", async () => {
    const folder = workerFolder(entry);
    const server = await control.serve(folder.path);
    const [first] = await control.reports();
    process.kill(first?.pid as number, "SIGSEGV");
    await server.logged(/ is on (http:\S+?),? /, 1);
    const [second, ...others] = await control.reports(String(server.child.pid));
    assert.deepEqual(others, []);
    assert.notEqual(second?.pid, first?.pid);
    assert.equal(second?.supervisor, server.child.pid);
    assert.equal(control.sockets().length, 1);
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  it("does not wait for ever for a server that is stopped", async () => {
    const folder = workerFolder(entry);
    const server = await control.serve(folder.path);
    const [report] = await control.reports();
    const pid = report?.pid as number;
    process.kill(pid, "SIGSTOP");
    const { code, stdout } = await control.ps();
    assert.equal(code, 0);
    assert.equal(stdout, `process ${server.child.pid}: nothing is known of it: no answer within 5 s\n`);
    assert.match((await control.ps("--json")).stdout, /"problem":"no answer within 5 s"/);
    process.kill(pid, "SIGCONT");
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  it("is told of a Worker that was not started", async () => {
    const worker = new WorkerHost({
      name: "idle",
      describe: () => assert.fail("started"),
      onLog: () => {},
      onOutput: () => {},
    });
    const usage = { cpu: 0, resident: null, memoryMb: 512, cpuMs: 0 };
    const report = { name: "idle", state: "not started", detail: null, requests: 0, usage, live: null, fibers: [] };
    assert.deepEqual(await worker.report(false), report);
  });

  it("is in the help", async () => {
    const { code, stdout } = await control.ps("--help");
    assert.equal(code, 0);
    for (const option of ["[pid]", "--stack", "--json"]) assert.ok(stdout.includes(option), option);
  });
});
