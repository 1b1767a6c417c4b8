// Runs the tests of this folder by pytest on a CPython, beside the server that they have in the runtime:
// node on_cpython.mjs PYTHON [PYTEST ARGUMENT ...]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { start } from "../server.mjs";

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
const folder = import.meta.dirname;
// Without what is above this folder: the other tests are for the runtime.
const own = ["-p", "no:cacheprovider", `--rootdir=${folder}`, `--confcutdir=${folder}`, folder];
const child = spawn(python, ["-m", "pytest", ...own, ...pytestArguments], {
  env,
  stdio: ["ignore", "inherit", "inherit"],
});
const [code] = await once(child, "close");
await server.close();
process.exitCode = code ?? 1;
