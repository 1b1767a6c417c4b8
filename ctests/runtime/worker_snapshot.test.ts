// The snapshot of one Worker, taken when its top level has run: what an interpreter that begins with it has, what two of them do not share,
// and what no snapshot can hold.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { v8Arguments } from "../../runtime/v8_flags.mjs";
import { ServeProcess } from "./lib/serve_process.ts";
import { unresumable } from "./lib/unresumable.ts";
import { warmedCache } from "./lib/warmed_cache.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const run = promisify(execFile);
const program = path.join(import.meta.dirname, "lib", "worker_snapshot.mjs");
const refuser = path.join(import.meta.dirname, "lib", "worker_refusals.mjs");

interface Outcome {
  readonly refusals: readonly string[];
  readonly file: string;
  readonly base: string;
  readonly logs: readonly string[];
  readonly answers: readonly { readonly restored: boolean; readonly [name: string]: unknown }[];
}

let root: string;
let cache: string;
before(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "blockon-worker-snapshot-"));
  cache = await warmedCache(["baseline", "compiled"], root);
});
after(() => fs.rmSync(root, { recursive: true, force: true }));

function write(name: string, files: { readonly [file: string]: string }): string {
  const folder = path.join(root, name);
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
  return folder;
}

async function outcome(folder: string, makes: "make" | "find" | "change" = "make", more = {}): Promise<Outcome> {
  const env = { ...process.env, XDG_CACHE_HOME: cache, ...more };
  return JSON.parse((await run(process.execPath, [...v8Arguments, program, folder, makes], { env })).stdout);
}

const answering = (names: string): string => `
import json, sys
from js import Response
def on_fetch(request):
    return Response.new(json.dumps({"restored": "blockon._snapshot_worker" in sys.modules, ${names}}))
`;

const rich = `
import asyncio, json, os, random, secrets, ssl, sys, tempfile, threading, time, uuid
import js
from js import Object, Response
from pyodide.ffi import create_proxy, run_sync, to_js
from workers import env

COUNT = 0
OPTIONS = to_js({"headers": {"x-own": "1"}, "list": [1, "two", None]}, dict_converter=Object.fromEntries)
PROXY = create_proxy(lambda value, *_: value + 1)
SYMBOL = js.Symbol.iterator
CONTEXT = ssl.create_default_context()
CONTEXT.set_alpn_protocols(["http/1.1"])
RNG = random.Random()
OWN_SEED = random.Random(7)
STARTED = time.monotonic()
DONE = []
thread = threading.Thread(target=DONE.append, args=[1])
thread.start()
thread.join()

async def later():
    await asyncio.sleep(0)
    return 5

FIVE = run_sync(later())
tempfile.NamedTemporaryFile().close()

async def on_fetch(request):
    global COUNT
    COUNT += 1
    with tempfile.NamedTemporaryFile() as file:
        name = file.name
    await asyncio.sleep(0.001)
    own = []
    thread = threading.Thread(target=lambda: (time.sleep(0.001), own.append(2)))
    thread.start()
    thread.join()
    return Response.new(json.dumps({
        "restored": "blockon._snapshot_worker" in sys.modules,
        "random": [random.random(), RNG.random(), str(uuid.uuid1()), str(uuid.uuid4()), secrets.token_hex(),
                   os.urandom(16).hex(), js.crypto.randomUUID(), name],
        "seeded": OWN_SEED.random(),
        "state": [COUNT, FIVE, DONE, own],
        "plain": js.JSON.stringify(OPTIONS),
        "proxy": js.Array.of(1).map(PROXY)[0],
        "trusts": len(CONTEXT.get_ca_certs()) > 0 and CONTEXT.verify_mode == ssl.CERT_REQUIRED,
        "clock": time.monotonic() > STARTED,
        "bindings": [env.NAME, hasattr(env, "OTHER")],
        "url": request.url,
    }))
`;

const validating = `
import json, sys
import charset_normalizer, jiter
from js import Response
from pydantic import BaseModel, Field, ValidationError

class Note(BaseModel):
    text: str = Field(min_length=1)

def on_fetch(request):
    try:
        Note(text="")
    except ValidationError as caught:
        error = type(caught).__name__
    text = Note.model_validate_json('{"text": "abc"}').text
    return Response.new(json.dumps({
        "restored": "blockon._snapshot_worker" in sys.modules, "text": text, "error": error,
        "parsed": jiter.from_json(b'{"a": [1, 2.5, "x"]}'),
        "charset": charset_normalizer.from_bytes("gr\u00fc\u00dfe aus der Bibliothek".encode()).best().encoding,
        "libraries": [name for name, module in sys.modules.items() if str(getattr(module, "__file__", "")).endswith(".so")],
    }))
`;

