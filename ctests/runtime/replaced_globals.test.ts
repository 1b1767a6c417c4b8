// A Worker that puts others in the places of the global classes: what the runtime makes and asks for stays what it is.
import assert from "node:assert/strict";
import { it } from "node:test";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const entry = `
import js
from pyodide.ffi import run_sync

new_response = js.Response.new
for name in ("AbortController", "Blob", "DOMException", "FormData", "Headers", "ReadableStream", "Request", "Response", "TextDecoder", "URL", "WebSocket"):
    setattr(js, name, js.Object)

def on_fetch(request, env):
    print("grüße", request.url.rpartition("/")[2])
    run_sync(env.KV.put("key", new_response("streamed").body))
    stream = run_sync(env.KV.get("key", "stream"))
    asset = run_sync(env.ASSETS.fetch("http://worker/a.txt"))
    texts = [run_sync(new_response(stream).text()), run_sync(asset.text())]
    try:
        run_sync(js.fetch("http://127.0.0.1:1/"))
    except Exception as error:
        texts.append(type(error).__name__)
    try:
        js.fetch("nowhere")
    except Exception as error:
        texts.append(str(error))
    return new_response(" ".join(texts), headers={"x-own": "1"}.items())
`;

it("a Worker that has other global classes answers, and so does what is bound to it", async () => {
  const toml = '[[kv_namespaces]]\nbinding = "KV"\nid = "one"\n[assets]\ndirectory = "public"\nbinding = "ASSETS"\n';
  const folder = workerFolder(entry, ["python_run_sync"], toml);
  folder.write("public/a.txt", "asset");
  const server = await ServeProcess.start(folder.path);
  try {
    for (const number of [1, 2]) {
      const response = await server.get(`/${number}`);
      assert.equal(await response.text(), "streamed asset JsException", server.log.map(({ msg }) => msg).join("\n"));
      await server.logged(new RegExp(`^grüße ${number}`));
    }
  } finally {
    assert.equal(await server.stop(), 0);
    folder.remove();
  }
});
