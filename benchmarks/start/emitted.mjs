// blockon as it is shipped: its JavaScript, since Node takes 30 ms to strip the types of what it is not given as that.
import { execFile } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = path.join(import.meta.dirname, "../..");

/** `compiler` makes what V8 need not compile. @returns {Promise<{runtime: string, launcher: string, compiler: string, remove(): void}>} below the checkout, whose packages and build it uses */
export async function emitRuntime() {
  const folder = mkdtempSync(path.join(root, "build", "bench-start-"));
  const target = path.join(folder, "runtime");
  const remove = () => rmSync(folder, { recursive: true });
  try {
    const isSource = (file) => file.endsWith(".ts");
    cpSync(path.join(root, "runtime"), target, { recursive: true, filter: (file) => !isSource(file) });
    cpSync(path.join(root, "package.json"), path.join(folder, "package.json"));
    const release = path.join(folder, "build", "release");
    mkdirSync(release, { recursive: true });
    symlinkSync(path.join(root, "build", "dist"), path.join(folder, "build", "dist"));
    for (const name of ["blockon.node", "blockon.node.json"]) {
      symlinkSync(path.join(root, "build", "release", name), path.join(release, name));
    }
    // It looks for the rest from where it lies.
    copyFileSync(path.join(root, "build", "release", "blockon"), path.join(release, "blockon"));
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [tsc, "--project", path.join(root, "tsconfig.package.json"), "--outDir", target]);
    await run(process.execPath, [path.join(root, "tools", "bundle_runtime.mjs"), target]);
  } catch (error) {
    remove();
    throw error;
  }
  const compiler = path.join(target, "cli", "make_compiled.js");
  return { runtime: target, launcher: path.join(folder, "build", "release", "blockon"), compiler, remove };
}
