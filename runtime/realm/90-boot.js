// Starts Python in this realm and answers requests: the last script, after which __blockon is gone.
//
//   host: boot(options) --> loadPyodide: an interpreter, nobody's yet     realm: waiting, if it may go on with another memory; prepared | failed
//   host: place(options) --> that memory is there, or none, and where the files of its Worker are
//   host: bind(options) --> a Worker's bindings; before boot, where the interpreter begins with that Worker's snapshot
//   host: settle(options) --> that Worker's files and module              realm: ready | failed
//   host: request(...)  --> the Worker's handler, on a fiber of its own  realm: response ... (86-exchanges.js)
//   host: end(number, text) --> ends a request where it waits
//   host: fibers(stacks) --> what the live fibers do, from the event loop  realm: fibers | fibers.error
//
// An error's text goes to the host's log; what a client is told is the server's to say.
"use strict";
{
  const {
    bridge,
    engine,
    on,
    createPyodideModule,
    loadPyodide,
    asset,
    mountFiles,
    mountImages,
    imagePlaces,
    limitStorage,
  } = __blockon;
  const { newService, newKvNamespace, newWorkerService, newAssets, onRequest, exchangeApi, serveEvents } = __blockon;
  const { servers, setCallDepth, connect, newQueue, batches, runSandbox } = __blockon;
  const { newContext, exportsNow, haveExports, last, tellLasting, setProxyClass, textOf } = __blockon;
  const { beginSnapshot, beginClock, noteNames, finding } = __blockon;
  const { newResets, timersUnderWay, exchangesUnderWay, lastingUnderWay, whenReset } = __blockon;
  const { rehearse, rehearseLibrary, rehearseStarts } = __blockon;
  delete globalThis.__blockon;
  // A Worker may put others in their places.
  const { Request, Response, TextDecoder } = globalThis;

  const lockFileContents = () => new TextDecoder().decode(asset("pyodide-lock.json"));
  let entry;
  /** Python's function for a request: asking the module for it makes a proxy each time. */
  let answer;
  /** What the Worker's bindings are; Python may have it before they are there. */
  let env = {};
  /** What a snapshot is to be made without: names that are none of the bindings'. @type {(() => string[]) | undefined} */
  let missingNames;
  /** blockon._deadlock of Python. */
  let deadlock;
  /** Loads the Worker's module, where it was not there at the start. */
  let loadModule;
  let gateOpen = false;
  /** What resets the interpreter, where that was asked for: of the realm, of the glue, and blockon._resets of Python. */
  let resets;
  let glue;
  let resetsOfPython;

  /** Passes text on as it is written: the host makes lines of it. A character may come in two pieces. */
  const writeTo = (stream) => {
    /** @type {TextDecoder | undefined} */
    let decoder;
    whenReset.push(() => {
      decoder = undefined;
    });
    return (bytes) => {
      decoder ??= new TextDecoder();
      const text = decoder.decode(bytes, { stream: true });
      if (text !== "") bridge.call("write", stream, text);
      return bytes.length;
    };
  };

  let pyodide;
  /** Whether the interpreter began with a snapshot. */
  let isRestored = false;
  /** Whether that was the Worker's own: its top level has run, and what it made is in the memory. */
  let isLoaded = false;
  /** Whether the snapshot of a Worker is to be made. */
  let makesSnapshot = false;
  /** Whether the engine has no part in it. */
  let isOlder = false;
  /** What is in sys.path before the Worker's is. @type {string[]} */
  let pathBefore = [];
  /** @param {number} bytes What Python's memory may grow to. */
  const limitHeap = (bytes) => {
    pyodide._module.blockonHeapMax = bytes;
  };
  /** What Python's `_blockon_host` has; its sandbox comes with the bindings. */
  const helpers = { exchange: exchangeApi, servers, batches, limitHeap };
  /** What references of a Worker's snapshot are found from. */
  const roots = { js: globalThis, host: helpers, env };
  /** Has Python know the Worker's features. @type {() => Promise<void>} */
  let enable;
  /** Where the Worker's files are, when the host says so. @type {PromiseWithResolvers<object>} */
  const given = Promise.withResolvers();
  on("place", (json) => given.resolve(JSON.parse(json)));

  /** The interpreter, with nothing of a Worker's. */
  const prepare = async (options) => {
    gateOpen = options.gateOpen;
    if (options.time !== null) beginClock(options.time);
    isOlder = options.older !== null;
    if (options.features.includes("enable_ctx_exports")) haveExports(() => entry?.exports());
    isRestored = engine.snapshot_notes() !== undefined;
    const limitFiles = (FS) => {
      if (options.storageMib !== null) limitStorage(FS, options.storageMib * 2 ** 20);
    };
    let { place } = options;
    const pythonEnv = { HOME: "/session", PYTHONDONTWRITEBYTECODE: "1", ...options.pythonEnv };
    const loading = loadPyodide({
      createPyodideModule,
      blockonEngine: engine,
      indexURL: "/",
      packageBaseUrl: "/",
      // Read when somebody asks (patches/314.0.7/0065-lock-file.toml).
      lockFileContents: isOlder ? lockFileContents() : Object.assign(lockFileContents, { isRestored }),
      jsglobals: globalThis,
      env: pythonEnv,
      args: [],
      _makeSnapshot: options.makesSnapshot === "python",
      _snapshotDeserializer: finding(roots),
      // Side modules that a Worker's snapshot has are among its files (patches/314.0.7/0060-snapshots.toml).
      mountWorker: (FS) => {
        if (!options.waits) limitFiles(FS);
        mountWorker(FS, place);
      },
      imagePlaces,
      // Of older Pyodides, which the engine has no part in.
      ...(options.older !== null && { maxFibers: options.older.maxFibers }),
    });
    if (isRestored) loading.catch((error) => bridge.call("snapshot.refused", textOf(error)));
    pyodide = await loading;
    engine.seal_memories();
    if (options.makesSnapshot === "python") return await makeSnapshot(options, pythonEnv);
    makesSnapshot = options.makesSnapshot === "worker";
    if (makesSnapshot && options.time !== null) {
      [env, missingNames] = noteNames(env);
      roots.env = env;
    }
    isLoaded = pyodide._api.blockonWorker === true;
    pyodide._api.on_fatal = (error) => bridge.call("fatal", textOf(error));
    pyodide.setStdout({ write: writeTo("stdout") });
    pyodide.setStderr({ write: writeTo("stderr") });
    // Of an older Pyodide that can block (patches/0.28.3/0010-fibers.toml).
    pyodide._module.blockonFibers?.begin();
    setProxyClass(pyodide.ffi.PyProxy);
    if (!isLoaded) limitFiles(pyodide.FS);
    if (options.older !== null) {
      const older = pyodide.pyimport("blockon._older");
      older.install(options.older.name, options.older.choose, options.older.whyNoRunSync ?? undefined);
      older.destroy();
    }
    if (isLoaded) return;
    pyodide.registerJsModule("_blockon_host", helpers);
    if (isRestored) callSnapshot("_snapshot", "resume", JSON.stringify(pythonEnv));
    entry = pyodide.pyimport("blockon._entry");
    pathBefore = options.waits ? [] : options.path;
    if (pathBefore.length > 0) {
      mount(pyodide.FS, options);
      extendPath(pathBefore);
    }
    if (options.waits || makesSnapshot) pyodide._api.blockonBegin(options.waits);
    enable = () =>
      callWith([options.features, options.preload], (features, preload) =>
        callPython(entry.prepare, features, preload),
      );
    // Python looks for nothing there yet.
    if (options.waits) mount(pyodide.FS, options);
    if (!makesSnapshot) await enable();
    if (options.rehearses) {
      await trySettling();
      await rehearse(pyodide, options.features, (next) => {
        answer = next;
      });
    }
    if (options.waits) {
      rehearseLibrary(pyodide);
      bridge.call("waiting");
      place = await given.promise;
      isLoaded = takeMemory();
    }
  };

  /** Has it go on with the memory of the Worker's snapshot. False where there is none, or it cannot. */
  const takeMemory = () => {
    const tell = (why) =>
      bridge.call(
        "log",
        "info",
        `the Worker is loaded, though it has a snapshot: the interpreter cannot go on with it, as ${why}`,
      );
    try {
      return pyodide._api.blockonTakeMemory(finding(roots), tell);
    } catch (error) {
      bridge.call("snapshot.refused", textOf(error));
      throw error;
    }
  };

  const bind = (options) => {
    Object.assign(env, options.env);
    for (const name of options.services) env[name] = newService(name);
    for (const name of options.kvNamespaces) env[name] = newKvNamespace(name);
    for (const name of options.queues) env[name] = newQueue(name);
    for (const name of options.workerServices) env[name] = newWorkerService(name);
    if (options.assets !== null) env[options.assets] = newAssets();
    helpers.sandbox = options.sandbox === null ? undefined : { ...options.sandbox, run: runSandbox };
  };

  /** From now on it is this Worker's: its files, its module. */
  const settle = async (options) => {
    if (!isLoaded) mountWorker(pyodide.FS, options);
    loadModule = async (main, preload) => {
      mountFiles(pyodide.FS);
      const live = pyodide.pyimport("blockon._live");
      try {
        return await callWith([preload], (names) => callPython(live.load, main, names));
      } finally {
        live.destroy();
      }
    };
    if (isLoaded) {
      try {
        callSnapshot("_snapshot_worker", "resume");
      } catch (error) {
        // It starts without.
        bridge.call("snapshot.refused", textOf(error));
        throw error;
      }
      entry = pyodide.pyimport("blockon._entry");
    } else {
      const path = options.path.filter((each) => !pathBefore.includes(each));
      if (isRestored) callSnapshot("_snapshot", "settle", JSON.stringify(path));
      else extendPath(path);
    }
    if (options.terminal) {
      const breakpoints = pyodide.pyimport("blockon._breakpoints");
      breakpoints.install(terminalLines);
      breakpoints.destroy();
    }
    setCallDepth(entry.call_depth, entry.call_number);
    // A snapshot holds no function of the realm's: who begins with it is told anew.
    if (options.tellsLasting && !makesSnapshot) {
      tellLasting((lasting) => bridge.call("lasting", lasting));
      entry.tell_lasting(last);
    }
    answer = entry.answering(env);
    if (!isOlder) deadlock = pyodide.pyimport("blockon._deadlock");
    if (isLoaded) return;
    const finishSnapshot = makesSnapshot ? beginSnapshot(pyodide, roots, missingNames) : undefined;
    if (makesSnapshot) await enable();
    if (options.resets && isRestored) {
      const { watch, prepare, generators, leave } = pyodide.pyimport("blockon._resets");
      resetsOfPython = { prepare, generators, leave };
      watch();
      glue = pyodide._module.blockonResets;
      resets = newResets(
        glue,
        pyodide._api.isPyProxy,
        [
          ["env", env],
          ["_blockon_host", helpers],
        ],
        (object) => object === env,
      );
      resets.note();
      bridge.call("resets.watch");
    }
    // The Worker's top level may block too.
    await callPython(entry.load, options.main, options.outboundFetch, options.threadGraceSeconds);
    await finishSnapshot?.();
  };

  /** What settle() does, for nobody: as with rehearsed requests, nothing is left but what V8, CPython and the system have learnt. */
  const trySettling = async () => {
    const { FS } = pyodide;
    bridge.call("rehearse.settling");
    mountWorker(FS, { mounts: [], firstImage: 0, folder: FS.cwd() });
    callSnapshot("_snapshot", "settle", "[]");
    for (const each of [entry.call_depth, entry.call_number, pyodide.pyimport("blockon._deadlock")]) each.destroy();
    await callPython(entry.load, "", true, 0);
  };

  /** By requests that are nobody's. */
  const prepareResets = () =>
    resetsOfPython.prepare(
      new Request("http://localhost/"),
      newContext(),
      exchangeApi.newResponse(200, "", "[]", new Uint8Array(0)),
    );

  const generatorsNow = () => {
    const found = resetsOfPython.generators();
    try {
      return found.toJs({ create_proxies: false });
    } finally {
      found.destroy();
    }
  };

  /** Takes the checkpoint to which the interpreter is reset after each request. Why there is none, or null. */
  const takeCheckpoint = () => {
    if (resets === undefined) return "there is no snapshot to begin with";
    let why;
    try {
      why = bridge.call("resets.entropy") ?? prepareResets() ?? resets.take(generatorsNow()) ?? null;
    } catch (error) {
      why = textOf(error);
    }
    if (why !== null) resets = undefined;
    return why;
  };

  let hasLeft = false;

  /**
   * Has it end what it can before a reset: lifespans, timers of the event loop. Why it cannot yet, of which runtime/worker/resets.ts knows what
   * it means: it was given something, or its lifespans end, of which the host is told.
   */
  const prepareReset = () => {
    if (exchangesUnderWay() + lastingUnderWay() > 0) return "it was given something";
    if (!hasLeft && glue.hasUnwritten() && resetsOfPython.leave()) {
      hasLeft = true;
      callPython(entry.stop).then(
        () => bridge.call("reset.left", null),
        (error) => bridge.call("reset.left", textOf(error)),
      );
      return "its lifespans end";
    }
    glue.prepare();
    return null;
  };

  /** Resets it. Why it cannot be, or cannot yet, or null; when this throws, nobody may go on with it. */
  const reset = () => {
    if (resets === undefined) return "it has no checkpoint";
    const notYet = prepareReset();
    if (notYet !== null) return notYet;
    if (timersUnderWay() > 0 || !glue.isIdle()) return "something goes on";
    const why = glue.why() ?? resets.why();
    if (why !== undefined) return why;
    resets.restore();
    hasLeft = false;
    return null;
  };

  /** Has the interpreter find files. @param {object} FS @param {{mounts: string[], firstImage: number}} options */
  const mount = (FS, { mounts, firstImage }) => {
    mountImages(FS, mounts, firstImage);
    mountFiles(FS);
  };

  /** The same of a Worker's, in whose folder it is. @param {object} FS @param {{mounts: string[], firstImage: number, folder: string}} place */
  const mountWorker = (FS, place) => {
    mount(FS, place);
    FS.mkdirTree(place.folder);
    FS.chdir(place.folder);
  };

  /** @param {string[]} path What is to be first in sys.path. */
  const extendPath = (path) => {
    const sys = pyodide.pyimport("sys");
    for (const each of [...path].reverse()) sys.path.insert(0, each);
    sys.destroy();
  };

  /** @param {string} module Of blockon. @param {"resume" | "settle"} name @param {...string} values */
  const callSnapshot = (module, name, ...values) => {
    const snapshot = pyodide.pyimport(`blockon.${module}`);
    snapshot[name](...values);
    snapshot.destroy();
  };

  /** Python's lists of these are there as long as the call. @param {string[][]} lists @param {Function} call */
  const callWith = async (lists, call) => {
    const proxies = lists.map((each) => pyodide.toPy(each));
    try {
      return await call(...proxies);
    } finally {
      for (const each of proxies) each.destroy();
    }
  };

  /** Writes the interpreter's memory to the file that the host has named (patches/314.0.7/0060-snapshots.toml). */
  const makeSnapshot = async (options, pythonEnv) => {
    mount(pyodide.FS, options);
    callSnapshot("_snapshot", "prepare", JSON.stringify(options.path));
    setProxyClass(pyodide.ffi.PyProxy);
    // What is to be the same byte for byte runs nothing that goes by turns of the event loop, and by when V8 collects.
    if (options.time === null) {
      await rehearseStarts(pyodide, helpers, pythonEnv, callPython, (next) => {
        answer = next;
      });
    }
    callSnapshot("_snapshot", "finish");
    pyodide._api.makeSnapshot();
  };

  const callPython = async (callable, ...values) =>
    gateOpen ? await callable.callPromising(...values) : await callable(...values);

  /** What workers-runtime-sdk knows as _pyodide_entrypoint_helper. */
  helpers.entrypointHelper = {
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
  helpers.report = (name, bytes) => bridge.call("report", name, bytes);

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
    callFunction: (value, method, values, depth, number) =>
      callPython(entry.call_function, value, method, values, number, depth),
    stop: () => callPython(entry.stop),
    load: (main, preload) => loadModule(main, preload),
    textOf,
  });

  on("reset", () => reset());
  on("reset.prepare", () => (resets === undefined ? null : prepareReset()));

  /** Resolves when there is an interpreter; what it fails with was told. @type {Promise<boolean>} */
  let prepared;
  on("boot", (json) => {
    const options = JSON.parse(json);
    prepared = prepare(options).then(
      () => {
        bridge.call(options.makesSnapshot === "python" ? "ready" : "prepared");
        return true;
      },
      (error) => {
        bridge.call("failed", textOf(error));
        return false;
      },
    );
  });
  on("bind", (json) => bind(JSON.parse(json)));
  on("settle", (json) => {
    prepared.then(async (isPrepared) => {
      if (!isPrepared) return;
      try {
        const options = JSON.parse(json);
        await settle(options);
        // When the work that loaded the module has ended, too.
        if (options.resets) setImmediate(() => bridge.call("ready", takeCheckpoint()));
        else bridge.call("ready");
      } catch (error) {
        bridge.call("failed", textOf(error));
      }
    });
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
