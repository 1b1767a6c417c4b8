// What of the realm's JavaScript a request may have changed, for an interpreter that is reset after each (docs/workers.md#resets).
//
//   note()    before the Worker's module is loaded: all objects that can be reached then are the realm's own, whose hidden state is known
//   take()    when it was loaded: what the language and the web give is frozen, so that no request can change it, and globalThis with it.
//             A few things are recorded in place of that: those that are there to be changed (env, plain objects of the Worker's), and those
//             whose being frozen would be felt (below), which are sealed where they can be. What else is new (a Map, a Promise, a proxy of Python's) may keep what
//             cannot be seen, so such an interpreter is never reset
//   why()     after a request: what of that was changed, by its path; undefined where nothing was
//
// Neither runs code of the Worker's: accessors are called by note() alone, and a property is read only where it cannot become one.
"use strict";
{
  const { bridge, whenTaken, whenReset } = __blockon;
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, isExtensible, apply } = Reflect;
  const { is, freeze, seal, isSealed } = Object;
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

  /** Of an object of Python's, before its own fields. */
  const headBytes = 8;

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
   * V8's short ways for arrays, for elements of any object and for regular expressions end with the first change of these, as freezing them is.
   * A function or an error could be given no `name`, `message` or `toString` of its own any more if it inherited a frozen one. Pyodide sets
   * Error.stackTraceLimit where it makes errors.
   */
  const isLeftOpen = (object) =>
    isForV8(object) ||
    object === Function.prototype ||
    object === Error ||
    object === Error.prototype ||
    (typeof object === "object" && getPrototypeOf(object) === Error.prototype && ownKeys(object).length === 3);

  /** What one object has been. Nobody adds to one that is sealed, or takes from it: its values are looked at alone. */
  class Recorded {
    #object;
    #keys;
    #prototype;
    #isExtensible;
    #isSealed;
    /** Of those that can become something else. @type {[any, any][]} */
    #parts = [];
    /** Of those that cannot: an accessor stays what it is. @type {any[]} */
    #names = [];
    #values = [];

    constructor(object, path) {
      this.path = path;
      this.#object = object;
      this.#keys = ownKeys(object);
      this.#prototype = getPrototypeOf(object);
      this.#isExtensible = isExtensible(object);
      this.#isSealed = isSealed(object);
      for (const key of this.#keys) {
        const part = getOwnPropertyDescriptor(object, key);
        if (part.configurable) {
          this.#parts.push([key, part]);
        } else if ("value" in part && part.writable) {
          this.#names.push(key);
          this.#values.push(part.value);
        }
      }
    }

    isSame() {
      const object = this.#object;
      const names = this.#names;
      for (let i = 0; i < names.length; i++) {
        // It can be made one that nobody can write to, which is a change as any other.
        const { value, writable } = getOwnPropertyDescriptor(object, names[i]);
        if (!writable || !is(value, this.#values[i])) return false;
      }
      if (this.#isSealed) return true;
      const keys = this.#keys;
      const now = ownKeys(object);
      if (now.length !== keys.length || isExtensible(object) !== this.#isExtensible) return false;
      for (let i = 0; i < keys.length; i++) if (now[i] !== keys[i]) return false;
      for (const [key, was] of this.#parts) {
        const part = getOwnPropertyDescriptor(object, key);
        const isAsBefore =
          part.configurable === was.configurable &&
          part.enumerable === was.enumerable &&
          part.writable === was.writable &&
          part.get === was.get &&
          part.set === was.set &&
          is(part.value, was.value);
        if (!isAsBefore) return false;
      }
      return getPrototypeOf(object) === this.#prototype;
    }
  }

  /** What V8 has short ways for, whose end would be any change. */
  const isForV8 = (object) => object === Array.prototype || object === Object.prototype || object === RegExp.prototype;

  /** RegExp.$_ and its like have the text that was matched last. */
  const forgetMatches = () => apply(test, /(?:)/, [""]);

  /**
   * Math.random, by random bytes of the system: V8's goes on from request to request, and who sees some numbers can tell others.
   * @param {() => number | undefined} other Where it gives a number, that is the result.
   */
  const newRandom = (other) => {
    const count = 128;
    /** @type {BigUint64Array | undefined} */
    let numbers;
    let next = 0;
    whenReset.push(() => {
      numbers = undefined;
    });
    const { random } = {
      random() {
        const number = other();
        if (number !== undefined) return number;
        if (numbers === undefined || next === count) {
          numbers = new BigUint64Array(bridge.call("random", count * 8).buffer);
          next = 0;
        }
        return Number(numbers[next++] >> 11n) / 2 ** 53;
      },
    };
    return random;
  };

  /**
   * @param {any} glue What the glue keeps (patches/314.0.7/0064-resets.toml).
   * @param {(value: any) => boolean} isPython Whether it is a proxy of Python's.
   * @param {[string, any][]} roots What Python is given beside the global object.
   * @param {(value: object) => boolean} isOpen Whether an object of the realm's is there to be changed.
   */
  __blockon.newResets = (glue, isPython, roots, isOpen) => {
    const known = new WeakSet();
    /** What is reached then from globalThis and from what Python is given, but for what is there to be changed. */
    const fixed = new WeakSet();
    /** @type {Recorded[]} */
    const recorded = [];
    /** What note() has found behind accessors. @type {[string, any][]} */
    const read = [];
    const nativeRandom = Math.random;
    let isTaken = false;
    let isRandom = false;
    const random = newRandom(() => {
      if (isTaken) return undefined;
      isRandom = true;
      return nativeRandom();
    });

    /** @param {(reach: Reach, object: any, path: string) => void} visit @param {() => void} [seen] Called between what leads there and what the glue gave Python. */
    const walk = (visit, seen = () => {}) => {
      const reach = new Reach();
      reach.add("", globalThis);
      for (const each of nameless) reach.add("an intrinsic object", each);
      for (const [path, value] of [...roots, ...read]) reach.add(path, value);
      reach.walk((object, path) => visit(reach, object, path));
      seen();
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
        let isOfGlue = false;
        walk(
          (reach, object, path) => {
            known.add(object);
            if (isPython(object) || glue.isOwn(object)) return;
            if (!isOfGlue && !isOpen(object)) fixed.add(object);
            reach.addParts(object, path);
            addRead(reach, object, path);
          },
          () => {
            isOfGlue = true;
          },
        );
        Math.random = random;
        known.add(random);
        fixed.add(random);
      },

      /**
       * @param {[number, number[]][]} generators Addresses and states of those that no two requests may share.
       * @returns {string | undefined} Why it cannot be reset, ever.
       */
      take(generators) {
        if (isRandom) return "its module took random numbers while it was loaded (Math.random)";
        /** @type {string | undefined} */
        let reason;
        const own = [];
        const frozen = [];
        const toRecord = [];
        walk((reach, object, path) => {
          const isKnown = known.has(object);
          if (isKnown && isPython(object)) return;
          if (isKnown && glue.isOwn(object)) {
            own.push(object);
            return;
          }
          if (!isKnown && (isPython(object) || !isPlain(object))) {
            const kind = isPython(object) ? "a proxy of Python's" : Object.prototype.toString.call(object);
            reason ??= `its module keeps ${kind}, whose state cannot be put back: ${path}`;
            return;
          }
          reach.addParts(object, path);
          const isFixed = fixed.has(object) ? !isLeftOpen(object) : isMethod(object, ownKeys(object));
          (isFixed ? frozen : toRecord).push([object, path]);
        });
        isTaken = true;
        for (const took of whenTaken) took();
        if (!generators.every(([address, words]) => glue.isGenerator(address + headBytes, words))) {
          reason ??= "the states of its random generators are not where they are looked for";
        }
        reason ??= glue.take(generators.map(([address]) => address + headBytes));
        if (reason !== undefined) return reason;
        for (const [object] of frozen) freeze(object);
        for (const [object] of toRecord) if (fixed.has(object) && !isForV8(object)) seal(object);
        // It has accessors alone, by which the glue knows whether it was used.
        for (const object of own) if (glue.isPublic(object)) seal(object);
        for (const [object, path] of toRecord) recorded.push(new Recorded(object, path));
        forgetMatches();
        return undefined;
      },

      /** @returns {string | undefined} */
      why() {
        for (const each of recorded) {
          if (!each.isSame()) return `it changed ${each.path === "" ? "globalThis" : each.path}`;
        }
        return undefined;
      },

      /** After why(): there is no way back from what fails in here. */
      restore() {
        glue.restore();
        for (const clear of whenReset) clear();
        forgetMatches();
      },
    };
  };
}
