// A snapshot of the Worker, in the realm of the thread that makes it: what its top level left in JavaScript and in the files is looked
// at, and Python's memory is written where there is nothing that the next realm could not have.
"use strict";
{
  const { bridge, describing, globalsNow, changedGlobals } = __blockon;
  /** What goes on behind the top level has so long to end. */
  const mostTurns = 200;

  /** The files, but for those that are not kept anywhere. @returns {Map<string, number>} the times of their changes */
  const filesNow = (FS) => {
    const files = new Map();
    const visit = (folder, path) => {
      for (const [name, node] of Object.entries(folder.contents ?? {})) {
        const own = `${path}/${name}`;
        if (["/dev", "/proc"].includes(own)) continue;
        if (FS.isDir(node.mode)) visit(node, own);
        else files.set(own, Number(node.mtime));
      }
    };
    visit(FS.root, "");
    return files;
  };

  /**
   * Notes what is taken of JavaScript's randomness, which would be the same in all that begin with the snapshot. What Python takes goes into its
   * own memory, and is noted there.
   * @param {{HEAPU8: Uint8Array}} module Pyodide's.
   * @returns {() => string[]} ends it, and gives the names
   */
  const noteRandomness = (module) => {
    const taken = new Set();
    const nativeRandom = Math.random;
    const { getRandomValues, randomUUID } = Object.getPrototypeOf(crypto);
    Math.random = function random() {
      taken.add("js.Math.random");
      return nativeRandom();
    };
    const own = (name, value) => Object.defineProperty(crypto, name, { configurable: true, writable: true, value });
    own("getRandomValues", function (view) {
      if (view?.buffer !== module.HEAPU8.buffer) taken.add("js.crypto.getRandomValues");
      return getRandomValues.call(this, view);
    });
    own("randomUUID", function () {
      taken.add("js.crypto.randomUUID");
      return randomUUID.call(this);
    });
    return () => {
      Math.random = nativeRandom;
      delete crypto.getRandomValues;
      delete crypto.randomUUID;
      return [...taken];
    };
  };

  /**
   * Has this realm's clock begin at a time, and go by the host's.
   * @param {number} time In milliseconds since 1970.
   */
  const beginClock = (time) => {
    const value = () => Math.floor(time + performance.now());
    Object.defineProperty(Date, "now", { configurable: true, writable: true, value });
  };

  /** What the glue looks for in each object that Python sees. */
  const ofGlue = new Set(
    "constructor get has includes length name next return set size then throw toString".split(" "),
  );

  /**
   * Notes for which names the Worker asks its bindings, where they have none of that name: it may be a secret's, which whoever serves has.
   * @param {object} env
   * @returns {[object, () => string[]]} What is asked in its place, and what ends it and gives the lines.
   */
  const noteNames = (env) => {
    const lines = new Set();
    let isOn = true;
    const note = (target, name) => {
      if (!isOn || typeof name !== "string" || Object.hasOwn(target, name)) return;
      if (ofGlue.has(name) || /^__.*__$/.test(name)) return;
      lines.add(`the top level asks for env.${name}, which the configuration does not have: a secret is not packed`);
    };
    const asked = new Proxy(env, {
      get(target, name, receiver) {
        note(target, name);
        return Reflect.get(target, name, receiver);
      },
      has(target, name) {
        note(target, name);
        return Reflect.has(target, name);
      },
      getOwnPropertyDescriptor(target, name) {
        note(target, name);
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
      ownKeys(target) {
        if (isOn) lines.add("the top level asks for all names of env, which secrets are among: they are not packed");
        return Reflect.ownKeys(target);
      },
    });
    return [
      asked,
      () => {
        isOn = false;
        return [...lines];
      },
    ];
  };

  const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

  /**
   * @param {{[name: string]: object}} roots What references are found from.
   * @param {() => string[]} missingNames Of bindings that the snapshot is to be made without.
   */
  const beginSnapshot = (pyodide, roots, missingNames = () => []) => {
    const worker = pyodide.pyimport("blockon._snapshot_worker");
    const files = filesNow(pyodide.FS);
    const globals = globalsNow();
    const randomness = noteRandomness(pyodide._module);
    worker.begin();

    const lines = () => {
      const found = [...missingNames(), ...JSON.parse(worker.prepare())];
      for (const name of randomness()) found.push(`${name} is called at the top level`);
      for (const [file, time] of filesNow(pyodide.FS)) {
        if (files.get(file) !== time) found.push(`the top level writes the file ${file}`);
      }
      for (const name of changedGlobals(globals)) found.push(`the top level sets js.${name}`);
      for (const operation of JSON.parse(bridge.call("snapshot.asked"))) {
        found.push(`the top level asks the host for ${operation}`);
      }
      return found;
    };

    const lostLines = () => {
      const lost = [];
      pyodide._api.serializeHiwireState(describing(roots, pyodide, lost));
      if (lost.length === 0) return [];
      const given = pyodide.toPy(lost, { depth: 1 });
      try {
        return JSON.parse(worker.lost(given));
      } finally {
        given.destroy();
      }
    };

    return async () => {
      for (let i = 0; i < mostTurns && worker.is_busy(); i++) await turn();
      const refusals = lines();
      if (refusals.length === 0) refusals.push(...lostLines());
      if (refusals.length > 0) {
        bridge.call("snapshot.impossible", JSON.stringify(refusals));
        return;
      }
      pyodide._api.config._makeSnapshot = true;
      pyodide._api.blockonSaving = { worker: true };
      pyodide._api.makeSnapshot(describing(roots, pyodide, []));
    };
  };

  Object.assign(__blockon, { beginSnapshot, beginClock, noteNames });
}