/** What a top level does, and what is said of it. */
const impossible: { readonly [name: string]: readonly [top: string, said: RegExp] } = {
  "a token": [
    "import secrets\nTOKEN = secrets.token_hex()",
    /^os\.urandom is called at the top level: \/session\/metadata\/entry\.py:2$/,
  ],
  "a UUID": [
    "import uuid\nID = uuid.uuid4()",
    /^os\.urandom is called at the top level: \/session\/metadata\/entry\.py:2$/,
  ],
  "random bytes of TLS": [
    "import ssl\nKEY = ssl.RAND_bytes(8)",
    /^os\.urandom is called at the top level: \/session\/metadata\/entry\.py:2$/,
  ],
  "a UUID of JavaScript's": [
    "import js\nID = js.crypto.randomUUID()",
    /^js\.crypto\.randomUUID is called at the top level$/,
  ],
  "random bytes of JavaScript's": [
    "import js\nKEY = bytes(js.crypto.getRandomValues(js.Uint8Array.new(8)))",
    /^js\.crypto\.getRandomValues is called at the top level$/,
  ],
  "a random number of JavaScript's": [
    "import js\nLUCK = js.Math.random()",
    /^js\.Math\.random is called at the top level$/,
  ],
  "a random number": [
    "from random import choice\nLUCK = choice(range(10))",
    /^random\.getrandbits is called at the top level: \/session\/metadata\/entry\.py:2$/,
  ],
  "an open file": [
    "class Client: pass\nclient = Client()\nclient.sources = {'own': open('/session/metadata/entry.py')}",
    /^entry\.client\.sources\.own: an open file \(\/session\/metadata\/entry\.py\)$/,
  ],
  "an open socket": [
    "import socket\nclass Client: pass\nclient = Client()\nclient.session = Client()\nclient.session.sock = socket.socket()",
    /^entry\.client\.session\.sock: an open socket$/,
  ],
  "a running thread": [
    "import threading\nthreading.Thread(target=threading.Event().wait, name='sweeper', daemon=True).start()",
    /^a thread that the top level started is running: sweeper$/,
  ],
  "a pending task": [
    "import asyncio\nasync def forever():\n    await asyncio.sleep(1000)\ntask = asyncio.ensure_future(forever())",
    /^a task that the top level started is pending: <coroutine object forever at /,
  ],
  "a live object of JavaScript": [
    "from js import URL\nclass Client: pass\nclient = Client()\nclient.url = URL.new('http://a/')",
    /^entry\.client\.url: an object of JavaScript's \(URL\)$/,
  ],
  "a file that it writes": ["open('/tmp/own', 'w').close()", /^the top level writes the file \/tmp\/own$/],
  "a global of JavaScript": ["import js\njs.own = 1", /^the top level sets js\.own$/],
  "a connection": [
    "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9))\nexcept OSError:\n    pass",
    /^socket\.getaddrinfo is called at the top level: \/session\/metadata\/entry\.py:3$/,
  ],
  "a request": [
    "import js\ntry:\n    js.fetch('http://127.0.0.1:9/')\nexcept Exception:\n    pass",
    /^the top level asks the host for fetch\.start$/,
  ],
};

