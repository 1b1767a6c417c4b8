// Requests that are nobody's, in an interpreter that is made ready: what the first request of a Worker would have V8 compile, look up and
// make is there then. Nothing of them is left but that: the Workers that answer are our own (blockon._rehearsal).
//
//   realm: rehearse --> the host sends requests with the id 0 and keeps the answers to itself     host: rehearsed(why) when all are answered
"use strict";
{
  const { bridge, on } = __blockon;

  /** @type {PromiseWithResolvers<string | null>} */
  let done;
  on("rehearsed", (why) => done.resolve(why));

  /**
   * A side module that has nothing, and asks for one of each kind of what such modules ask for: the memory and its places in it and in the
   * table, a function, its slot, and the address of an object.
   *
   *   (@dylink.0 (mem-info (memory 0 0) (table 0 0)))
   *   (import "env" "memory" (memory 0)) (import "env" "__memory_base" (global i32)) (import "env" "__table_base" (global i32))
   *   (import "env" "PyErr_Clear" (func)) (import "GOT.func" "PyErr_Clear" (global (mut i32)))
   *   (import "GOT.mem" "_Py_NoneStruct" (global (mut i32))) (func (export "__wasm_apply_data_relocs"))
   */
  const emptyLibrary =
    "AGFzbQEAAAAADwhkeWxpbmsuMAEEAAAAAAEEAWAAAAJ8BgNlbnYGbWVtb3J5AgAAA2Vudg1fX21lbW9yeV9iYXNlA38AA2VudgxfX3RhYmxlX2Jhc2UDfwAD" +
    "ZW52C1B5RXJyX0NsZWFyAAAIR09ULmZ1bmMLUHlFcnJfQ2xlYXIDfwEHR09ULm1lbQ5fUHlfTm9uZVN0cnVjdAN/AQMCAQAHHAEYX193YXNtX2FwcGx5X2Rh" +
    "dGFfcmVsb2NzAAEKBAECAAs=";
  const { fromBase64 } = Uint8Array;

  /** @param {any} pyodide That waits for a Worker's snapshot, whose side modules it loads then. */
  __blockon.rehearseLibrary = (pyodide) => {
    pyodide._api.blockonTryLibrary(new WebAssembly.Module(fromBase64(emptyLibrary)));
  };

  /**
   * @param {any} pyodide @param {readonly string[]} features
   * @param {(answer: any) => void} answerBy Has requests answered by that function of Python's.
   */
  const rehearse = async (pyodide, features, answerBy) => {
    const rehearsal = pyodide.pyimport("blockon._rehearsal");
    const given = pyodide.toPy(features);
    const found = rehearsal.sources(given);
    const sources = found.toJs();
    given.destroy();
    found.destroy();
    try {
      for (const source of sources) {
        const answer = rehearsal.begin(source);
        try {
          answerBy(answer);
          done = Promise.withResolvers();
          bridge.call("rehearse");
          const why = await done.promise;
          if (why !== null) throw new Error(`a request of nobody's was not answered: ${why}`);
        } finally {
          answerBy(undefined);
          answer.destroy();
          rehearsal.end();
        }
      }
    } finally {
      rehearsal.destroy();
    }
  };

  /** Until CPython has specialized what a start runs once. */
  const starts = 8;
  /** What goes on behind an answer has so long to end. */
  const mostTurns = 200;
  const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

  /**
   * Before the snapshot that all begin with is taken: interpreters that begin with it then write to few of its pages.
   * @param {any} pyodide @param {object} helpers Python's _blockon_host. @param {object} pythonEnv
   * @param {(callable: any, ...values: any[]) => any} callPython
   * @param {(answer: any) => void} answerBy As for rehearse().
   */
  const rehearseStarts = async (pyodide, helpers, pythonEnv, callPython, answerBy) => {
    const rehearsal = pyodide.pyimport("blockon._rehearsal");
    const snapshot = pyodide.pyimport("blockon._snapshot");
    const pages = pyodide.pyimport("blockon._shared_pages");
    const found = rehearsal.kinds();
    const kinds = found.toJs();
    found.destroy();
    for (let i = 0; i < starts; i++) {
      // What writes to its code now will do so for ever.
      if (i === starts - 1) pages.watch_code();
      for (const features of kinds) {
        // As the glue does.
        pyodide._api.runPythonInternal("import builtins; builtins.__dict__").destroy();
        rehearsal.start();
        pyodide.registerJsModule("_blockon_host", helpers);
        snapshot.resume(JSON.stringify(pythonEnv));
        const entry = pyodide.pyimport("blockon._entry");
        const given = pyodide.toPy(features);
        await callPython(entry.prepare, given, []);
        await rehearse(pyodide, features, answerBy);
        rehearsal.leave(given);
        given.destroy();
        entry.destroy();
        pyodide.unregisterJsModule("_blockon_host");
      }
    }
    for (let i = 0; i < mostTurns && snapshot.is_busy(); i++) await turn();
    for (const each of [rehearsal, snapshot, pages]) each.destroy();
  };
  Object.assign(__blockon, { rehearse, rehearseStarts });
}
