// breakpoint() and input() in blockon dev: the terminal is a pipe here.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
import js
from js import Response

def on_fetch(request):
    url = js.URL.new(request.url)
    value = int(url.searchParams.get("value") or 0)
    if url.pathname == "/stop":
        breakpoint()
        value += 1
    if url.pathname == "/input":
        print("asked")
        return Response.new(f"typed {input()}")
    return Response.new(f"answer {value}")
`;

describe("breakpoint() in blockon dev", () => {
  let worker: WorkerFolder;
  let server: ServeProcess;

  before(async () => {
    worker = workerFolder(entry);
    server = await ServeProcess.dev(worker.path);
  });

  after(async () => {
    await server.stop();
    worker.remove();
  });

  const type = (text: string): unknown => server.child.stdin?.write(text);
  const text = async (target: string): Promise<string> => (await server.get(target)).text();

  it("stops one request at the prompt, and others go on", async () => {
    const stopped = text("/stop?value=41");
    await server.logged(/^-> breakpoint\(\)/);
    assert.equal(await text("/other?value=7"), "answer 7");
    type("p 'value is', value\n");
    await server.logged(/value is.*41/);
    type("value = 99\nc\n");
    assert.equal(await stopped, "answer 100");
  });

  it("gives the terminal to one after the other", async () => {
    const stopped = [text("/stop?value=10"), text("/stop?value=20")];
    await server.logged(/^-> breakpoint\(\)/, 1);
    type("c\n");
    await server.logged(/^-> breakpoint\(\)/, 2);
    type("c\n");
    assert.deepEqual((await Promise.all(stopped)).sort(), ["answer 11", "answer 21"]);
  });

  it("has input() read a line, and a debugger quit where there are no more", async () => {
    const asked = text("/input");
    await server.logged(/^asked/);
    type("a line\n");
    assert.equal(await asked, "typed a line");
    const stopped = server.get("/stop");
    await server.logged(/^-> breakpoint\(\)/, 3);
    server.child.stdin?.end();
    const response = await stopped;
    assert.equal(response.status, 500);
    assert.match(await response.text(), /BdbQuit/);
    assert.equal(await text("/other?value=7"), "answer 7");
  });
});
