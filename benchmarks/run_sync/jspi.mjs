// The peer `jspi`: jspi.wat linked with a function that returns promises, what V8 asks of any implementation.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const ASSEMBLER = path.join(import.meta.dirname, "../../build/release/jspi/passes/blockon-opt");

let assembled;

/** wat2wasm would do, but the assembler of this repository is there whenever it is built. */
function assemble() {
  const folder = mkdtempSync(path.join(tmpdir(), "blockon-bench-"));
  try {
    const file = path.join(folder, "jspi.wasm");
    execFileSync(ASSEMBLER, [path.join(import.meta.dirname, "jspi.wat"), "--output", file]);
    return new WebAssembly.Module(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Linked at the first call. @param {() => Promise<unknown>} source */
function lazily(source) {
  let linked;
  return () => {
    if (linked) return linked;
    assembled ??= assemble();
    const bench = { make: source, wait: new WebAssembly.Suspending(source) };
    const { exports } = new WebAssembly.Instance(assembled, { bench });
    linked = {
      wait: WebAssembly.promising(exports.wait),
      make: exports.make,
      nothing: WebAssembly.promising(exports.nothing),
    };
    return linked;
  };
}

/** n waits for what `source` returns, in one promising call. @param {() => Promise<unknown>} source */
export function waits(source) {
  const linked = lazily(source);
  return (n) => linked().wait(n);
}

/** n calls of `source` from wasm that wait for nothing. @param {() => Promise<unknown>} source */
export function makes(source) {
  const linked = lazily(source);
  return (n) => linked().make(n);
}

/** A promising call that returns at once. */
export function entry() {
  const linked = lazily(() => Promise.resolve());
  return () => linked().nothing();
}
