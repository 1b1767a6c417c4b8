// Each way in which a Worker goes beyond what it may use, beside another one that goes on with what it was asked.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, contextlib, itertools, os
import js
from js import Response
from pyodide.ffi import JsException, run_sync, to_js

kept = []

def wait(seconds):
    run_sync(js.scheduler.wait(seconds * 1000))

def compute():
    while True:
        pass

def finish():
    try:
        compute()
    finally:
        print("cleaned up")

def refuse():
    while True:
        try:
            compute()
        except BaseException as error:
            print("caught", type(error).__name__)

def in_c():
    all(itertools.repeat(True))

def in_javascript():
    js.RegExp.new("(a+)+$").test("a" * 60 + "b")

def promise_jobs():
    async def again():
        while True:
            await js.Promise.resolve(1)
    run_sync(again())

def heap():
    while True:
        kept.append(js.Array.new(1_000_000).fill("text"))

def large_string():
    text = js.String.new("x" * 1_000_000)
    kept.append(js.JSON.stringify([text.repeat(200)]))

def buffers():
    while True:
        kept.append(js.Uint8Array.new(10_000_000).fill(1))

def memories():
    # What is refused ends nobody: then it is the others that are too much.
    with contextlib.suppress(JsException):
        while True:
            js.Uint8Array.new(new_memory(100).buffer).fill(1)
            if len(kept) == 10:
                grow(kept[0], 400)
    buffers()

def new_memory(pages):
    memory = js.WebAssembly.Memory.new(js.JSON.parse('{"initial": %d}' % pages))
    kept.append(memory)
    return memory

def grow(memory, pages):
    while True:
        memory.grow(pages)

def buffers_of_memories():
    with contextlib.suppress(JsException):
        fill_memories()
    buffers()

def fill_memories():
    while True:
        kept.append(js.Uint8Array.new(js.WebAssembly.Memory.new(js.JSON.parse('{"initial": 100}')).buffer).fill(1))

def tables():
    while True:
        kept.append(js.WebAssembly.Table.new(js.JSON.parse('{"initial": 1000000, "element": "anyfunc"}')))

def resizable():
    while True:
        buffer = js.ArrayBuffer.new(1, js.JSON.parse('{"maxByteLength": 10000000}'))
        buffer.resize(10_000_000)
        kept.append(js.Uint8Array.new(buffer).fill(1))

def refusals():
    own = to_js(bytes([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1]))
    imported = to_js(bytes([0, 97, 115, 109, 1, 0, 0, 0, 2, 8, 1, 1, 101, 1, 109, 2, 0, 1]))
    memory = js.JSON.parse('{"initial": 1}')
    imports = js.Object.fromEntries(to_js([["e", js.Object.fromEntries(to_js([["m", js.WebAssembly.Memory.new(memory)]]))]]))
    descriptor = lambda text: js.JSON.parse(text)
    tries = {
        "imported": lambda: js.WebAssembly.Instance.new(js.WebAssembly.Module.new(imported), imports),
        "imported later": lambda: run_sync(js.WebAssembly.instantiate(imported, imports)),
        "own": lambda: js.WebAssembly.Instance.new(js.WebAssembly.Module.new(own)),
        "own later": lambda: run_sync(js.WebAssembly.instantiate(own)),
        "own of a module": lambda: run_sync(js.WebAssembly.instantiate(js.WebAssembly.Module.new(own))),
        "shared": lambda: js.WebAssembly.Memory.new(descriptor('{"initial": 1, "maximum": 1, "shared": true}')),
        "long": lambda: js.WebAssembly.Memory.new(descriptor('{"initial": 1, "address": "i64"}')),
        "large": lambda: js.WebAssembly.Memory.new(descriptor('{"initial": 65536}')),
        "grown": lambda: js.WebAssembly.Memory.new(memory).grow(60000),
        "constructor": lambda: js.WebAssembly.Memory.new(memory).constructor.new(descriptor('{"initial": 65536}')),
        "many": lambda: [js.WebAssembly.Memory.new(memory) for _ in range(17)],
        "few again": lambda: js.WebAssembly.Memory.new(memory),
    }
    told = [str(hasattr(js, "SharedArrayBuffer"))]
    for name, attempt in tries.items():
        try:
            attempt()
            told.append(f"{name}: made")
        except Exception as error:
            told.append(f"{name}: {str(error).splitlines()[0]}")
    return "\\n".join(told)

def garbage():
    for _ in range(200):
        js.Uint8Array.new(10_000_000)
    return str(js.Uint8Array.new(30_000_000).length)

def memory():
    try:
        while True:
            kept.append(bytearray(8 * 1024 * 1024))
    except MemoryError:
        kept.clear()
        return "MemoryError"

def in_one_piece():
    try:
        return str(len(bytearray(1_000_000_000)))
    except MemoryError:
        return "MemoryError"

