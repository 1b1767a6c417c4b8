// C++ exceptions of an extension module while Python blocks in the middle of them, on many fibers at once.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);

it("each fiber keeps the C++ exceptions that are on their way, and those that it handles", async () => {
  const program = path.join(import.meta.dirname, "lib", "cxx_exceptions.mjs");
  const extension = path.join(import.meta.dirname, "../../build/release/ctests/guest/cxx_exceptions.so");
  const { stdout } = await run(process.execPath, [program, extension]);
  const numbers = Array.from({ length: 40 }, (_, number) => number);
  assert.deepEqual(JSON.parse(stdout), {
    rethrow: numbers,
    rethrow_nested: numbers,
    catch_around: numbers.map(() => 7),
    raises: numbers.map(() => "KeyError(0)"),
  });
});
