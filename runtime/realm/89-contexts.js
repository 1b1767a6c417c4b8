// ExecutionContext, which a handler gets with its event: what it gives to waitUntil, and the Worker's exports.
"use strict";
{
  const { bridge, newExports } = __blockon;

  const textOf = (error) => {
    if (error instanceof Error) {
      // A PythonError's message is the traceback; its JavaScript stack is the interpreter's.
      return error.name === "PythonError" ? error.message.trimEnd() : (error.stack ?? String(error));
    }
    return String(error);
  };

  /** Pyodide's PyProxy, from when it is there. */
  let proxyClass;

  /** Waits for an awaitable of either language. A proxy of Python's that was passed ends with that call: it is copied. */
  const finish = async (awaitable) => {
    if (!(awaitable instanceof proxyClass)) return awaitable;
    const kept = awaitable.copy();
    try {
      return await kept;
    } finally {
      kept.destroy();
    }
  };

  /** How many goes on of what was given to waitUntil. */
  let lasting = 0;
  /** Told of the first and of the last. @type {(lasting: boolean) => void} */
  let tell = () => {};
  const last = async (awaitable) => {
    if (lasting++ === 0) tell(true);
    try {
      await finish(awaitable);
    } catch (error) {
      bridge.call("log", "error", `waitUntil: ${textOf(error)}`);
    }
    if (--lasting === 0) tell(false);
  };

  /** The names of what contexts have as `exports`: a list of Python's; undefined for none. */
  let exportNames = () => undefined;
  const exportsNow = () => {
    const names = exportNames();
    if (names === undefined) return undefined;
    try {
      return newExports(names.toJs());
    } finally {
      names.destroy();
    }
  };

  class ExecutionContext {
    /** What the caller's binding says of it. */
    props;

    constructor(props) {
      this.props = props;
    }

    get exports() {
      return exportsNow();
    }

    waitUntil(awaitable) {
      last(awaitable);
    }

    passThroughOnException() {}

    get [Symbol.toStringTag]() {
      return "ExecutionContext";
    }
  }
  const newContext = (props = {}) => new ExecutionContext(props);

  Object.assign(__blockon, {
    textOf,
    newContext,
    exportsNow,
    last,
    haveExports(names) {
      exportNames = names;
    },
    /** How many promises given to waitUntil go on. */
    lastingUnderWay: () => lasting,
    tellLasting(told) {
      tell = told;
    },
    setProxyClass(found) {
      proxyClass = found;
    },
  });
}
