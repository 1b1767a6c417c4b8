// What workerd is told to serve: one Worker on a port of loopback, in the text form of its configuration.
import { readdirSync } from "node:fs";
import path from "node:path";

/** The newest date that the pinned workerd knows, as a project has that was made with it. */
const DATE = "2026-11-17";

/** The bundle of workerd_bundle.mjs, and none of those that Cloudflare has published, each of which a later date implies. */
const PYTHON_FLAGS = [
  "python_workers",
  "python_workers_development",
  "no_python_workers_20250116",
  "no_python_workers_20260610",
  "no_python_workers_314",
];

/** @typedef {{name: string, file: string, kind: "esModule" | "pythonModule" | "data"}} Module `file` is absolute */
/** @typedef {{modules: Module[], flags?: string[]}} Worker the first module is the entry */

/** @param {string} file @param {string} [name] @returns {Worker} */
export const jsWorker = (file, name = path.basename(file)) => ({ modules: [{ name, file, kind: "esModule" }] });

/** @param {string} folder @param {string} prefix @returns {Module[]} */
function modulesOf(folder, prefix) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(`${path.sep}__pycache__${path.sep}`))
    .sort()
    .map((file) => ({
      name: prefix + path.relative(folder, file).split(path.sep).join("/"),
      file,
      kind: file.endsWith(".py") ? "pythonModule" : "data",
    }));
}

/**
 * @param {string[]} files Python's; the first is the entry @param {string} packages the folder that is the Worker's python_modules
 * @param {string[]} [flags] more flags
 * @returns {Worker}
 */
export function pythonWorker(files, packages, flags = []) {
  const own = files.map((file) => ({ name: path.basename(file), file, kind: "pythonModule" }));
  return { modules: [...own, ...modulesOf(packages, "python_modules/")], flags: [...PYTHON_FLAGS, ...flags] };
}

/**
 * The configuration, for a workerd that looks for imports in "/". The Worker may connect to this machine, and to nothing else.
 * @param {Worker} worker
 */
export function configText({ modules, flags = [] }) {
  const text = JSON.stringify;
  return [
    'using Workerd = import "/workerd/workerd.capnp";',
    "const config :Workerd.Config = (",
    "  services = [",
    '    (name = "main", worker = (',
    `      compatibilityDate = ${text(DATE)}, compatibilityFlags = [${flags.map((flag) => text(flag)).join(", ")}],`,
    '      globalOutbound = "local",',
    "      modules = [",
    ...modules.map(({ name, file, kind }) => `        (name = ${text(name)}, ${kind} = embed ${text(file)}),`),
    "      ])),",
    '    (name = "local", network = (allow = ["local"])),',
    "  ],",
    '  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],',
    ");",
    "",
  ].join("\n");
}
