// Secrets of a Worker by the Pythonic API: the runtime and CPython read the same files alike.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CPythonProcess } from "./lib/cpython_process.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const entry = `
def fetch(request, env):
    return {name: env[name] for name in sorted(env)}
`;

describe("secrets by the Pythonic API", () => {
  const cases: [what: string, files: { [name: string]: string }, expected: object][] = [
    [
      "of .dev.vars, in place of variables",
      { ".dev.vars": "# a comment\nKEY=\"a b\"\nexport PLAIN=one # two\nEMPTY=\nQUOTED='$KEY'\n", ".env": "OTHER=1\n" },
      { EMPTY: "", KEY: "a b", KEPT: "kept", PLAIN: "one", QUOTED: "$KEY" },
    ],
    ["of .env where there is no .dev.vars", { ".env": "KEY=of .env\n" }, { KEPT: "kept", KEY: "of .env" }],
  ];
  for (const [what, files, expected] of cases) {
    it(what, async () => {
      const folder = workerFolder(entry, ["blockon_api_2026_11_01"], '[vars]\nKEY = "a variable"\nKEPT = "kept"\n');
      for (const [name, text] of Object.entries(files)) folder.write(name, text);
      const [here, cpython] = await Promise.all([ServeProcess.start(folder.path), CPythonProcess.start([folder.path])]);
      try {
        for (const { url } of [here, cpython]) assert.deepEqual(await (await fetch(url)).json(), expected);
      } finally {
        await Promise.all([here.stop(), cpython.stop()]);
        folder.remove();
      }
    });
  }
});
