// What a suspended fiber awaits: the part of the engine that is JavaScript, since V8 inlines there what a call of its API costs
// tens of nanoseconds for.
//
//   newFunctions()           for an interpreter, whose fibers have ids of their own:
//     suspend(id, promise)   the promise that V8 then awaits: it settles as `promise` does, or when wake(id) is called,
//                            whichever comes first. Without a promise (null) only wake(id) ends it.
//     wake(id) -> 1 | 0      ends the wait of a fiber, with undefined; 0 when that fiber does not wait
//   pass()                   a promise that is fulfilled: who awaits it goes on behind the microtasks that are due
//   dispose()                ends the engine: nothing suspends any more, and what waits ends in an error
//
// A fiber that awaited its promise directly could not be reached before that promise settles: nothing of V8's lets go of
// a reaction. So it awaits one of its own. The two reactions of a fiber are made once and used for all of its waits; a wake
// leaves them behind in a promise that may settle later, so it drops them.
//
// Evaluated once in each realm before any of its code ran, to an object of the two; what it uses of the realm is taken then.
// Owner: the engine. Isolate's thread. No code of the realm runs here, except that of a promise whose constructor or species
// was changed.
(() => {
  "use strict";
  const { apply } = Reflect;
  const NativePromise = Promise;
  const NativeError = Error;
  const { then } = NativePromise.prototype;

  let disposed = false;
  const newDisposedError = () => new NativeError("blockon: this realm's engine is disposed");

  const newWait = () => {
    const wait = { resolve: undefined, reject: undefined, attached: false, onValue: undefined, onError: undefined };
    wait.onValue = (value) => {
      const { resolve, reject } = wait;
      if (resolve === undefined) return;
      wait.resolve = undefined;
      if (disposed) reject(newDisposedError());
      else resolve(value);
    };
    wait.onError = (error) => {
      const { resolve, reject } = wait;
      if (resolve === undefined) return;
      wait.resolve = undefined;
      reject(disposed ? newDisposedError() : error);
    };
    return wait;
  };

  const newFunctions = () => {
    /** By the fiber's id. */
    const waits = [];

    const suspend = (id, promise) => {
      if (disposed) throw newDisposedError();
      let wait = waits[id];
      if (wait === undefined) {
        wait = newWait();
        while (waits.length <= id) waits[waits.length] = undefined;
        waits[id] = wait;
      }
      if (wait.resolve !== undefined) throw new NativeError("blockon: a fiber that waits already cannot suspend");
      wait.attached = promise !== null;
      if (wait.attached) apply(then, promise, [wait.onValue, wait.onError]);
      return new NativePromise((resolve, reject) => {
        wait.resolve = resolve;
        wait.reject = reject;
      });
    };

    const wake = (id) => {
      const wait = waits[id];
      if (wait === undefined || wait.resolve === undefined) return 0;
      if (wait.attached) waits[id] = undefined;
      wait.onValue(undefined);
      return 1;
    };

    return { suspend, wake, pass };
  };

  const passed = NativePromise.resolve();
  const pass = () => passed;

  const dispose = () => {
    disposed = true;
  };

  return { newFunctions, dispose };
})();
