// What of the realm's JavaScript a request may have changed, for an interpreter that is reset after each (docs/workers.md#resets).
//
//   note()    before the Worker's module is loaded: all objects that can be reached then are the realm's own, whose hidden state is known
//   take()    when it was loaded: their properties are recorded, and those of plain objects that are new. What else is new (a Map, a
//             Promise, a proxy of Python's) may keep what cannot be seen, so such an interpreter is never reset
//   why()     after a request: what was changed, by its path; undefined where nothing was
//
// Methods are frozen by take(): there are thousands, and nobody gives them properties. All else can be changed as ever, and is looked at.
// Neither runs code of the Worker's: accessors are called by note() alone.
"use strict";
{
  const { whenReset } = __blockon;
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, isExtensible, apply } = Reflect;
  const { is, freeze } = Object;
  const { isArray } = Array;
  const { test } = RegExp.prototype;

  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
  const textOf = (key) => (typeof key === "symbol" ? `[${String(key)}]` : key);

  /** Of the language, what has no name. */
  const nameless = [
    (function* () {})(),
    (async function* () {})(),
    async () => {},
    [][Symbol.iterator](),
    new Map().entries(),
    new Set().values(),
    "a".matchAll(/a/g),
    ""[Symbol.iterator](),
    [].values().map((value) => value),
    Iterator.from({ next() {} }),
  ];

  class Reach {
    /** @type {Map<object, string>} The path by which each is reached. */
    paths = new Map();
    #waiting = [];
    #walked = 0;

    add(path, value) {
      if (!isObject(value) || this.paths.has(value)) return;
      this.paths.set(value, path);
      this.#waiting.push(value);
    }

    /** @param {(object: object, path: string) => void} visit May add others. */
    walk(visit) {
      // The shortest paths first.
      while (this.#walked < this.#waiting.length) {
        const object = this.#waiting[this.#walked++];
        visit(object, /** @type {string} */ (this.paths.get(object)));
      }
    }

    addParts(object, path) {
      this.add(`${path}.[[Prototype]]`, getPrototypeOf(object));
      for (const key of ownKeys(object)) {
        const { value, get, set } = getOwnPropertyDescriptor(object, key);
        const name = path === "" ? textOf(key) : `${path}.${textOf(key)}`;
        this.add(name, value);
        this.add(`get ${name}`, get);
        this.add(`set ${name}`, set);
      }
    }
  }

  const isMethod = (object, keys) =>
    typeof object === "function" && keys.every((key) => key === "name" || key === "length");

  /**
   * @param {any} glue What the glue keeps (patches/314.0.7/0064-resets.toml).
   * @param {(value: any) => boolean} isPython Whether it is a proxy of Python's.
   * @param {[string, any][]} roots What Python is given beside the global object.
   */
  __blockon.newResets = (glue, isPython, roots) => {
    const known = new WeakSet();
    /** @type {{object: any, path: string, keys: any[], parts: any[], prototype: any, isExtensible: boolean}[]} */
    const recorded = [];
    /** What note() has found behind accessors. @type {[string, any][]} */
    const read = [];
    const nativeRandom = Math.random;
    let isRandom = false;

    /** @param {(reach: Reach, object: any, path: string) => void} visit */
    const walk = (visit) => {
      const reach = new Reach();
      reach.add("", globalThis);
      for (const each of nameless) reach.add("an intrinsic object", each);
      for (const [path, value] of [...roots, ...read]) reach.add(path, value);
      reach.walk((object, path) => visit(reach, object, path));
      for (const value of glue.references()) reach.add("an object that Python holds", value);
      reach.walk((object, path) => visit(reach, object, path));
    };

    /** What is behind accessors of objects of the realm's own, such as crypto.subtle. */
    const addRead = (reach, object, path) => {
      for (let owner = object; owner !== null; owner = getPrototypeOf(owner)) {
        for (const key of ownKeys(owner)) {
          if (getOwnPropertyDescriptor(owner, key).get === undefined) continue;
          try {
            const value = Reflect.get(object, key);
            // Asynchronous ones answer so that this is no instance.
            if (value instanceof Promise) value.catch(() => {});
            else if (isObject(value) && !reach.paths.has(value)) {
              read.push([`${path}.${textOf(key)}`, value]);
              reach.add(`${path}.${textOf(key)}`, value);
            }
          } catch {
            // It is of instances, and this is their prototype.
          }
        }
      }
    };

    const record = (object, path) => {
      const keys = ownKeys(object);
      const parts = keys.map((key) => getOwnPropertyDescriptor(object, key));
      recorded.push({
        object,
        path,
        keys,
        parts,
        prototype: getPrototypeOf(object),
        isExtensible: isExtensible(object),
      });
    };

    const isPlain = (object) => {
      if (typeof object === "function") return false;
      if (isArray(object)) return getPrototypeOf(object) === Array.prototype;
      const prototype = getPrototypeOf(object);
      if (prototype !== Object.prototype && prototype !== null) return false;
      if (Object.prototype.toString.call(object) !== "[object Object]") return false;
      return ownKeys(object).every((key) => "value" in getOwnPropertyDescriptor(object, key));
    };

    return {
      note() {
        walk((reach, object, path) => {
          known.add(object);
          if (isPython(object) || glue.isOwn(object)) return;
          reach.addParts(object, path);
          addRead(reach, object, path);
        });
        Math.random = function random() {
          isRandom = true;
          return nativeRandom();
        };
      },

      /** @returns {string | undefined} Why it cannot be reset, ever. */
      take() {
        Math.random = nativeRandom;
        if (isRandom) return "its module took random numbers while it was loaded (Math.random)";
        /** @type {string | undefined} */
        let reason;
        const own = [];
        walk((reach, object, path) => {
          const isKnown = known.has(object);
          if (isKnown && isPython(object)) return;
          if (isKnown && glue.isOwn(object)) {
            own.push([object, path]);
            return;
          }
          if (!isKnown && (isPython(object) || !isPlain(object))) {
            const kind = isPython(object) ? "a proxy of Python's" : Object.prototype.toString.call(object);
            reason ??= `its module keeps ${kind}, whose state cannot be put back: ${path}`;
            return;
          }
          reach.addParts(object, path);
          const keys = ownKeys(object);
          if (isMethod(object, keys)) freeze(object);
          else record(object, path);
        });
        reason ??= glue.take();
        if (reason !== undefined) return reason;
        for (const [object, path] of own) if (glue.isPublic(object)) record(object, path);
        return undefined;
      },

      /** @returns {string | undefined} */
      why() {
        for (const { object, path, keys, parts, prototype, isExtensible: wasExtensible } of recorded) {
          const now = ownKeys(object);
          let isSame =
            now.length === keys.length &&
            getPrototypeOf(object) === prototype &&
            isExtensible(object) === wasExtensible;
          for (let i = 0; isSame && i < keys.length; i++) {
            const was = parts[i];
            const part = getOwnPropertyDescriptor(object, keys[i]);
            isSame =
              now[i] === keys[i] &&
              part.configurable === was.configurable &&
              part.enumerable === was.enumerable &&
              part.writable === was.writable &&
              part.get === was.get &&
              part.set === was.set &&
              is(part.value, was.value);
          }
          if (!isSame) return `it changed ${path === "" ? "globalThis" : path}`;
        }
        return undefined;
      },

      /** After why(): there is no way back from what fails in here. */
      restore() {
        glue.restore();
        for (const clear of whenReset) clear();
        // RegExp.$_ and its like have the text that was matched last.
        apply(test, /(?:)/, [""]);
      },
    };
  };
}
