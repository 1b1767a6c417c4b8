// Starts Python in this realm and answers requests: the last script, after which __blockon is gone.
//
//   host: boot(options) --> loadPyodide, files, the Worker's module      realm: ready | failed
//   host: request(...)  --> the Worker's handler, on a fiber of its own  realm: response ... (86-exchanges.js)
//   host: end(number, text) --> ends a request where it waits
//   host: fibers(stacks) --> what the live fibers do, from the event loop  realm: fibers | fibers.error
//
// An error's text goes to the host's log; what a client is told is the server's to say.
"use strict";
{
  const { bridge, engine, on, createPyodideModule, loadPyodide, asset, mountFiles, mountImages, limitStorage } =
    __blockon;
  const { newService, newKvNamespace, newWorkerService, newAssets, onRequest, exchangeApi, serveEvents } = __blockon;
  const { servers, setCallDepth, connect, newQueue, batches, newExports, runSandbox } = __blockon;
  const { beginSnapshot, finding } = __blockon;
  delete globalThis.__blockon;

  const lockFileContents = () => new TextDecoder().decode(asset("pyodide-lock.json"));
  const textOf = (error) => {
    if (error instanceof Error) {
      // A PythonError's message is the traceback; its JavaScript stack is the interpreter's.
      return error.name === "PythonError" ? error.message.trimEnd() : (error.stack ?? String(error));
    }
    return String(error);
  };

  let entry;
  /** Python's function for a request: asking the module for it makes a proxy each time. */
  let answer;
  let env;
  /** blockon._deadlock of Python. */
  let deadlock;
  /** Loads the Worker's module, where it was not there at the start. */
  let loadModule;
  let gateOpen = false;
  /** Pyodide's PyProxy. */
  let proxyClass;

  /** Passes text on as it is written: the host makes lines of it. A character may come in two pieces. */
  const writeTo = (stream) => {
    const decoder = new TextDecoder();
    return (bytes) => {
      const text = decoder.decode(bytes, { stream: true });
      if (text !== "") bridge.call("write", stream, text);
      return bytes.length;
    };
  };

  const start = async (options) => {
    gateOpen = options.gateOpen;
    hasExports = options.features.includes("enable_ctx_exports");
    tellsLasting = options.tellsLasting;
    env = options.env;
    for (const name of options.services) env[name] = newService(name);
    for (const name of options.kvNamespaces) env[name] = newKvNamespace(name);
    for (const name of options.queues) env[name] = newQueue(name);
    for (const name of options.workerServices) env[name] = newWorkerService(name);
    if (options.assets !== null) env[options.assets] = newAssets();
    const isRestored = engine.snapshot_notes() !== undefined;
    let module;
    /** @param {number} bytes What Python's memory may grow to. */
    const limitHeap = (bytes) => {
      module.blockonHeapMax = bytes;
    };
    const sandbox = options.sandbox === null ? undefined : { ...options.sandbox, run: runSandbox };
    const helpers = { entrypointHelper, exchange: exchangeApi, servers, batches, report, sandbox, limitHeap };
    /** What references of a Worker's snapshot are found from. */
    const roots = { js: globalThis, host: helpers, env };
    const pythonEnv = { HOME: "/session", PYTHONDONTWRITEBYTECODE: "1", ...options.pythonEnv };
    const loading = loadPyodide({
      createPyodideModule,
      blockonEngine: engine,
      indexURL: "/",
      packageBaseUrl: "/",
      lockFileContents: lockFileContents(),
      jsglobals: globalThis,
      env: pythonEnv,
      args: [],
      _makeSnapshot: options.makesSnapshot === "python",
      _snapshotDeserializer: finding(roots),
      // Of older Pyodides, which the engine has no part in.
      ...(options.older !== null && { maxFibers: options.older.maxFibers }),
    });
    if (isRestored) loading.catch((error) => bridge.call("snapshot.refused", textOf(error)));
    const pyodide = await loading;
    if (options.makesSnapshot === "python") return makeSnapshot(pyodide);
    module = pyodide._module;
    /** The Worker's top level has run: what it made is in the memory. */
    const isLoaded = pyodide._api.blockonWorker === true;
    pyodide._api.on_fatal = (error) => bridge.call("fatal", textOf(error));
    pyodide.setStdout({ write: writeTo("stdout") });
    pyodide.setStderr({ write: writeTo("stderr") });
    // Of an older Pyodide that can block (patches/0.28.3/0010-fibers.toml).
    pyodide._module.blockonFibers?.begin();
    proxyClass = pyodide.ffi.PyProxy;
    if (options.storageMib !== null) limitStorage(pyodide.FS, options.storageMib * 2 ** 20);
    mountImages(pyodide.FS, options.mounts);
    mountFiles(pyodide.FS);
    pyodide.FS.mkdirTree(options.folder);
    pyodide.FS.chdir(options.folder);
    loadModule = async (main, preload) => {
      mountFiles(pyodide.FS);
      const live = pyodide.pyimport("blockon._live");
      const names = pyodide.toPy(preload);
      try {
        return await callPython(live.load, main, names);
      } finally {
        names.destroy();
        live.destroy();
      }
    };
    if (options.older !== null) {
      const older = pyodide.pyimport("blockon._older");
      older.install(options.older.name, options.older.choose, options.older.whyNoRunSync ?? undefined);
      older.destroy();
    }
    if (isLoaded) {
      const snapshot = pyodide.pyimport("blockon._snapshot_worker");
      snapshot.resume();
      snapshot.destroy();
    } else {
      pyodide.registerJsModule("_blockon_host", helpers);
      const sys = pyodide.pyimport("sys");
      for (const path of [...options.path].reverse()) sys.path.insert(0, path);
      sys.destroy();
    }
    if (isRestored && !isLoaded) {
      const snapshot = pyodide.pyimport("blockon._snapshot");
      snapshot.resume(JSON.stringify(pythonEnv), JSON.stringify(options.path));
      snapshot.destroy();
    }
    if (options.terminal) {
      const breakpoints = pyodide.pyimport("blockon._breakpoints");
      breakpoints.install(terminalLines);
      breakpoints.destroy();
    }
    entry = pyodide.pyimport("blockon._entry");
    setCallDepth(entry.call_depth, entry.call_number);
    if (tellsLasting) entry.tell_lasting(last);
    answer = entry.answering(env);
    if (options.older === null) deadlock = pyodide.pyimport("blockon._deadlock");
    if (isLoaded) return;
    const finishSnapshot = options.makesSnapshot === "worker" ? beginSnapshot(pyodide, roots) : undefined;
    const features = pyodide.toPy(options.features);
    try {
      // The Worker's top level may block too.
      await callPython(entry.load, options.main, features, options.outboundFetch, options.threadGraceSeconds);
    } finally {
      features.destroy();
    }
    await finishSnapshot?.();
  };

  /** Writes the interpreter's memory to the file that the host has named (patches/314.0.7/0060-snapshots.toml). */
  const makeSnapshot = (pyodide) => {
    const snapshot = pyodide.pyimport("blockon._snapshot");
    snapshot.prepare();
    snapshot.destroy();
    pyodide._api.makeSnapshot();
  };

  const callPython = async (callable, ...values) =>
    gateOpen ? await callable.callPromising(...values) : await callable(...values);

  /** What workers-runtime-sdk knows as _pyodide_entrypoint_helper. */
  const entrypointHelper = {
    async doAnImport(name) {
      throw new Error(`there is no JavaScript module ${name} in this runtime`);
    },
    cloudflareWorkersModule: {
      get env() {
        return env;
      },
      get exports() {
        return exportsNow();
      },
      waitUntil: (promise) => newContext().waitUntil(promise),
    },
    cloudflareSocketsModule: { connect },
    *patch_env_helper(changes) {
      const before = { ...env };
      Object.assign(env, changes);
      try {
        yield;
      } finally {
        for (const name of Object.keys(env)) delete env[name];
        Object.assign(env, before);
      }
    },
  };

  /** Those of the terminal that were asked for, the oldest first. @type {((result: object) => void)[]} */
  const waitingForLines = [];
  const terminalLines = {
    next() {
      bridge.call("line.ask");
      return new Promise((resolve) => waitingForLines.push(resolve));
    },
  };
  on("line", (text) => waitingForLines.shift()?.({ done: text === null, value: text ?? undefined }));

  /** A file of a program's, for whoever started it. @param {string} name @param {Uint8Array} bytes */
  const report = (name, bytes) => bridge.call("report", name, bytes);

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

  /** How many goes on of what was given to waitUntil. The host is told of the first and of the last, where it asks. */
  let lasting = 0;
  let tellsLasting = false;
  const last = async (awaitable) => {
    if (lasting++ === 0 && tellsLasting) bridge.call("lasting", true);
    try {
      await finish(awaitable);
    } catch (error) {
      bridge.call("log", "error", `waitUntil: ${textOf(error)}`);
    }
    if (--lasting === 0 && tellsLasting) bridge.call("lasting", false);
  };

  /** Whether contexts have `exports`. */
  let hasExports = false;
  const exportsNow = () => {
    if (!hasExports || entry === undefined) return undefined;
    const names = entry.exports();
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
  }
  const newContext = (props = {}) => new ExecutionContext(props);

  const handle = async (request, number) => {
    const response = gateOpen
      ? await answer.callPromising(request, newContext(), number)
      : await answer(request, newContext(), number);
    if (!(response instanceof Response)) {
      throw new TypeError(`the handler's answer is no Response but ${response === null ? "null" : typeof response}`);
    }
    if (response.bodyUsed) {
      throw new TypeError("the handler's answer was sent or read before: make a new Response for each request");
    }
    return response;
  };
  onRequest(handle, textOf);

  serveEvents({
    scheduled: (controller, number) => callPython(entry.scheduled, controller, env, newContext(), number),
    queue: (batch, number) => callPython(entry.queue, batch, env, newContext(), number),
    call: (entrypoint, method, values, depth, number, props) =>
      // The handler for requests has its own form, which is no method's where it is a function.
      entrypoint === "" && method === "fetch"
        ? callPython(entry.fetch, values[0], env, newContext(props), number, depth)
        : callPython(entry.call, entrypoint, method, values, env, newContext(props), number, depth),
    stop: () => callPython(entry.stop),
    load: (main, preload) => loadModule(main, preload),
    textOf,
  });

  on("boot", (json) => {
    start(JSON.parse(json)).then(
      () => bridge.call("ready"),
      (error) => bridge.call("failed", textOf(error)),
    );
  });
  // A request that is over a limit.
  on("end", (number, text) => entry.end_request(number, text));
  on("fibers", (stacks) => {
    try {
      if (entry === undefined) throw new Error("Python is starting");
      bridge.call("fibers", stacks, entry.report_fibers(stacks));
    } catch (error) {
      bridge.call("fibers.error", stacks, textOf(error));
    }
  });
  on("standstill", () => deadlock?.standstill() ?? -1);
  on("standstill.news", (seconds) => deadlock.news(seconds) ?? null);
  on("run", (name, json) => {
    callPython(entry.run, name, json).then(
      (code) => bridge.call("exit", Number(code)),
      (error) => bridge.call("failed", textOf(error)),
    );
  });
}
