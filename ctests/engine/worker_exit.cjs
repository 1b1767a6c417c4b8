// Threads that end while fibers are suspended, by themselves and by terminate(): worker_exit.cjs BUILD_FOLDER. The
// engines and bridges must go with their isolates, one or several of them; what is wrong here is a crash of the process.
const assert = require("node:assert/strict");
const { once } = require("node:events");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const fiberCount = 50;
const endings = ["return", "exit", "dispose", "dispose the first", "dispose the last", "wait", "spin"];

function newEngine(addon, folder) {
  const realm = vm.createContext(vm.constants.DONT_CONTEXTIFY);
  const engine = addon.createEngine(realm, { runSync: true });
  const meter = engine.meter();
  engine.install("engine");
  const bridge = addon.createBridge(realm, "bridge", () => engine.stats().byState[2]);
  realm.bytes = readFileSync(path.join(folder, "fibers.wasm"));
  realm.fiberCount = fiberCount;
  const suspended = vm.runInContext(
    `const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { engine, test: { call() {} } });
     engine.fiber_counts(exports.memory, exports.counts.value);
     for (let i = 1; i <= fiberCount; i++) {
       WebAssembly.promising(exports.run)(i, i % 2 ? null : new Promise(() => {}));
     }
     bridge.call("suspended")`,
    realm,
  );
  addon.guardRealm(realm, () => {});
  const dispose = () => {
    bridge.dispose();
    engine.dispose();
    addon.leaveRealm(realm);
  };
  return { realm, engine, meter, suspended, dispose };
}

function suspendFibers({ folder, ending, count }) {
  const addon = require(path.join(folder, "blockon.node"));
  const all = Array.from({ length: count }, () => newEngine(addon, folder));
  for (const { engine } of all) engine.enter();
  parentPort.postMessage(all.map(({ suspended }) => suspended));
  if (ending === "spin") for (;;);
  const gone = { dispose: all, "dispose the first": all.slice(0, 1), "dispose the last": all.slice(-1) }[ending] ?? [];
  for (const { dispose } of gone) dispose();
  for (const each of all) {
    const isGone = gone.includes(each);
    assert.equal(addon.readMeter(each.meter) === null, isGone);
    each.engine.enter();
    if (!isGone) assert.equal(each.engine.stats().live, fiberCount);
  }
  if (ending === "exit") process.exit(0);
  if (ending === "wait") setInterval(() => {}, 1000);
}

async function main() {
  const folder = process.argv[2];
  for (const count of [1, 3]) {
    for (const ending of endings) {
      const worker = new Worker(__filename, { workerData: { folder, ending, count } });
      const exited = once(worker, "exit");
      const [suspended] = await once(worker, "message");
      assert.deepEqual(suspended, Array(count).fill(fiberCount), ending);
      const terminated = ending === "wait" || ending === "spin";
      if (terminated) await worker.terminate();
      assert.deepEqual(await exited, [terminated ? 1 : 0], ending);
    }
  }
}

if (isMainThread) main();
else suspendFibers(workerData);
