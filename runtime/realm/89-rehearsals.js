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
  __blockon.rehearse = async (pyodide, features, answerBy) => {
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
}
