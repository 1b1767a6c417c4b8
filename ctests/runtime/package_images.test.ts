// What a Worker's interpreter has of an image of its packages: the files as they were installed, in a file system that can be written to.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { compilePackages } from "../../runtime/cli/compile_packages.ts";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { pyodideVersion } from "../../runtime/layout.ts";
import { imagePackages } from "../../runtime/packages/cached_image.ts";
import { guestTree } from "../../runtime/packages/guest_files.ts";
import { imageBytes } from "../../runtime/packages/image.ts";
import { bareWorker } from "../../runtime/pool/bare_worker.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { workerKey } from "../../runtime/snapshots/worker_key.ts";
import { cacheFolder } from "../../runtime/user_cache.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** Runs the text of the request, in which \`packages\` is their folder, and answers with what it calls \`result\`. */
const entry = `
import json
from pathlib import Path
from js import Response

async def on_fetch(request):
    names = {"packages": Path("/session/metadata/python_modules")}
    try:
        exec(await request.text(), names)
        result = names["result"]
    except BaseException as error:
        result = f"{type(error).__name__}: {error}"
    return Response.new(json.dumps(result))
`;

/** A side module whose PyInit_tiny gives nothing. */
const tinyLibrary = Buffer.from(
  "0061736d01000000" + // the version
    "000f0864796c696e6b2e30010400000000" + // dylink.0: no memory, no table
    "010501600001" + // a function without arguments
    "7f" +
    "03020100" +
    `070f010b${Buffer.from("PyInit_tiny").toString("hex")}0000` +
    "0a06010400" + // which returns 0
    "41000b",
  "hex",
);

describe("an image of files", () => {
  const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

  it("has the same bytes, in whichever order its files are given", () => {
    const files = ["b.txt", "a/c/d.txt", "a/b.txt", "a.txt", "a/c-d.txt"].map((name) => ({ name, bytes: bytes(name) }));
    assert.deepEqual(imageBytes(files), imageBytes(files.toReversed()));
    const image = Buffer.from(imageBytes(files));
    const size = image.readUInt32LE(0);
    assert.deepEqual(JSON.parse(image.toString("utf8", 4, 4 + size)), [
      ["", 0, ["a.txt", 5, "b.txt", 5]],
      ["a", 10, ["b.txt", 7, "c-d.txt", 9]],
      ["a/c", 26, ["d.txt", 9]],
    ]);
    assert.equal(image.toString("utf8", 4 + size), "a.txtb.txta/b.txta/c-d.txta/c/d.txt");
  });
});

