// A program of streaming.test.ts: sends and takes bodies in parts by each client, and prints as JSON what memory there was before
// and after each. The arguments are the folder with the clients, `task` or `sync`, and how many MiB a body has. The server is a
// process of its own, since a synchronous call holds up this thread. Needs --expose-gc.
import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { loadPyodide } from "../../../runtime/index.ts";

const [packages, entry, size] = process.argv.slice(2);
const server = fork(path.join(import.meta.dirname, "streaming_server.mjs"));
const [{ url, secureUrl }] = await once(server, "message");
const pyodide = await loadPyodide();
pyodide.FS.mkdirTree("/packages");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: packages }, "/packages");
pyodide.globals.set("url", url);
pyodide.globals.set("secure_url", secureUrl);
pyodide.runPython(`
import sys
sys.path.insert(0, "/packages")
import aiohttp, httpx, requests, urllib3

urllib3.disable_warnings()
PART = b"x" * 65536

def parts(mib):
    for _ in range(mib * 16):
        yield PART

async def async_parts(mib):
    for part in parts(mib):
        yield part

def requests_down(mib, url=url, **options):
    with requests.get(f"{url}/parts?mib={mib}", stream=True, timeout=60, **options) as response:
        return sum(map(len, response.iter_content(65536)))

def tls_down(mib):
    return requests_down(mib, secure_url, verify=False)

def urllib3_down(mib):
    response = urllib3.request("GET", f"{url}/parts?mib={mib}", preload_content=False, timeout=60)
    return sum(map(len, response.stream(65536)))

def httpx_down(mib):
    with httpx.stream("GET", f"{url}/parts?mib={mib}", timeout=60) as response:
        return sum(map(len, response.iter_bytes()))

def requests_up(mib):
    return int(requests.post(f"{url}/count", data=parts(mib), timeout=60).text)

def urllib3_up(mib):
    return int(urllib3.request("POST", f"{url}/count", body=parts(mib), timeout=60).data)

def httpx_up(mib):
    return int(httpx.post(f"{url}/count", content=parts(mib), timeout=60).text)

async def aiohttp_down(mib):
    async with aiohttp.ClientSession() as session, session.get(f"{url}/parts?mib={mib}") as response:
        return sum([len(part) async for part in response.content.iter_chunked(65536)])

async def aiohttp_up(mib):
    async with aiohttp.ClientSession() as session, session.post(f"{url}/count", data=async_parts(mib)) as response:
        return int(await response.text())
`);
const synchronous = [
  "requests_down",
  "tls_down",
  "urllib3_down",
  "httpx_down",
  "requests_up",
  "urllib3_up",
  "httpx_up",
];
const ways = entry === "task" ? [...synchronous, "aiohttp_down", "aiohttp_up"] : synchronous;

async function call(way, mib) {
  const function_ = pyodide.globals.get(way);
  return entry === "task" ? function_.callPromising(mib) : function_(mib);
}

function memory() {
  globalThis.gc();
  return { wasm: pyodide._module.HEAPU8.length, buffers: process.memoryUsage().arrayBuffers };
}

const samples = [];
for (const way of ways) {
  await call(way, 4); // fills pools and caches
  const before = memory();
  const count = await call(way, Number(size));
  const after = memory();
  samples.push({
    way,
    count,
    wasmMemory: [before.wasm, after.wasm],
    buffers: [before.buffers, after.buffers],
  });
}
console.log(JSON.stringify(samples));
server.kill();
process.exit(0);
