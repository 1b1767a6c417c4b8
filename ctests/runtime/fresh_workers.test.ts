// isolation = "request": what a request leaves behind is seen by no other. The same Worker without it is the control, which sees all.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

type Facts = Record<string, unknown>;

const dirtier = `
import dirty_request

def on_fetch(request, env):
    return dirty_request.answer(request, env)
`;

async function serving(entry: string, toml: string): Promise<{ folder: WorkerFolder; server: ServeProcess }> {
  const folder = workerFolder(entry, [], toml);
  const helper = path.join(import.meta.dirname, "lib", "dirty_request.py");
  folder.write("dirty_request.py", readFileSync(helper, "utf8"));
  return { folder, server: await ServeProcess.start(folder.path) };
}

async function ask(server: ServeProcess, what: string, body: object = {}): Promise<unknown> {
  const response = await server.get(`/${what}`, { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  assert.equal(response.status, 200, `${text}\n${server.log.map(({ msg }) => msg).join("\n")}`);
  return JSON.parse(text);
}

const once = 'isolation = "request"\nready_instances = 1\nmax_instances = 2';
for (const [isolation, settings] of [
  ['"request"', once],
  ['"request", with resets', `${once}\nreset_instances = true`],
  ['"worker"', ""],
] as const) {
  const isFresh = settings !== "";
  describe(`a request that leaves all behind that it can, with isolation = ${isolation}`, () => {
    let folder: WorkerFolder;
    let server: ServeProcess;
    before(async () => {
      ({ folder, server } = await serving(dirtier, `[vars]\nOWN = "own"\n[blockon]\n${settings}\n`));
    });
    after(async () => {
      await server.stop(isFresh ? "SIGTERM" : "SIGKILL");
      folder.remove();
    });

    it(isFresh ? "leaves no byte in the memory of the next" : "leaves bytes in its memory", async () => {
      const halves = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
      await ask(server, "keep", { secret: halves.join("") });
      for (let i = 0; i < (isFresh ? 3 : 1); i++) {
        const [size, count] = (await ask(server, "count", { halves })) as [number, number];
        assert.ok(size > 16 << 20, `${size}`);
        if (isFresh) assert.equal(count, 0);
        else assert.ok(count > 10_000, `${count}`);
      }
    });

    it(isFresh ? "leaves nothing to the next" : "leaves it to the next", async () => {
      const clean = (await ask(server, "facts")) as Facts;
      const [begin, end] = (await ask(server, "dirty", { secret: "left behind" })) as [Facts, Facts];
      const next = (await ask(server, "facts")) as Facts;
      assert.deepEqual(Object.keys(begin), Object.keys(clean));
      // What is compared sees each thing that is done.
      for (const [name, value] of Object.entries(begin)) assert.notDeepEqual(end[name], value, name);
      if (isFresh) {
        assert.deepEqual(begin, clean);
        assert.deepEqual(next, clean);
      } else {
        const seen = Object.keys(next).filter((name) => JSON.stringify(next[name]) !== JSON.stringify(begin[name]));
        assert.deepEqual(seen, Object.keys(begin));
      }
    });
  });
}

const random = `
import random
OWN = random.Random()
AT_LOAD = [random.random(), OWN.random()]

import hashlib, json, os, secrets, ssl, tempfile, uuid
import js
from pyodide.ffi import to_js
AT_LOAD += [str(uuid.uuid4()), secrets.token_hex(), js.crypto.randomUUID(), js.Math.random(), tempfile.mktemp()]

def on_fetch(request):
    with tempfile.NamedTemporaryFile() as file:
        name = file.name
    numbers = js.crypto.getRandomValues(js.Uint32Array.new(4)).to_py().tolist()
    now = [random.random(), OWN.random(), random.Random().random(), random.randbytes(8).hex(), str(uuid.uuid1()), str(uuid.uuid4()),
        secrets.token_hex(), secrets.token_urlsafe(), os.urandom(16).hex(), ssl.RAND_bytes(16).hex(), js.Math.random(),
        js.crypto.randomUUID(), *numbers, name, tempfile.mkdtemp(), next(tempfile._get_candidate_names())]
    return js.Response.new(json.dumps(AT_LOAD + now))
`;

for (const resets of [false, true]) {
  it(`requests share no random numbers, ids, secrets or names of files, ${resets ? "though interpreters may be reset" : "each with its interpreter"}`, async () => {
    const { folder, server } = await serving(random, `[blockon]\nisolation = "request"\nreset_instances = ${resets}\n`);
    try {
      const count = 6;
      const all: unknown[] = (await Promise.all(Array.from({ length: count }, () => ask(server, "")))).flat();
      assert.equal(all.length, count * 26);
      assert.equal(new Set(all).size, all.length, `${all}`);
    } finally {
      assert.equal(await server.stop(), 0);
      folder.remove();
    }
  });
}
