// JavaScript's objects that Python's memory has references to, described so that another realm finds or makes its own.
//
//   {root, path}       what is reached from one of the roots by that path: by the names of own properties, and 0 for the prototype
//   {proxy, ...}       a proxy of Python's own object at an address, which JavaScript held for it (create_proxy)
//   {plain}            a primitive, or arrays and objects of primitives and of each other (to_js)
//
// Any other object is this realm's alone: a snapshot of a Worker cannot hold it. Getters are not called: they may be the Worker's.
"use strict";
{
  const deepest = 5;
  const mostSteps = 50_000;

  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

  /** Where each object is, by the shortest path. @param {{[name: string]: object}} roots @param {(value: any) => boolean} isProxy */
  const placesOf = (roots, isProxy) => {
    const places = new Map();
    let queue = [];
    const add = (value, root, path) => {
      if (!isObject(value) || places.has(value) || isProxy(value) || ArrayBuffer.isView(value)) return;
      places.set(value, { root, path });
      queue.push(value);
    };
    for (const [name, object] of Object.entries(roots)) add(object, name, []);
    for (let depth = 0; depth < deepest && places.size < mostSteps; depth++) {
      const level = queue;
      queue = [];
      for (const object of level) {
        const { root, path } = places.get(object);
        for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
          add(value, root, [...path, name]);
        }
        add(Object.getPrototypeOf(object), root, [...path, 0]);
      }
    }
    return places;
  };

  /** A copy of plain data, undefined for anything else. */
  const plainOf = (value, depth = 0) => {
    if (value === undefined) return { isUndefined: true };
    if (value === null || ["string", "boolean"].includes(typeof value)) return { value };
    if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0) ? { value } : undefined;
    if (typeof value !== "object" || depth > deepest || Object.getOwnPropertySymbols(value).length > 0)
      return undefined;
    const prototype = Object.getPrototypeOf(value);
    const isArray = Array.isArray(value) && prototype === Array.prototype;
    if (!isArray && prototype !== Object.prototype && prototype !== null) return undefined;
    const entries = [];
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (isArray && name === "length") continue;
      if (!descriptor.writable || !descriptor.enumerable || !descriptor.configurable) return undefined;
      const copy = plainOf(descriptor.value, depth + 1);
      if (copy === undefined) return undefined;
      entries.push([name, copy]);
    }
    return isArray ? { array: entries, length: value.length } : { object: entries, bare: prototype === null };
  };

  const ofPlain = (plain) => {
    if (plain.isUndefined) return undefined;
    if ("value" in plain) return plain.value;
    const made = plain.array !== undefined ? [] : plain.bare ? Object.create(null) : {};
    if (plain.array !== undefined) made.length = plain.length;
    for (const [name, copy] of plain.array ?? plain.object) {
      Object.defineProperty(made, name, { value: ofPlain(copy), writable: true, enumerable: true, configurable: true });
    }
    return made;
  };

  /**
   * Describes objects, and puts into `lost` those that cannot be.
   * @param {{[name: string]: object}} roots @param {any} pyodide @param {object[]} lost
   */
  const describing = (roots, pyodide, lost) => {
    const { isPyProxy } = pyodide._api;
    const places = placesOf(roots, isPyProxy);
    // Its own functions; behind them is all of the interpreter.
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(pyodide))) {
      if (isObject(value) && !places.has(value)) places.set(value, { root: "pyodide", path: [name] });
    }
    places.set(pyodide, { root: "pyodide", path: [] });
    for (const name of Object.getOwnPropertyNames(Symbol)) {
      if (typeof Symbol[name] === "symbol") places.set(Symbol[name], { root: "js", path: ["Symbol", name] });
    }
    /** The same object is the same one again. */
    const described = new Map();
    const describe = (value) => {
      if (isPyProxy(value)) {
        const { shared, props } = pyodide._module.PyProxy_getAttrs(value);
        if (props.isBound || !shared.ptr) return undefined;
        return { proxy: shared.ptr, captureThis: props.captureThis, roundtrip: props.roundtrip };
      }
      const place = places.get(value);
      if (place !== undefined) return place;
      const plain = plainOf(value);
      return plain && { plain };
    };
    return (value) => {
      if (!described.has(value)) {
        const description = describe(value);
        if (description === undefined) lost.push(value);
        described.set(value, { number: described.size, ...description });
      }
      return described.get(value);
    };
  };

  /** Finds or makes what was described. @param {{[name: string]: object}} roots */
  const finding = (roots) => {
    const found = new Map();
    const find = ({ root, path, proxy, captureThis, roundtrip, plain }, api, module) => {
      if (proxy !== undefined) {
        return module.pyproxy_new(proxy, { props: { captureThis, roundtrip }, gcRegister: false });
      }
      if (plain !== undefined) return ofPlain(plain);
      const from = root === "pyodide" ? api.public_api : roots[root];
      const value = path.reduce((at, step) => (step === 0 ? Object.getPrototypeOf(at) : at[step]), from);
      if (value === undefined || value === null) throw new Error(`${root}.${path.join(".")} is not in this realm`);
      return value;
    };
    return (description, api, module) => {
      const { number } = description;
      if (!found.has(number)) found.set(number, find(description, api, module));
      return found.get(number);
    };
  };

  /** The own properties of the global object, which a Worker's top level may have set. */
  const globalsNow = () => Object.getOwnPropertyDescriptors(globalThis);

  /** The names of those that are not as they were. */
  const changedGlobals = (before) => {
    const after = globalsNow();
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => {
      const [one, other] = [before[name], after[name]];
      return one === undefined || other === undefined || !Object.is(one.value, other.value) || one.get !== other.get;
    });
  };

  Object.assign(__blockon, { describing, finding, globalsNow, changedGlobals });
}
