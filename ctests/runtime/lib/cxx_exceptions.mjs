// A program of cxx_exceptions.test.ts: many fibers wait with C++ exceptions in flight. The argument is the extension module.
import { readFileSync } from "node:fs";
import { loadPyodide } from "../../../runtime/index.ts";

const pyodide = await loadPyodide();
const site = pyodide.runPython("import site; site.getsitepackages()[0]");
pyodide.FS.writeFile(`${site}/cxx_exceptions.so`, readFileSync(process.argv[2]));
globalThis.later = (value, ms) => new Promise((resolve) => setTimeout(resolve, ms, value));
const results = await pyodide.runPythonAsync(`
  import asyncio, random
  from types import SimpleNamespace
  from js import later
  from pyodide.ffi import run_sync
  import cxx_exceptions

  waits = random.Random(1)

  def wait(number):
      run_sync(later(number, waits.randrange(5)))

  async def rethrow(number):
      return cxx_exceptions.rethrow(SimpleNamespace(number=number, callback=wait))

  def nested(number):
      wait(number)
      return cxx_exceptions.rethrow(SimpleNamespace(number=number, callback=wait))

  async def rethrow_nested(number):
      return cxx_exceptions.rethrow(SimpleNamespace(number=number, callback=nested))

  async def catch_around(number):
      return cxx_exceptions.catch_around(wait)

  def fails(number):
      wait(number)
      raise KeyError(number)

  async def raises(number):
      try:
          cxx_exceptions.catch_around(fails)
      except KeyError as error:
          return repr(error)

  async def main():
      return {
          task.__name__: await asyncio.gather(*(task(number) for number in range(40)))
          for task in (rethrow, rethrow_nested, catch_around, raises)
      }

  import json
  json.dumps(await main())
`);
process.stdout.write(results, () => process.exit(0));
