// Threads that end while fibers are suspended, by themselves and by terminate(): worker_exit.cjs BUILD_FOLDER. The
// engines and bridges must go with their isolates; what is wrong here is a crash of the process.
const assert = require("node:assert/strict");
const { once } = require("node:events");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const fiberCount = 50;

function suspendFibers({ folder, ending }) {
  const addon = require(path.join(folder, "blockon.node"));
  const realm = vm.createContext(vm.constants.DONT_CONTEXTIFY);
  const engine = addon.createEngine(realm, { runSync: true });
  engine.install("engine");
  addon.createBridge(realm, "bridge", () => parentPort.postMessage(engine.stats()));
  realm.bytes = readFileSync(path.join(folder, "fibers.wasm"));
  realm.ending = ending;
  realm.fiberCount = fiberCount;
  vm.runInContext(
    `const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { engine, test: { call() {} } });
     engine.fiber_counts(exports.memory, exports.counts.value);
     for (let i = 1; i <= fiberCount; i++) {
       WebAssembly.promising(exports.run)(i, i % 2 ? null : new Promise(() => {}));
     }
     bridge.call("suspended");
     if (ending === "spin") for (;;);`,
    realm,
  );
  if (ending === "dispose") engine.dispose();
  if (ending === "exit") process.exit(0);
  if (ending === "wait") setInterval(() => {}, 1000);
}

async function main() {
  const folder = process.argv[2];
  for (const ending of ["return", "exit", "dispose", "wait", "spin"]) {
    const worker = new Worker(__filename, { workerData: { folder, ending } });
    const exited = once(worker, "exit");
    const [stats] = await once(worker, "message");
    assert.deepEqual(stats.byState, [0, 0, fiberCount, 0, 0], ending);
    const terminated = ending === "wait" || ending === "spin";
    if (terminated) await worker.terminate();
    assert.deepEqual(await exited, [terminated ? 1 : 0], ending);
  }
}

if (isMainThread) main();
else suspendFibers(workerData);