describe("a Worker's snapshot", () => {
  it("has what its top level made, and two that begin with it share no randomness", async () => {
    const folder = write("rich", { "entry.py": rich });
    const { refusals, logs, answers } = await outcome(folder);
    assert.deepEqual({ refusals, logs }, { refusals: [], logs: [] });
    for (const { random: _, ...rest } of answers) {
      assert.deepEqual(rest, {
        restored: true,
        seeded: 0.32383276483316237,
        state: [1, 5, [1], [2]],
        plain: '{"headers":{"x-own":"1"},"list":[1,"two",null]}',
        proxy: 2,
        trusts: true,
        clock: true,
        bindings: ["a value", true],
        url: "http://worker/",
      });
    }
    const random = answers.flatMap((answer) => answer.random as string[]);
    assert.equal(random.length, 2 * 8);
    assert.equal(new Set(random).size, random.length, `${random}`);
  });

  it("is another for other files, and none where it is switched off", async () => {
    const folder = write("files", { "entry.py": answering("'own': own"), "helper.py": "" });
    fs.appendFileSync(path.join(folder, "entry.py"), "from helper import own\n");
    fs.writeFileSync(path.join(folder, "helper.py"), "own = 1\n");
    const first = await outcome(folder);
    assert.deepEqual(
      first.answers.map(({ restored, own }) => [restored, own]),
      [
        [true, 1],
        [true, 1],
      ],
    );
    fs.writeFileSync(path.join(folder, "helper.py"), "own = 2\n");
    const second = await outcome(folder, "find");
    assert.notEqual(second.file, first.file);
    assert.deepEqual(
      second.answers.map(({ restored, own }) => [restored, own]),
      [
        [false, 2],
        [false, 2],
      ],
    );
    fs.writeFileSync(path.join(folder, "helper.py"), "own = 1\n");
    const off = await outcome(folder, "find", { BLOCKON_SNAPSHOTS: "off" });
    assert.deepEqual(
      off.answers.map(({ restored, own }) => [restored, own]),
      [
        [false, 1],
        [false, 1],
      ],
    );
  });

  it("has side modules where they were: pydantic-core, jiter, charset-normalizer", async () => {
    const requirements = "pydantic\njiter\ncharset-normalizer\n";
    const folder = write("side-modules", { "entry.py": validating, "requirements.txt": requirements });
    const packages = await packageFolder(folder, () => undefined);
    assert.ok(packages !== undefined);
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const { stdout } = await run(process.execPath, [...v8Arguments, program, folder, "make", packages], { env });
    const { refusals, logs, answers }: Outcome = JSON.parse(stdout);
    assert.deepEqual({ refusals, logs }, { refusals: [], logs: [] });
    const libraries = ["charset_normalizer.md", "jiter.jiter", "pydantic_core._pydantic_core"];
    const rest = { text: "abc", error: "ValidationError", parsed: { a: [1, 2.5, "x"] }, charset: "utf_8" };
    for (const { libraries: found, ...answer } of answers) {
      assert.deepEqual(answer, { restored: true, ...rest });
      for (const name of libraries) assert.ok((found as string[]).includes(name), name);
    }
  });

  it("says what it cannot hold, and where that is", async () => {
    const folderOf = (name: string): string => path.join(root, name.replaceAll(" ", "-"));
    for (const [name, [top]] of Object.entries(impossible)) {
      write(path.basename(folderOf(name)), { "entry.py": `${top}\n${answering("")}` });
    }
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const { stdout } = await run(
      process.execPath,
      [...v8Arguments, refuser, ...Object.keys(impossible).map(folderOf)],
      { env },
    );
    const refusals = JSON.parse(stdout);
    for (const [name, [, said]] of Object.entries(impossible)) {
      assert.match(refusals[folderOf(name)].join("\n"), said, name);
    }
  });

  it("is not made of files that have changed since, and not given up for it", async () => {
    const folder = write("changing", { "entry.py": answering("'own': 1") });
    const { refusals, answers } = await outcome(folder, "change");
    assert.deepEqual(refusals, ["its files changed meanwhile"]);
    assert.equal(answers.length, 2);
    assert.equal((await outcome(folder)).refusals.length, 0);
  });

  it("that cannot be gone on from is discarded, and the Worker starts without", async () => {
    const folder = write("no-resume", { "entry.py": `${unresumable}${answering("'own': 1")}` });
    const { logs, answers } = await outcome(folder);
    assert.match(
      logs.join("\n"),
      /starting without the Worker's snapshot .*, which cannot be used: [\s\S]*a seed is missing/,
    );
    assert.deepEqual(
      answers.map(({ restored }) => restored),
      [false, false],
    );
  });

  it("is refused with the reason where its file is damaged or lies over another baseline, and the Worker starts", async () => {
    const folder = write("damaged", { "entry.py": answering("'own': 1") });
    const { file, base, ...made } = await outcome(folder);
    assert.deepEqual(made.refusals, []);
    const whole = fs.readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(whole.length / 2) ^ 1, whole.length / 2);
    for (const [bytes, reason] of [
      [damaged, "it is damaged"],
      [whole.subarray(0, 100_000), "it is truncated"],
      [Buffer.from("x".repeat(10_000)), "it is no memory image of this version"],
    ] as const) {
      fs.writeFileSync(file, bytes);
      const { logs, answers } = await outcome(folder, "find");
      assert.deepEqual(logs, [`warn: the Worker's snapshot ${file} cannot be used: ${reason}; making it anew`]);
      assert.deepEqual(
        answers.map(({ restored }) => restored),
        [false, false],
      );
    }
    // Another has another secret of hashes.
    fs.writeFileSync(file, whole);
    fs.rmSync(base);
    const { logs, answers } = await outcome(folder, "find");
    assert.deepEqual(logs, [
      `warn: the Worker's snapshot ${file} cannot be used: it lies over another baseline snapshot; making it anew`,
    ]);
    assert.deepEqual(
      answers.map(({ restored }) => restored),
      [false, false],
    );
  });

  it("is what later starts of a server begin with, where the Worker asks for it: an application with a lifespan", async () => {
    const entry = `
import sys
from workers import asgi

COUNT = [0]

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            COUNT[0] += 1
            await send({"type": answer})
        return
    text = f"{'blockon._snapshot_worker' in sys.modules} {COUNT[0]}"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})

Default = asgi.entrypoint(application)
`;
    const served = workerFolder(entry, [], "[blockon]\nsnapshot = true\n");
    let answer = "";
    while (answer !== "True 1") {
      const server = await ServeProcess.start(served.path);
      answer = await (await server.get()).text();
      assert.match(answer, /^(True|False) 1$/);
      // The snapshot is made beside the server; it goes on until that is there.
      await new Promise((resolve) => setTimeout(resolve, answer === "True 1" ? 0 : 3000));
      assert.equal(await server.stop(), 0);
      assert.doesNotMatch(server.log.map(({ msg }) => msg).join("\n"), /there is no snapshot of this Worker/);
    }
    served.remove();
  });
});
