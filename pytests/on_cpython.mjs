// Runs the tests that are for CPython too by pytest there, beside the server that they have in the runtime:
// node on_cpython.mjs PYTHON [PYTEST ARGUMENT ...]
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { start } from "./server.mjs";

const [python, ...pytestArguments] = process.argv.slice(2);
const server = await start();
// aiohttp in pure Python, as in the runtime.
const env = {
  ...process.env,
  AIOHTTP_NO_EXTENSIONS: "1",
  BLOCKON_TEST_SERVER: server.url,
  PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1",
  PYTHONDONTWRITEBYTECODE: "1",
};
const folders = ["clients", "frameworks"].map((name) => path.join(import.meta.dirname, name));
// Without the conftest.py of the folder above them: it is for the runtime, as its other tests are.
const own = ["-p", "no:cacheprovider", `--rootdir=${import.meta.dirname}`, `--confcutdir=${folders[0]}`, ...folders];
const child = spawn(python, ["-m", "pytest", ...own, ...pytestArguments], {
  env,
  stdio: ["ignore", "inherit", "inherit"],
});
const [code] = await once(child, "close");
await server.close();
process.exitCode = code ?? 1;
