// A Worker that runs the Python it is sent, with `env`, `ctx` and a few names of Pyodide's, and answers with what that leaves in `result`.
import assert from "node:assert/strict";
import type { ServeProcess } from "./serve_process.ts";

export const scriptWorker = `
import asyncio, json
import js
from js import Response
from pyodide.ffi import JsException, run_sync, to_js

def on_fetch(request, env, ctx):
    names = {"env": env, "ctx": ctx, "js": js, "run_sync": run_sync, "to_js": to_js, "asyncio": asyncio}
    try:
        exec(run_sync(request.text()), names)
        return Response.json(to_js({"result": names.get("result")}, dict_converter=js.Object.fromEntries))
    except JsException as error:
        return Response.json(to_js({"error": str(error)}, dict_converter=js.Object.fromEntries))
`;

async function answer(
  server: ServeProcess,
  script: string,
  target: string,
): Promise<{ result?: unknown; error?: string }> {
  const response = await server.get(target, { method: "POST", body: script });
  const text = await response.text();
  assert.equal(response.status, 200, `${text}\n${server.log.at(-1)?.msg}`);
  return JSON.parse(text);
}

/** What the script leaves in `result`. */
export async function run(server: ServeProcess, script: string, target = "/"): Promise<unknown> {
  const { result, error } = await answer(server, script, target);
  assert.equal(error, undefined);
  return result ?? null;
}

/** The text of the JavaScript error that the script fails with. */
export async function failing(server: ServeProcess, script: string, target = "/"): Promise<string> {
  const { error } = await answer(server, script, target);
  assert.ok(error !== undefined, `it did not fail: ${script}`);
  return error;
}
