// Calls between Workers, and what else is no request: scheduled triggers, batches of queues.
//
//   here:  env.NAME.method(...)  --> bridge "service.call" --> host --> the other Worker's realm: on("event", "call")
//   there: the entrypoint's method, on a fiber of its own  --> bridge "event.done" or "event.failed" --> ... on("service.answer")
//
// Arguments and results go as bytes (84-values.js), functions as stubs that call back (84-functions.js): the binding of such a call is the
// address of the Worker that has the function, and the method says which it is, and what is asked of it. An error arrives with its type's name
// and its message; its traceback stays in the log of the Worker that failed.
"use strict";
{
  const { bridge, on, encodeValue, decodeValue, newError, newBatch, marksOfBatch, fromPython, whenReset } = __blockon;
  const { followed, functions } = __blockon;
  // A Worker may put another in its place.
  const { Request } = globalThis;

  /** @type {Map<number, PromiseWithResolvers<any>>} */
  const calls = new Map();
  let lastId = 0;

  on("service.answer", (id, bytes, owner, name, message) => {
    const call = calls.get(id);
    calls.delete(id);
    if (bytes !== null) call?.resolve({ bytes, owner });
    else call?.reject(newError(name, message));
  });

  /** A request as every one is that comes in: redirects are for who sent it. */
  const asReceived = (request) => new Request(request, { redirect: "manual" });

  /**
   * What begins the binding that is an address, and the method that is a token of a function's; what is asked of that stands behind another one:
   * nothing for a call, `dup`, `dispose`, or `.` and the name of a method (runtime/pool/service_calls.ts).
   */
  const mark = "\0";

  /** How many calls led to the one that is answered now, each made for the one before; Python knows. @type {() => number} */
  let depth = () => 0;
  /** By which number the host's watchdog knows what is answered now, 0 for none. @type {() => number} */
  let number = () => 0;
  __blockon.setCallDepth = (depthOf, numberOf) => {
    depth = depthOf;
    number = numberOf;
  };

  const invoke = async (binding, method, values, ownDepth = depth()) => {
    return functions.during(async (keep) => {
      // A sandbox has nobody who could call back.
      const bytes = await encodeValue(values, binding === "" ? undefined : keep);
      const id = ++lastId;
      bridge.call("service.call", id, binding, method, bytes, ownDepth);
      const answer = Promise.withResolvers();
      calls.set(id, answer);
      const { bytes: result, owner } = await answer.promise;
      return decodeValue(result, stubsOf(owner));
    });
  };

  /**
   * Duplicates that are being made, by the number of what asked for them: that is not answered before, since what they are made of may end with
   * it. Others are, since a Worker that makes none holds up who asked it, and nobody else.
   * @type {Map<number, Set<Promise<void>>>}
   */
  const duplicates = new Map();
  whenReset.push(() => duplicates.clear());

  const noteDuplicate = (making) => {
    const by = number();
    const others = duplicates.get(by) ?? new Set();
    duplicates.set(by, others.add(making));
    const made = () => {
      others.delete(making);
      if (others.size === 0 && duplicates.get(by) === others) duplicates.delete(by);
    };
    // Who calls it is told when there is none.
    making.then(made, made);
  };

  /**
   * Of a stub that was passed on, what calls a method where the object is. Nothing is looked up on the stub by a name that came from elsewhere.
   * @type {WeakMap<Function, (method: string, values: any[], ownDepth?: number) => Promise<any>>}
   */
  const methodsOfStubs = new WeakMap();

  /** What each function has by which it is called, or looked at. @type {[string, any][]} */
  const ofFunctions = ["apply", "bind", "call"].map((key) => [key, Function.prototype[key]]);
  ofFunctions.push(["length", 0], ["name", ""]);

  /** @param {Promise<void>} [made] When there is such a function. */
  const newStub = (binding, token, made = undefined) => {
    const ask = async (asked, values, ownDepth = depth()) => {
      await made;
      return invoke(binding, `${mark}${token}${mark}${asked}`, values, ownDepth);
    };
    const dup = () => {
      const copy = functions.newToken();
      const making = ask("dup", [copy]);
      noteDuplicate(making);
      return newStub(binding, copy, making);
    };
    const dispose = () => {
      // One that is gone was disposed of.
      ask("dispose", []).catch(() => {});
    };
    const own = new Map([...ofFunctions, ["dup", Object.freeze(dup)], [Symbol.dispose, Object.freeze(dispose)]]);
    const stub = Object.freeze(async (...values) => ask("", values));
    const callMethod = (method, values, ownDepth = undefined) => ask(`.${method}`, values, ownDepth);
    const found = withMethods(stub, own, callMethod);
    methodsOfStubs.set(found, callMethod);
    return found;
  };

  /** What stands for functions of the Worker at that address. @returns {(token: string) => Function} */
  const stubsOf = (address) => (token) =>
    functions.isOwn(token) ? functions.find(token) : newStub(mark + address, token);

  /** A binding of a Worker. */
  class Fetcher {
    #name;

    constructor(name) {
      this.#name = name;
    }

    async fetch(input, init = undefined) {
      return followed(input, init, (request) => invoke(this.#name, "fetch", [request]));
    }

    get [Symbol.toStringTag]() {
      return "Fetcher";
    }
  }

  /** At the end of as many calls there is none, as between Workers (runtime/pool/service_calls.ts). */
  const mostDepth = 32;
  /** Of serveEvents(), for a Worker's calls of itself. @type {(entrypoint: string, method: string, values: any[], depth: number, number: number, props: object) => any} */
  let ownCall;
  let textOfError = String;

  /** A value as another Worker would have it, but for functions: these are the same. */
  const copied = async (value) => {
    const same = [];
    const bytes = await encodeValue(value, (each) => same.push(each) - 1);
    return decodeValue(bytes, (index) => same[index]);
  };

  /** A call of the Worker's own entrypoint: copied as others are, on a fiber of its own. */
  const invokeOwn = async (entrypoint, props, method, values) => {
    const ownDepth = depth();
    // What it takes is the caller's.
    const ownNumber = number();
    if (ownDepth >= mostDepth) {
      throw new Error(
        `the call of ${method} stands at the end of ${ownDepth} calls, each of which a Worker made for the one before: that is as many as ` +
          "there may be. Does the Worker call itself in a circle?",
      );
    }
    const given = await copied(values);
    try {
      if (method === "fetch") given[0] = asReceived(given[0]);
      const result = await ownCall(entrypoint, method, given, ownDepth + 1, ownNumber, props);
      return await copied(result);
    } catch (error) {
      bridge.call("log", "info", `the call of ${method} failed: ${textOfError(error)}`);
      throw newError(...describe(error));
    }
  };

  // Asked of any object by JavaScript and by Python, which look for iterators, promises and JSON.
  const noMethods = new Set(["then", "next", "throw", "return", "toJSON", "toJs", "constructor"]);

  /**
   * @param {Map<string | symbol, Function>} methods By name, so that the same method is the same function; those that are there are its own.
   * @param {(method: string, values: any[]) => Promise<any>} call
   */
  const withMethods = (target, methods, call) => {
    return new Proxy(target, {
      get(_target, key) {
        let method = methods.get(key);
        if (method !== undefined) return method;
        const isMethod =
          typeof key === "string" && !noMethods.has(key) && !key.startsWith("_") && !key.startsWith(mark);
        if (!isMethod || key in Object.prototype) {
          return Reflect.get(target, key, target);
        }
        // Nobody leaves anything on it for another request.
        method = Object.freeze(async (...values) => call(key, values));
        methods.set(key, method);
        return method;
      },
    });
  };

  __blockon.newWorkerService = (name) => {
    const fetcher = new Fetcher(name);
    const fetch = fetcher.fetch.bind(fetcher);
    const methods = new Map([["fetch", fetch]]);
    whenReset.push(() => {
      methods.clear();
      methods.set("fetch", fetch);
    });
    return withMethods(fetcher, methods, (method, values) => invoke(name, method, values));
  };

  /** What Python passed, in JavaScript; a copy. */
  const copyOf = (value) => (typeof value?.toJs === "function" ? fromPython(value) : structuredClone(value));

  /** A binding of the Worker's own entrypoint; called with {props} it is one that has these. */
  const newLoopback = (entrypoint, props) => {
    const withProps = (options = undefined) => {
      const given = copyOf(options?.props);
      return newLoopback(entrypoint, given ?? {});
    };
    // It is asked for its class by name, as other bindings are.
    Object.setPrototypeOf(withProps, Fetcher.prototype);
    const call = (method, values) => invokeOwn(entrypoint, props, method, values);
    const fetch = async (input, init = undefined) => followed(input, init, (request) => call("fetch", [request]));
    return withMethods(withProps, new Map([["fetch", fetch]]), call);
  };

  /** `ctx.exports`. @param {string[]} names */
  __blockon.newExports = (names) =>
    Object.fromEntries(names.map((name) => [name, newLoopback(name === "default" ? "" : name, {})]));

  /** A run in a sandbox of the host's: a call of a binding that is none of `env`'s. @param {string} options JSON */
  __blockon.runSandbox = (options, ...values) => invoke("", options, values);

  /** Of a Python exception the type's name and the text, which end a traceback; of another error its own. */
  const describe = (error) => {
    if (!(error instanceof Error)) return ["Error", String(error)];
    if (error.name !== "PythonError") return [error.name, error.message];
    const lines = error.message.trimEnd().split("\n");
    const lastCall = lines.findLastIndex((line) => line.startsWith("  File "));
    const first = lines.findIndex((line, index) => index > lastCall && /^\S/.test(line));
    const text = lines.slice(first < 0 ? -1 : first).join("\n");
    const [, path = "Error", message = ""] = /^([\w.<>]+)(?:: (.*))?$/s.exec(text) ?? [undefined, "Error", text];
    return [path.slice(path.lastIndexOf(".") + 1), message];
  };

  /**
   * Answers what is no request. The numbers are those by which the host's watchdog knows it (runtime/pool/request_numbers.ts).
   * @param {{scheduled: (controller: object, number: number) => any, queue: (batch: object, number: number) => any,
   *   call: (entrypoint: string, method: string, values: any[], depth: number, number: number, props: object) => any,
   *   callFunction: (value: Function | object, method: string, values: any[], depth: number, number: number) => any, stop: () => any, load: (main: string, preload: string[]) => Promise<string>,
   *   textOf: (error: unknown) => string}} worker
   */
  __blockon.serveEvents = ({ scheduled, queue, call, callFunction, stop, load, textOf }) => {
    ownCall = call;
    textOfError = textOf;
    const events = {
      async scheduled({ cron, scheduledTime }, _bytes, number) {
        let isRetried = true;
        const noRetry = () => {
          isRetried = false;
        };
        await scheduled({ cron, scheduledTime, noRetry }, number);
        return Uint8Array.of(isRetried ? 1 : 0);
      },
      /** What the messages were marked with counts, also when the handler fails behind it. */
      async queue(description, bytes, number) {
        const [batch, messages] = newBatch(description, bytes);
        let failed = false;
        try {
          await queue(batch, number);
        } catch (error) {
          failed = true;
          bridge.call("log", "error", `the handler of the queue ${description.queue} failed: ${textOf(error)}`);
        }
        return new TextEncoder().encode(JSON.stringify({ failed, ...marksOfBatch(batch, messages) }));
      },
      async stop() {
        await stop();
        return new Uint8Array(0);
      },
      async load({ main, preload }) {
        return new TextEncoder().encode(await load(main, preload));
      },
      async call({ entrypoint, method, props, caller }, bytes, number, depth, lend) {
        const values = decodeValue(bytes, stubsOf(caller));
        if (method === "fetch") values[0] = asReceived(values[0]);
        return encodeValue(await call(entrypoint, method, values, depth, number, props), lend);
      },
      async function({ token, asked, caller }, bytes, number, depth, lend, lent) {
        // Who has no token costs nothing more.
        const called = functions.find(token);
        const values = decodeValue(bytes, stubsOf(caller));
        if (asked === "dispose") {
          functions.letGo(token);
        } else if (asked === "dup") {
          functions.duplicate(token, values[0]);
          lent();
        } else {
          const method = asked.slice(1);
          const passOn = method === "" ? undefined : methodsOfStubs.get(called);
          const result = passOn?.(method, values, depth) ?? callFunction(called, method, values, depth, number);
          return encodeValue(await result, lend);
        }
        return encodeValue(null);
      },
    };
    on("event", (id, type, json, bytes, depth) => {
      let lends = false;
      const lent = () => {
        lends = true;
      };
      const lend = (value, isOwned) => {
        lent();
        return functions.keep(value, isOwned);
      };
      const by = (id * 2 + 1) >>> 0;
      const answer = async () => {
        try {
          return await events[type](JSON.parse(json), bytes, by, depth, lend, lent);
        } finally {
          if (duplicates.has(by)) await Promise.allSettled(duplicates.get(by));
        }
      };
      answer().then(
        (result) => bridge.call("event.done", id, result, lends),
        (error) => bridge.call("event.failed", id, ...describe(error), textOf(error)),
      );
    });
  };
}