describe("a Worker's packages in an image", () => {
  const before_ = process.env.XDG_CACHE_HOME;
  let cache: string;
  let packages: string;
  let folder: WorkerFolder;
  let worker: WorkerHost;
  const notices: string[] = [];
  const log = { info: () => {}, warn: (line: string) => notices.push(line) };

  const write = (name: string, text: string): void => {
    const file = path.join(packages, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const start = async (): Promise<void> => {
    worker = createWorker(readWorkerConfig(folder.path, {}), { packages, onLog: () => {}, onOutput: () => {} });
    await worker.start();
  };
  const answer = async (text: string): Promise<unknown> => {
    const response = await worker.fetch({ method: "POST", url: "http://worker/", headers: [], body: bytes(text) });
    assert.ok(response.body instanceof Uint8Array);
    return JSON.parse(new TextDecoder().decode(response.body));
  };
  const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

  before(async () => {
    cache = mkdtempSync(path.join(os.tmpdir(), "blockon-cache-"));
    process.env.XDG_CACHE_HOME = cache;
    packages = cacheFolder("packages", "some");
    folder = workerFolder(entry);
    write("thing/__init__.py", "value = 1\n");
    write("thing/deep/__init__.py", "import sys; cached = __spec__.cached, __file__\n");
    write("thing/deep/caf\u00e9.txt", "gr\u00fc\u00dfe");
    write("thing/large.bin", "0123456789".repeat(100_000));
    write("thing/empty.txt", "");
    write("kept/a/b.txt", "b");
    write("kept/c.txt", "c");
    write("other.txt", "other");
    writeFileSync(path.join(packages, "thing", "deep", "tiny.cpython-314-wasm32-emscripten.so"), tinyLibrary);
    await compilePackages(packages, { version: pyodideVersion }, log);
    imagePackages(packages, log);
    assert.deepEqual(notices, []);
    const { files, images } = guestTree(folder.path, packages);
    assert.equal(images.length, 1);
    assert.deepEqual(
      files.filter(({ target }) => target.includes("python_modules")),
      [],
    );
    // It has all that the Worker gets.
    rmSync(packages, { recursive: true });
    await start();
  });
  after(async () => {
    await worker.stop();
    if (before_ === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before_;
    folder.remove();
    rmSync(cache, { recursive: true, force: true });
  });

  const cases: [title: string, text: string, result: unknown][] = [
    [
      "are imported from their bytecode",
      "import thing.deep; result = [thing.value, *thing.deep.cached]",
      [
        1,
        "/session/metadata/python_modules/thing/deep/__pycache__/__init__.cpython-314.pyc",
        "/session/metadata/python_modules/thing/deep/__init__.py",
      ],
    ],
    [
      "are listed, with their sizes",
      `
import os
from pathlib import Path
result = sorted((str(Path(folder, name).relative_to(packages)), Path(folder, name).stat().st_size)
    for folder, _, names in os.walk(packages / "thing") for name in names if not name.endswith(".pyc"))`,
      [
        ["thing/__init__.py", 10],
        ["thing/deep/__init__.py", 47],
        ["thing/deep/caf\u00e9.txt", 7],
        ["thing/deep/tiny.cpython-314-wasm32-emscripten.so", tinyLibrary.length],
        ["thing/empty.txt", 0],
        ["thing/large.bin", 1_000_000],
      ],
    ],
    [
      "are read in parts, and as a whole",
      `
with open(packages / "thing/large.bin", "rb") as file:
    file.seek(999_995)
    parts = [file.read(100), file.read(1), file.seek(0), file.read(12)]
whole = (packages / "thing/large.bin").read_bytes()
result = [str(parts), len(whole), whole == b"0123456789" * 100_000, (packages / "thing/empty.txt").read_bytes().hex(),
    (packages / "thing/deep/caf\u00e9.txt").read_text()]`,
      ["[b'56789', b'', 0, b'012345678901']", 1_000_000, true, "", "gr\u00fc\u00dfe"],
    ],
    [
      "are mapped",
      `
import mmap
with open(packages / "thing/large.bin", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
    result = [len(mapped), mapped[999_990:].decode()]`,
      [1_000_000, "0123456789"],
    ],
    [
      "that are not there are not there",
      `
names = ["none.txt", "thing/none.txt", "thing/__init__.py/none", "none/none"]
result = [(packages / name).exists() for name in names]`,
      [false, false, false, false],
    ],
    [
      "keep their times when they are looked up",
      `
first = packages.stat().st_mtime_ns
(packages / "other.txt").read_text()
(packages / "kept").stat()
result = [packages.stat().st_mtime_ns == first, (packages / "other.txt").stat().st_mtime]`,
      [true, 315_532_800],
    ],
    [
      "are written to by the Worker, for itself",
      `
data = packages / "other.txt"
with data.open("a") as file:
    file.write(", and more")
texts = [data.read_text()]
with data.open("r+b") as file:
    file.truncate(3)
texts.append(data.read_text())
data.write_text("new")
texts.append(data.read_text())
data.rename(packages / "moved.txt")
texts.append((packages / "moved.txt").read_text())
(packages / "kept/c.txt").replace(packages / "moved.txt")
texts.append((packages / "moved.txt").read_text())
(packages / "kept/new.txt").write_text("new")
result = [texts, sorted(each.name for each in packages.iterdir()), sorted(each.name for each in (packages / "kept").iterdir())]`,
      [
        ["other, and more", "oth", "new", "new", "c"],
        ["kept", "moved.txt", "thing"],
        ["a", "new.txt"],
      ],
    ],
    [
      "are in folders that are not removed while they hold something",
      `
import os, shutil
errors = []
for name in ["kept", "kept/a", "."]:
    try:
        os.rmdir(packages / name)
    except OSError as error:
        errors.append(error.strerror)
shutil.rmtree(packages / "kept")
result = [len(errors), (packages / "kept").exists(), sorted(each.name for each in packages.iterdir())]`,
      [3, false, ["moved.txt", "thing"]],
    ],
    [
      "are replaced by folders and links of the Worker's",
      `
import os
(packages / "thing/empty.txt").unlink()
(packages / "thing/empty.txt").mkdir()
(packages / "thing/empty.txt/in").write_text("in")
os.symlink(packages / "thing/large.bin", packages / "link")
os.rename(packages / "thing/deep", packages / "deeper")
result = [(packages / "thing/empty.txt/in").read_text(), (packages / "link").stat().st_size,
    (packages / "deeper/caf\u00e9.txt").read_text(), (packages / "thing/deep").exists()]`,
      ["in", 1_000_000, "gr\u00fc\u00dfe", false],
    ],
  ];
  for (const [title, text, result] of cases) {
    it(title, async () => assert.deepEqual(await answer(text), result));
  }

  it("bind a snapshot of the Worker", () => {
    const worker = bareWorker("some", folder.path, {}, packages);
    const other = worker.images?.map((image) => ({ ...image, key: "0".repeat(64) })) ?? [];
    const key = workerKey(worker, "baseline", "files");
    assert.equal(workerKey({ ...worker }, "baseline", "files"), key);
    assert.notEqual(workerKey({ ...worker, images: other }, "baseline", "files"), key);
    assert.notEqual(workerKey({ ...worker, images: [] }, "baseline", "files"), key);
  });

  it("are whole in the next interpreter", async () => {
    await worker.stop();
    await start();
    assert.deepEqual(
      await answer("result = [sorted(each.name for each in packages.iterdir()), (packages / 'other.txt').read_text()]"),
      [["kept", "other.txt", "thing"], "other"],
    );
  });

  it("have libraries that are compiled once a process", async () => {
    const text = `
library, = (packages / "thing" / "deep").glob("*.so")
try:
    from thing.deep import tiny
except SystemError as error:
    result = [str(error), library.read_bytes()[:4].hex()]
`;
    const found = "initialization of tiny failed without raising an exception";
    assert.deepEqual(await answer(text), [found, "0061736d"]);
    // The next interpreter could not compile what is there by then.
    const [name] = readdirSync(cacheFolder("images"));
    const file = cacheFolder("images", name as string);
    const bytes = readFileSync(file);
    const at = bytes.indexOf(tinyLibrary);
    assert.ok(at > 0);
    writeFileSync(file, bytes.fill(0, at, at + tinyLibrary.length), { flag: "r+" });
    await worker.stop();
    await start();
    assert.deepEqual(await answer(text), [found, "00000000"]);
  });

  it("that are truncated meanwhile are errors of whoever reads them, and made anew by the next process", async () => {
    const [name] = readdirSync(cacheFolder("images"));
    truncateSync(cacheFolder("images", name as string), 2000);
    assert.equal(
      await answer("result = len((packages / 'thing/large.bin').read_bytes())"),
      "OSError: [Errno 29] I/O error",
    );
    assert.equal(await answer("result = 'goes on'"), "goes on");
  });
});