def lie():
    import _blockon
    _blockon.watch_requests(lambda over: 0)
    async def again():
        while True:
            await asyncio.sleep(0)
    run_sync(again())

def background():
    async def again():
        while True:
            await asyncio.sleep(0)
    import contextvars
    kept.append(contextvars.Context().run(lambda: asyncio.get_running_loop().create_task(again())))
    return "answered"

def trap():
    import ctypes
    ctypes.string_at(4_000_000_000)

def leave():
    os._exit(3)

def abort():
    os.abort()

def long_text():
    raise ValueError("x" * 100_000_000)

def on_fetch(request):
    name = js.URL.new(request.url).pathname[1:]
    if name == "wait":
        wait(1)
        return Response.new("waited")
    return Response.new(globals()[name]() or "" if name else "hello")
`;

const limits = `
[limits]
cpu_ms = 300
[blockon.limits]
memory_mb = 128
heap_mb = 64
`;

const bystanderToml = `name = "bystander"
main = "src/entry.py"
compatibility_date = "2026-10-01"
compatibility_flags = ["python_workers"]
route = "localhost/*"
`;

/** A server of the Worker with such settings, and of a bystander. */
class Pair {
  readonly #folders: WorkerFolder[];
  readonly server: ServeProcess;

  private constructor(server: ServeProcess, folders: WorkerFolder[]) {
    this.server = server;
    this.#folders = folders;
  }

  static async start(settings: string): Promise<Pair> {
    const folder = workerFolder(entry, [], `route = "127.0.0.1/*"\n${settings}`);
    const bystander = workerFolder(entry, [], 'route = "localhost/*"');
    bystander.write("wrangler.toml", bystanderToml);
    const server = await ServeProcess.start(folder.path, undefined, undefined, bystander.path);
    await server.logged(/ready after/);
    return new Pair(server, [folder, bystander]);
  }

  /** What the bystander answers after a while. */
  async ofBystander(): Promise<string> {
    return (await fetch(`${this.server.url.replace("127.0.0.1", "localhost")}/wait`)).text();
  }

  async stop(): Promise<void> {
    assert.equal(await this.server.stop(), 0);
    for (const folder of this.#folders) folder.remove();
  }
}

describe("a Worker beyond its limits", () => {
  let pair: Pair;
  let server: ServeProcess;
  let skip = 0;
  before(async () => {
    pair = await Pair.start(limits);
    server = pair.server;
  });
  after(() => pair.stop());
  beforeEach(async () => {
    skip = server.log.length;
    assert.equal(await (await server.get("/")).text(), "hello");
  });

  /** The first line of the log since the test began that matches. */
  const logged = async (pattern: RegExp): Promise<string> => {
    await server.logged(pattern, server.log.slice(0, skip).filter(({ msg }) => pattern.test(`${msg} `)).length);
    return server.log.slice(skip).find(({ msg }) => pattern.test(`${msg} `))?.msg ?? "";
  };
  /** What comes of a request, while one of the other Worker's is under way. */
  const ask = async (path: string): Promise<{ status: number; text: string }> => {
    const beside = pair.ofBystander();
    const response = await server.get(path);
    const text = await response.text();
    assert.equal(await beside, "waited");
    return { status: response.status, text };
  };
  const cpuText = /^Service Unavailable: the limit of 300 ms of processor time \(cpu_ms\)\nid: /;

  it("is told by an exception where its Python code computes, and goes on", async () => {
    const { status, text } = await ask("/finish");
    assert.equal(status, 503);
    assert.match(text, cpuText);
    await logged(/^GET \/finish is over the limit of 300 ms of processor time \(cpu_ms\): it is ended $/);
    await logged(/^cleaned up $/);
    assert.match(await logged(/LimitExceeded/), /line \d+, in compute/);
    assert.equal(
      server.log.slice(skip).some(({ msg }) => /was lost/.test(msg)),
      false,
    );
  });

  it("answers others while one is ended", async () => {
    const beside = server.get("/wait");
    assert.equal((await ask("/finish")).status, 503);
    assert.equal((await beside).status, 200);
  });

  for (const [path, why] of [
    ["/refuse", /GET \/refuse is over its limit, was told to end and computes on/],
    [
      "/in_c",
      /GET \/in_c is over the limit of 300 ms of processor time \(cpu_ms\), in code that cannot be interrupted/,
    ],
    ["/in_javascript", /GET \/in_javascript is over the limit .*, in code that cannot be interrupted/],
  ] as const) {
    it(`is ended where it computes on: ${path}`, async () => {
      const { status, text } = await ask(path);
      assert.equal(status, 503);
      assert.match(text, cpuText);
      assert.match(await logged(/the Worker was lost/), why);
    });
  }

  it("is told or ended in promise jobs without an end", async () => {
    const { status, text } = await ask("/promise_jobs");
    assert.equal(status, 503);
    assert.match(text, cpuText);
  });

  it("is ended where it says that it works for no request", async () => {
    assert.equal((await ask("/lie")).status, 503);
    assert.match(await logged(/the Worker was lost/), /code that no request is known for is over the limit of 300 ms/);
  });

  it("is ended where it computes on and has no request", async () => {
    assert.deepEqual(await ask("/background"), { status: 200, text: "answered" });
    assert.match(await logged(/the Worker was lost/), /code that no request is known for is over the limit of 300 ms/);
  });

  it("gets a MemoryError at the limit of its memory", async () => {
    assert.deepEqual(await ask("/memory"), { status: 200, text: "MemoryError" });
    assert.deepEqual(await ask("/in_one_piece"), { status: 200, text: "MemoryError" });
    assert.equal((await server.get("/")).status, 200);
  });

  for (const [path, why] of [
    ["/heap", /JavaScript's heap is full \(heap_mb is 64\)/],
    ["/tables", /JavaScript's heap is full \(heap_mb is 64\)/],
    // As a string in the heap or as its bytes on their way to Python: what is looked at first is over its limit.
    ["/large_string", /JavaScript's (heap is full|ArrayBuffers hold too much) \(heap_mb is 64/],
    ["/trap", /the interpreter ended: .*memory access out of bounds/],
    ["/leave", /the interpreter ended: /],
    ["/abort", /the interpreter ended: /],
  ] as const) {
    it(`is lost alone, and started again: ${path}`, async () => {
      assert.equal((await ask(path)).status, 500);
      assert.match(await logged(/the Worker was lost/), why);
    });
  }

  it("fails with a long text, which the log has the ends of", async () => {
    const url = server.url.replace("127.0.0.1", "localhost");
    assert.equal((await fetch(`${url}/long_text`)).status, 500);
    const text = await logged(/the handler failed/);
    assert.match(text, /in long_text/);
    assert.match(text, /ValueError: x{1000}/);
    assert.ok(text.length < 100_000);
    assert.equal(await (await fetch(url)).text(), "hello");
    assert.equal(
      server.log.slice(skip).some(({ msg }) => /was lost/.test(msg)),
      false,
    );
  });
});

describe("a Worker whose JavaScript has ArrayBuffers", () => {
  let pair: Pair;
  let server: ServeProcess;
  before(async () => {
    pair = await Pair.start("[blockon.limits]\nheap_mb = 64\ntmp_mb = 16\n");
    server = pair.server;
  });
  after(() => pair.stop());
  const lost = () => server.log.filter(({ msg }) => /the Worker was lost/.test(msg));

  it("goes on where they are nobody's any more", async () => {
    assert.equal(await (await server.get("/garbage")).text(), "30000000");
    assert.equal(await (await server.get("/")).text(), "hello");
    assert.deepEqual(lost(), []);
  });

  for (const name of ["buffers", "resizable", "memories", "buffers_of_memories"]) {
    it(`is lost alone where they hold too much, and started again: ${name}`, async () => {
      const before = lost().length;
      const beside = pair.ofBystander();
      assert.equal((await server.get(`/${name}`)).status, 500);
      assert.equal(await beside, "waited");
      assert.equal(await (await server.get("/")).text(), "hello");
      // The log comes by another way than the answer.
      const [text] = await server.logged(/^.*the Worker was lost.*/s, before);
      assert.match(text, /JavaScript's ArrayBuffers hold too much \(heap_mb is 64, tmp_mb is 16\)/);
    });
  }

  it("makes no memory that could not be counted", async () => {
    const refused =
      "blockon: a module with a memory of its own cannot be used here: let it import a WebAssembly.Memory";
    const room = (count: string) =>
      `blockon: there is no room for another WebAssembly.Memory: there are ${count} of at most 16, which may hold as much as JavaScript's heap (heap_mb)`;
    const text = await (await server.get("/refusals")).text();
    // How many of those before are there still is V8's to say.
    assert.deepEqual(text.replaceAll(/there are (?!16 )\d+ of/g, "there are some of").split("\n"), [
      "False",
      "imported: made",
      "imported later: made",
      `own: LinkError: ${refused}`,
      `own later: LinkError: ${refused}`,
      `own of a module: LinkError: ${refused}`,
      "shared: TypeError: blockon: no memory is shared here",
      "long: TypeError: blockon: a memory's addresses are i32 here",
      `large: RangeError: ${room("some")}`,
      "grown: RangeError: WebAssembly.Memory.grow(): Maximum memory size exceeded",
      `constructor: RangeError: ${room("some")}`,
      `many: RangeError: ${room("16")}`,
      "few again: made",
    ]);
  });
});
