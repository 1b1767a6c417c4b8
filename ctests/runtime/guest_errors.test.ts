// Errors of a Worker's that V8 or the host's loop meets: they end nothing but what raised them, and nobody looks at them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { run, scriptWorker } from "./lib/script_worker.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

/** An object that answers whoever looks at it with a function of theirs, or throws. */
const hostile = `
looks = []
from pyodide.ffi import create_proxy
look = create_proxy(lambda *values: looks.append(values))
hostile = js.Object.create(js.JSON.parse("null"))
js.Reflect.set(hostile, js.Reflect.get(js.Symbol, "for")("nodejs.util.inspect.custom"), look)
`;

describe("what a Worker throws where nobody catches", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(scriptWorker);
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  it("is logged where a FinalizationRegistry called, and the Worker goes on", async () => {
    const looks = await run(
      server,
      `${hostile}
controller = js.AbortController.new()
controller.abort(hostile)
registry = js.FinalizationRegistry.new(controller.signal.throwIfAborted.bind(controller.signal))
registry.register(js.Object.new(), 1)
for _ in range(200):
    garbage = [js.Array.new(10000).fill(0.5) for _ in range(20)]
    run_sync(asyncio.sleep(0.001))
result = len(looks)
`,
    );
    assert.equal(looks, 0);
    await server.logged(/^Uncaught /);
    assert.equal(await run(server, "result = 1"), 1);
  });

  it("is logged where a promise was rejected with it", async () => {
    const looks = await run(
      server,
      `${hostile}
js.setTimeout(js.Promise.reject.bind(js.Promise), 0, hostile)
run_sync(asyncio.sleep(0.02))
result = len(looks)
`,
    );
    assert.equal(looks, 0);
    await server.logged(/a promise was rejected and nobody handled it/);
    assert.equal(server.log.filter(({ msg }) => /starts it again|was lost/.test(msg)).length, 0);
  });
});
