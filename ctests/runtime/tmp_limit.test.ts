// How much a Worker may write to its files, and what counts.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** Runs the text of the request and answers with what it calls \`result\`; what it leaves in the folders is removed behind it. */
const entry = `
import errno, json, os, shutil, tempfile
from pathlib import Path
from js import Response

MIB = 1024 * 1024
tmp = Path("/tmp")

def refused(call):
    try:
        call()
    except OSError as error:
        return [errno.errorcode[error.errno], error.strerror]

async def on_fetch(request):
    names = {**globals()}
    try:
        exec(await request.text(), names)
        result = names["result"]
    except BaseException as error:
        result = f"{type(error).__name__}: {error}"
    for each in tmp.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    return Response.new(json.dumps(result))
`;
const full = ["ENOSPC", "No space left on device"];

describe("a Worker with a limit of what its files hold", () => {
  let folder: WorkerFolder;
  let worker: WorkerHost;
  before(async () => {
    folder = workerFolder(entry, [], "[blockon.limits]\ntmp_mb = 4\n");
    folder.write("given.bin", "x".repeat(3 * 1024 * 1024));
    worker = createWorker(readWorkerConfig(folder.path, {}), { onLog: () => {}, onOutput: () => {} });
    await worker.start();
  });
  after(async () => {
    await worker.stop();
    folder.remove();
  });
  const answer = async (text: string): Promise<unknown> => {
    const body = new TextEncoder().encode(text);
    const response = await worker.fetch({ method: "POST", url: "http://worker/", headers: [], body });
    assert.ok(response.body instanceof Uint8Array);
    return JSON.parse(new TextDecoder().decode(response.body));
  };

  const cases: [title: string, text: string, result: unknown][] = [
    [
      "writes up to it, and no byte beyond",
      `
(tmp / "a").write_bytes(bytes(4 * MIB))
result = [refused(lambda: (tmp / "b").write_bytes(b"x")), (tmp / "a").stat().st_size, (tmp / "b").stat().st_size]`,
      [full, 4 * 1024 * 1024, 0],
    ],
    [
      "writes all of it in pieces",
      `
piece = bytes(64 * 1024)
def write():
    with open(tmp / "a", "wb", buffering=0) as file:
        while True:
            file.write(piece)
result = [refused(write), (tmp / "a").stat().st_size]`,
      [full, 4 * 1024 * 1024],
    ],
    [
      "is refused what does not fit, and keeps what was there",
      `
(tmp / "a").write_bytes(b"before")
def append():
    with open(tmp / "a", "ab", buffering=0) as file:
        file.write(bytes(5 * MIB))
result = [refused(append), (tmp / "a").read_text()]`,
      [full, "before"],
    ],
    [
      "counts several files, wherever they are",
      `
(tmp / "folder").mkdir()
(tmp / "folder/a").write_bytes(bytes(2 * MIB))
(tmp / "b").write_bytes(bytes(1 * MIB))
home = Path.home() / "c"
result = [refused(lambda: home.write_bytes(bytes(2 * MIB))), refused(lambda: home.write_bytes(bytes(MIB // 2)))]
home.unlink()`,
      [full, null],
    ],
    [
      "can write again what it has deleted, overwritten or truncated",
      `
for _ in range(20):
    (tmp / "a").write_bytes(bytes(3 * MIB))
    (tmp / "b").write_bytes(bytes(MIB))
    (tmp / "a").replace(tmp / "b")
    os.truncate(tmp / "b", 10)
    (tmp / "c").write_bytes(bytes(3 * MIB))
    (tmp / "c").unlink()
result = "all"`,
      "all",
    ],
    [
      "counts what is deleted and open until it is closed",
      `
with tempfile.TemporaryFile(buffering=0) as file:
    file.write(bytes(3 * MIB))
    open_ = refused(lambda: (tmp / "a").write_bytes(bytes(2 * MIB)))
result = [open_, refused(lambda: (tmp / "a").write_bytes(bytes(2 * MIB)))]`,
      [full, null],
    ],
    [
      "cannot make a file longer by its end alone",
      `
(tmp / "a").write_bytes(b"x")
result = [refused(lambda: os.truncate(tmp / "a", 5 * MIB)), refused(lambda: os.truncate(tmp / "a", 1 << 40)), refused(lambda: os.truncate(tmp / "a", 3 * MIB)), (tmp / "a").stat().st_size]`,
      [full, full, null, 3 * 1024 * 1024],
    ],
    [
      "cannot write far behind a file's end",
      `
def write():
    with open(tmp / "a", "wb", buffering=0) as file:
        file.seek(1 << 33)
        file.write(b"x")
result = refused(write)`,
      full,
    ],
    [
      "reads what it was given without counting it, and counts it when it writes to it",
      `
given = Path("/session/metadata/given.bin")
size = len(given.read_bytes())
free = refused(lambda: (tmp / "a").write_bytes(bytes(3 * MIB)))
def append():
    with open(given, "ab", buffering=0) as file:
        file.write(b"y")
result = [size, free, refused(append)]
(tmp / "a").unlink()
result.append(refused(append))`,
      [3 * 1024 * 1024, null, full, null],
    ],
  ];
  for (const [title, text, result] of cases) {
    it(title, async () => assert.deepEqual(await answer(text), result));
  }
});
