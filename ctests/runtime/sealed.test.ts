// loadPyodide({ sealed: true }): what crosses, what does not, and what is not there.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { loadPyodide, type SealedPyodide, type SealedValue } from "../../runtime/index.ts";
import { UserError } from "../../runtime/user_error.ts";

describe("a sealed interpreter", () => {
  let pyodide: SealedPyodide;
  let output = "";
  const seen: SealedValue[][] = [];
  before(async () => {
    pyodide = await loadPyodide({
      sealed: true,
      functions: {
        echo: (value: SealedValue) => value,
        later: async (value: number) => value * 2,
        note: (...values: SealedValue[]) => {
          seen.push(values);
        },
        fails: () => {
          throw new RangeError("as the embedder says");
        },
        gives: () => ({ secret: 1 }) as never,
      },
      env: { GREETING: "hello" },
      stdout: (text) => {
        output += text;
      },
    });
  });
  after(() => pyodide.terminate());
  const run = (code: string): Promise<SealedValue> => pyodide.runPythonAsync(code);

  it("gives primitives and bytes", async () => {
    const values: [code: string, value: SealedValue][] = [
      ["1 + 1", 2],
      ["1.5", 1.5],
      ["True", true],
      ["'text \\u00e9'", "text é"],
      ["None", undefined],
      ["2 ** 70", 2n ** 70n],
      ["float('inf')", Number.POSITIVE_INFINITY],
      ["b'\\x00\\xff'", Uint8Array.of(0, 255)],
      ["import asyncio\nawait asyncio.sleep(0, 'awaited')", "awaited"],
    ];
    for (const [code, value] of values) assert.deepEqual((await run(code)) ?? undefined, value, code);
  });

  it("takes and gives globals", async () => {
    for (const value of [0, Number.NaN, 1e300, 2n ** 64n, "", "é", true, new Uint8Array(100_000).fill(7)]) {
      await pyodide.set("value", value);
      assert.deepEqual(await pyodide.get("value"), value);
      assert.deepEqual(await run("echo(value)"), value);
    }
    await assert.rejects(pyodide.get("nothing"), { name: "NameError" });
  });

  it("calls the embedder's functions, and waits for their promises", async () => {
    assert.equal(await run("later(21)"), 42);
    await run("note(1, 'two', b'3')");
    assert.deepEqual(seen, [[1, "two", Uint8Array.of(51)]]);
    await assert.rejects(run("fails()"), /as the embedder says/);
    assert.equal(
      await run("try:\n    fails()\nexcept Exception as error:\n    caught = str(error)\ncaught"),
      "RangeError: as the embedder says",
    );
  });

  it("refuses what cannot cross, on each way", async () => {
    await assert.rejects(run("[1]"), { name: "TypeError", message: /the result is of list: only None, bool/ });
    await assert.rejects(run("lambda: 1"), /the result is of function/);
    await assert.rejects(run("import js\njs"), /the result is of/);
    await assert.rejects(run("note([1])"), /argument 0 of note\(\) is of list/);
    await assert.rejects(run("gives()"), /the result of gives is an object: only primitives and bytes/);
    for (const value of [{}, [], () => 1, Symbol("s"), new Date(), Promise.resolve()]) {
      await assert.rejects(pyodide.set("value", value as never), {
        name: "TypeError",
        message: /^value is .*only primitives/,
      });
    }
  });

  it("raises Python's errors", async () => {
    await assert.rejects(run("1 / 0"), { name: "ZeroDivisionError", message: "division by zero" });
    await assert.rejects(run("def"), { name: "SyntaxError" });
  });

  it("has what it was given, and nothing of the host", async () => {
    assert.equal(await run("import os\nos.environ['GREETING']"), "hello");
    assert.equal(await run("'PATH' in os.environ and '/usr' in os.environ['PATH']"), false);
    assert.equal(await run("hasattr(js, 'process')"), false);
    await assert.rejects(run("js.Function.new('return 1')"), /Code generation from strings/);
    await run("print('printed')");
    assert.equal(output, "printed\n");
  });

  it("connects nowhere, unless it is told where", async () => {
    const server = createServer((_request, response) => response.end("there"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const ask = `import urllib.request\nurllib.request.urlopen('http://127.0.0.1:${port}/').read().decode()`;
    await assert.rejects(run(ask), /outbound policy/);
    const other = await loadPyodide({ sealed: true, outbound: { allow: ["127.0.0.1"] } });
    assert.equal(await other.runPythonAsync(ask), "there");
    await other.terminate();
    server.close();
  });

  it("ends at once, and stays so", async () => {
    const other = await loadPyodide({ sealed: true });
    const ended = assert.rejects(other.runPythonAsync("while True: pass"), /lost/);
    await other.terminate();
    await ended;
    await assert.rejects(other.runPythonAsync("1"), /has ended/);
  });
});

it("options that cannot be are errors", async () => {
  const refused: [options: object, message: RegExp][] = [
    [{ sealed: "yes" }, /the option sealed is the string "yes"/],
    [{ sealed: true, indexURL: "/" }, /the option indexURL is none of a sealed/],
    [{ sealed: true, functions: 1 }, /the option functions is the number 1; expected object/],
    [{ sealed: true, functions: { "a b": () => 1 } }, /"a b" is no name of Python's/],
    [{ sealed: true, functions: { a: 1 } }, /functions: a is the number 1; expected function/],
    [{ sealed: true, maxFibers: 0 }, /maxFibers is 0/],
  ];
  for (const [options, message] of refused) {
    await assert.rejects(
      loadPyodide(options as never),
      (error) => error instanceof UserError && message.test(error.message),
    );
  }
});
