// A control: a Worker's thread whose realm has what V8 and Node put into one, and whose values Node's own JavaScript gets to see.
import vm from "node:vm";
import { loadAddon } from "../../../runtime/addon.ts";

const { runInContext } = vm.Script.prototype;
const run = (/** @type {string} */ code, /** @type {object} */ context) =>
  runInContext.call(new vm.Script(code), /** @type {vm.Context} */ (context));
let /** @type {any} */ kept;
vm.Script.prototype.runInContext = function (context, options) {
  kept ??= run("({ ...Object.getOwnPropertyDescriptors(WebAssembly) })", context);
  return runInContext.call(this, context, options);
};
loadAddon().guardRealm = (global) => {
  const { compileStreaming, instantiateStreaming } = kept;
  Object.defineProperties(run("WebAssembly", global), { compileStreaming, instantiateStreaming });
};
await import("../../../runtime/worker/main.ts");
process.removeAllListeners("uncaughtException");
process.removeAllListeners("unhandledRejection");
