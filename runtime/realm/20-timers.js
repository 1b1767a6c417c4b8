// setTimeout, setInterval, setImmediate, queueMicrotask. https://html.spec.whatwg.org/#timers
//
// The host has the clock and the queue; the callbacks stay here, by number. An error in a callback is logged, as no one could
// catch it.
"use strict";
{
  const { bridge, on, expose, whenTaken, whenReset } = __blockon;
  /** @type {Map<number, {callback: Function, values: any[], ms: number, repeat: boolean}>} */
  const timers = new Map();
  /** @type {Map<number, {callback: Function, values: any[]}>} */
  const immediates = new Map();
  let lastId = 0;

  const report = (error) => console.error("Uncaught", error);
  const run = ({ callback, values }) => {
    try {
      callback(...values);
    } catch (error) {
      report(error);
    }
  };
  const needFunction = (name, callback) => {
    // A string would have to be evaluated, which this realm does not do.
    if (typeof callback !== "function") throw new TypeError(`${name}: the callback must be a function`);
  };
  const start = (name, repeat, callback, ms, values) => {
    needFunction(name, callback);
    const delay = Number(ms);
    const timer = { callback, values, ms: delay > 0 ? Math.min(delay, 0x7fffffff) : 0, repeat };
    const id = ++lastId;
    timers.set(id, timer);
    bridge.call("timer.start", id, timer.ms);
    return id;
  };
  const stop = (id) => {
    if (timers.delete(Number(id))) bridge.call("timer.stop", Number(id));
  };

  on("timer", (id) => {
    const timer = timers.get(id);
    if (timer === undefined) return;
    if (!timer.repeat) timers.delete(id);
    run(timer);
    if (timer.repeat && timers.has(id)) bridge.call("timer.start", id, timer.ms);
  });
  on("immediate", (id) => {
    const immediate = immediates.get(id);
    if (immediate === undefined) return;
    immediates.delete(id);
    run(immediate);
  });

  // The numbers are given again: what had them is over, and the host was told of each that was stopped.
  let idAtCheckpoint = 0;
  whenTaken.push(() => {
    idAtCheckpoint = lastId;
  });
  whenReset.push(() => {
    lastId = idAtCheckpoint;
  });

  /** How many callbacks are still to come. */
  __blockon.timersUnderWay = () => timers.size + immediates.size;

  expose("setTimeout", function setTimeout(callback, ms, ...values) {
    return start("setTimeout", false, callback, ms, values);
  });
  expose("setInterval", function setInterval(callback, ms, ...values) {
    return start("setInterval", true, callback, ms, values);
  });
  expose("clearTimeout", function clearTimeout(id) {
    stop(id);
  });
  expose("clearInterval", function clearInterval(id) {
    stop(id);
  });
  expose("setImmediate", function setImmediate(callback, ...values) {
    needFunction("setImmediate", callback);
    const id = ++lastId;
    immediates.set(id, { callback, values });
    bridge.call("immediate", id);
    return id;
  });
  expose("clearImmediate", function clearImmediate(id) {
    immediates.delete(Number(id));
  });
  expose("queueMicrotask", function queueMicrotask(callback) {
    needFunction("queueMicrotask", callback);
    Promise.resolve().then(() => run({ callback, values: [] }));
  });
}
