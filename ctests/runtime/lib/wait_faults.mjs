// A program of wait_faults.test.ts: runs each scenario with its first wait ended from outside, its second, and so on. A wait begins
// where the engine's import suspends, so the function that it is made of is wrapped when the interpreter is loaded. The arguments
// are, to look at some, names of scenarios.
import path from "node:path";

const FIBERS = 16;
const LIMIT_SECONDS = 0.02;

let waits = 0;
let failing = 0;
let onWait = () => {};
const { Suspending } = WebAssembly;
WebAssembly.Suspending = new Proxy(Suspending, {
  construct(_, [suspend]) {
    if (suspend.name !== "suspend") return new Suspending(suspend);
    return new Suspending((id, promise) => {
      // The fiber is suspended when this has returned.
      if (++waits === failing) queueMicrotask(() => onWait(id));
      return suspend(id, promise);
    });
  },
});

const { finish, hooks, offer, pyodide, runScenarios } = await import("./scenario_runner.mjs");
offer(path.join(import.meta.dirname, "wait_faults.py"));
const faults = pyodide.pyimport("wait_faults");
const kept = Array.from({ length: FIBERS }, () => faults.keep.callPromising());
await new Promise((resolve) => setTimeout(resolve, 1));
if (faults.let_go() !== FIBERS) throw new Error("not all fibers can be woken");
await Promise.all(kept);

function atWait(act, exceptions) {
  return {
    arm(number) {
      waits = 0;
      failing = number;
      onWait = act;
    },
    disarm() {
      failing = 0;
      return waits;
    },
    exceptions,
  };
}

function atPromise() {
  const { promise } = hooks;
  let promises = 0;
  return {
    arm(number) {
      promises = 0;
      hooks.promise = (value) => (++promises === number ? globalThis.failing("a fault") : promise(value));
    },
    disarm() {
      hooks.promise = promise;
      return promises;
    },
    exceptions: ["JsException"],
  };
}

function spin() {
  const end = performance.now() + 1000 * LIMIT_SECONDS;
  while (performance.now() < end);
}

const report = { results: {}, failures: [] };
const wanted = process.argv.slice(2);
await runScenarios(atWait(faults.cancel, ["FaultError"]), report, "cancellations", wanted);
await runScenarios(atWait(faults.wake, []), report, "wakes without reason", wanted);
await runScenarios(atPromise(), report, "rejections", wanted);
const scenariosUnlimited = pyodide.pyimport("wait_scenarios").scenarios;
pyodide.globals.set("unlimited", scenariosUnlimited);
pyodide.globals.set("seconds", LIMIT_SECONDS);
pyodide.runPython(`
import functools, wait_faults, wait_scenarios
wait_scenarios.scenarios = lambda: {
    name: functools.partial(wait_faults.limited, scenario, seconds) for name, scenario in unlimited().items()
}
`);
await runScenarios(atWait(spin, ["TimeoutError"]), report, "deadlines", wanted);
finish(report);
