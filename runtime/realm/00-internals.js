// The internal object __blockon: what the scripts of this folder share while they set up a Worker's realm. They run in the
// order of their names, each once, before any of the Worker's code; 90-boot.js takes what it needs and deletes it.
//
// Two hidden properties were put here by the addon: __blockonBridge (jspi/engine/bridge.h), the only way out of the realm,
// and __blockonEngine, the imports of the wasm module "blockon". Everything else in this realm is born in it.
"use strict";
{
  const bridge = globalThis.__blockonBridge;
  const engine = globalThis.__blockonEngine;
  delete globalThis.__blockonBridge;
  delete globalThis.__blockonEngine;

  // These two lead into Node's JavaScript, which would await what it is given and answer with errors of its own.
  delete WebAssembly.compileStreaming;
  delete WebAssembly.instantiateStreaming;

  /** What the host sends, by operation. @type {Map<string, (...values: any[]) => any>} */
  const listeners = new Map();
  bridge.listen((op, ...values) => {
    const listener = listeners.get(op);
    if (listener === undefined) throw new Error(`the realm does not know the operation ${op}`);
    return listener(...values);
  });

  const internals = {
    bridge,
    engine,
    /** @param {string} op @param {(...values: any[]) => any} listener */
    on(op, listener) {
      listeners.set(op, listener);
    },
    /** Defines a property as web interfaces are defined on a global object. @param {string} name @param {any} value */
    expose(name, value) {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
      internals.exposed.push(name);
      internals.onExpose(value);
    },
    /** The names of what was exposed. @type {string[]} */
    exposed: [],
    /** Called when the checkpoint is taken to which the interpreter is reset (89-resets.js). @type {(() => void)[]} */
    whenTaken: [],
    /** Called when it was reset. @type {(() => void)[]} */
    whenReset: [],
    /** Called with what is exposed from now on. @type {(value: any) => void} */
    onExpose() {},
  };
  Object.defineProperty(globalThis, "__blockon", { configurable: true, value: internals });
}
