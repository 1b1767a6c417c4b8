// blockon kv, beside a server that has the namespace open and without one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { blockon, ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
from blockon import Response

def fetch(request, env):
    if request.method == "PUT":
        env.CACHE.put(request.path[1:], request.text())
        return "kept"
    found = env.CACHE.get_with_metadata(request.path[1:])
    return [found.value, found.metadata] if found.value is not None else Response("none", 404)
`;

interface End {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

describe("blockon kv", () => {
  let worker: WorkerFolder;
  before(() => {
    worker = workerFolder(entry, ["blockon_api_2026_11_01"], '[[kv_namespaces]]\nbinding = "CACHE"\nid = "cache"\n');
  });
  after(() => worker.remove());

  const kv = (words: readonly string[], input: string | Buffer = ""): End => {
    const [program, ...first] = blockon as [string, ...string[]];
    const { status, stdout, stderr } = spawnSync(program, [...first, "kv", ...words, "--worker", worker.path], {
      input,
    });
    return { code: status, out: stdout, err: stderr.toString() };
  };
  const done = (words: readonly string[], input?: string | Buffer): string => {
    const { code, out, err } = kv(words, input);
    assert.deepEqual([code, err], [0, ""]);
    return out.toString();
  };

  it("reads nothing where nothing was kept, and makes no file", () => {
    assert.equal(done(["list", "CACHE"]), "no keys\n");
    const { code, err } = kv(["get", "CACHE", "key"]);
    assert.deepEqual([code, err], [1, "blockon: CACHE has no value of the key key\n"]);
    assert.equal(done(["delete", "CACHE", "key"]), "");
    assert.ok(!existsSync(path.join(worker.path, ".blockon")));
  });

  it("keeps what it is given, a file's and the standard input's bytes as they are", () => {
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    done(["put", "CACHE", "text", "grün"]);
    done(["put", "CACHE", "bytes"], bytes);
    const file = path.join(worker.path, "value.bin");
    writeFileSync(file, bytes);
    done(["put", "CACHE", "file", "--file", file, "--metadata", '{ "of": "a file" }', "--ttl", "3600"]);
    assert.equal(done(["get", "CACHE", "text"]), "grün");
    for (const key of ["bytes", "file"]) assert.deepEqual(kv(["get", "CACHE", key]).out, bytes);
    const { keys } = JSON.parse(done(["list", "CACHE", "--json"])) as { keys: { name: string; expiration?: number }[] };
    assert.deepEqual(
      keys.map(({ name }) => name),
      ["bytes", "file", "text"],
    );
    assert.ok(Math.abs((keys[1]?.expiration ?? 0) - Date.now() / 1000 - 3600) < 120);
    assert.match(
      done(["list", "CACHE", "--prefix", "f"]),
      /^KEY +UNTIL +METADATA\nfile +\d{4}-.*Z +\{"of":"a file"\}\n$/,
    );
    assert.equal(JSON.parse(done(["list", "CACHE", "--json", "--limit", "2"])).keys.length, 2);
    done(["delete", "CACHE", "bytes"]);
    assert.equal(kv(["get", "CACHE", "bytes"]).code, 1);
  });

  it("has what a server's Worker has, while it runs", async () => {
    const server = await ServeProcess.start(worker.path);
    try {
      assert.equal(await (await server.get("/fresh", { method: "PUT", body: "by the Worker" })).text(), "kept");
      assert.equal(done(["get", "CACHE", "fresh"]), "by the Worker");
      done(["put", "CACHE", "other", "by the command", "--metadata", "[1]"]);
      assert.deepEqual(await (await server.get("/other")).json(), ["by the command", [1]]);
      done(["delete", "CACHE", "fresh"]);
      assert.equal((await server.get("/fresh")).status, 404);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });

  it("refuses what KV refuses, and says what there is", () => {
    const refused = (words: readonly string[], pattern: RegExp, code = 1): void => {
      const end = kv(words, "");
      assert.equal(end.code, code);
      assert.match(end.err, pattern);
      assert.equal(end.err.trimEnd().split("\n").length, code);
    };
    refused(["get", "OTHER", "key"], /has no KV namespace OTHER\. It has CACHE\.$/m);
    refused(["get", "CACHE", "x".repeat(513)], /^blockon: KV GET failed: 414 a key has at most 512 bytes/);
    refused(["put", "CACHE", "..", "value"], /^blockon: ".." cannot be a key/);
    refused(["put", "CACHE", "key", "value", "--ttl", "5"], /KV PUT failed: 400 expirationTtl is 5/);
    refused(["put", "CACHE", "key", "value", "--metadata", "{"], /--metadata is no JSON/);
    refused(["put", "CACHE", "key", "value", "--file", "x"], /give a value or --file, and not both/);
    refused(["put", "CACHE", "key", "--file", path.join(worker.path, "none")], /none cannot be read: ENOENT/);
    refused(["put", "CACHE", "key", "value", "--ttl", "x"], /Expected a number from 1 on/, 2);
    assert.equal(kv(["get", "CACHE", "key"]).code, 1);
  });

  it("leaves a file alone that is none of KV's", () => {
    const state = path.join(worker.path, "damaged");
    const words = ["list", "CACHE", "--state", state];
    done(["put", "CACHE", "key", "value", "--state", state]);
    writeFileSync(path.join(state, "kv.sqlite"), "no database at all".repeat(100));
    const { code, err } = kv(words);
    assert.equal(code, 1);
    assert.match(err, /kv\.sqlite is damaged, or no database\. It was left as it is/);
  });
});
