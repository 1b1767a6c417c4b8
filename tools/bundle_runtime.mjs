// Bundles the emitted runtime: node tools/bundle_runtime.mjs FOLDER, where FOLDER is what tsc has made of runtime/ (runtime_js.py).
//
// A start reads two files in place of 260, and V8 need not compile them (runtime/bundled.cjs). There are two bundles: the command, and a
// Worker's thread; cli/main.cjs and worker/main.cjs stand for them. All other files stay as tsc has made them, for embedders and for threads and
// processes that are started less often. What is in a bundle is its key. With what comes from packages go their licences, into
// the file LICENSES.txt.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { readTables, usedSeldom, wholeModules } from "./lean_bundle.mjs";

const folder = path.resolve(process.argv[2] ?? "");
const root = path.join(import.meta.dirname, "..");
const BUNDLES = "bundle";

/**
 * What a module finds by its own place (`import.meta`) it finds by that of the module, wherever its code lies now.
 * @type {import("esbuild").Plugin}
 */
const ownPlaces = {
  name: "own places",
  setup(made) {
    made.onLoad({ filter: /\.js$/, namespace: "file" }, ({ path: file }) => {
      const place = path.relative(folder, file);
      if (place.startsWith("..")) return undefined;
      const text = readFileSync(file, "utf8");
      if (!/import\.meta\.(?:url|dirname)/.test(text)) return undefined;
      // bundleUrl is the wrapping function's.
      const url = `new URL(${JSON.stringify(`../${place}`)}, bundleUrl)`;
      const head = `import { fileURLToPath as placeOf } from "node:url";\nconst ownUrl = ${url};\n`;
      const rest = text
        .replaceAll("import.meta.dirname", 'placeOf(new URL(".", ownUrl)).slice(0, -1)')
        .replaceAll("import.meta.url", "ownUrl.href");
      return { contents: head + rest, loader: "js", resolveDir: path.dirname(file) };
    });
  },
};

/** Packages that are loaded by `require` of createRequire() stay outside (runtime/lazy_packages.ts and others). */
const bundle = (name, entry) =>
  build({
    absWorkingDir: folder,
    entryPoints: [entry],
    outfile: path.join(folder, BUNDLES, `${name}.js`),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: `node${process.versions.node.split(".")[0]}`,
    nodePaths: [path.join(root, "node_modules")],
    banner: { js: "(function (exports, require, module, bundleUrl) {" },
    footer: { js: "})" },
    plugins: [usedSeldom, wholeModules, readTables(folder), ownPlaces],
    // Read as Latin-1. Not made small: lines and names are in tracebacks, and V8 keeps what it makes of the text.
    charset: "ascii",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });

const results = [await bundle("main", "cli/main.js"), await bundle("worker", "worker/main.js")];

const keyOf = (name) =>
  createHash("sha256")
    .update(readFileSync(path.join(folder, BUNDLES, `${name}.js`)))
    .digest("hex");
writeFileSync(
  path.join(folder, BUNDLES, "keys.json"),
  `${JSON.stringify({ main: keyOf("main"), worker: keyOf("worker") })}\n`,
);

/** Node's modules that a bundle loads at its begin. */
const loadedAtOnce = ({ metafile }) => {
  const [{ imports }] = Object.values(metafile.outputs);
  const names = imports
    .filter(({ external, kind }) => external && kind === "require-call")
    .map(({ path: name }) => name);
  return [...new Set(names)].sort();
};

// Only commands that serve are worth the look, under V8's usual flags.
writeFileSync(
  path.join(folder, "cli", "main.cjs"),
  `"use strict";
const { placeOfMain, run, startThread } = require("../bundled.cjs");
const hasUsualFlags = process.execArgv.every((each) => /^--(?:min|max)-semi-space-size=/.test(each));
const isUsual = hasUsualFlags && !process.env.NODE_OPTIONS && process.env.BLOCKON_SNAPSHOTS !== "off";
startThread();
run("main", require, isUsual && ["serve", "dev", "test"].includes(process.argv[2]) ? placeOfMain() : undefined);
`,
);
writeFileSync(
  path.join(folder, "worker", "main.cjs"),
  `"use strict";
const { workerData } = require("node:worker_threads");
const { placeOfWorker, run, waitForOptions } = require("../bundled.cjs");
const start = (options) => run("worker", require, options?.scripts && placeOfWorker(options.scripts), options);
if (workerData?.isAhead === true) waitForOptions(${JSON.stringify(loadedAtOnce(results[1]))}, start);
else start(workerData);
`,
);

/** The folders of the packages that something was taken of. */
const packages = new Set();
for (const { metafile } of results) {
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path.resolve(folder, input));
      if (found !== null && bytesInOutput > 0) packages.add(found[0]);
    }
  }
}

/** @param {string} place @returns {string} what its licence says */
function licenceOf(place) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(place, "package.json"), "utf8"));
  const file = readdirSync(place).find((each) => /^(?:licen[cs]e|copying)\b/i.test(each));
  if (file === undefined) throw new Error(`${place}: the package has no file with its licence`);
  const text = readFileSync(path.join(place, file), "utf8").trim();
  return `${name} ${version} (${license})\n\n${text}\n`;
}

const line = `\n${"-".repeat(80)}\n`;
const texts = [...packages].sort().map(licenceOf);
writeFileSync(
  path.join(folder, BUNDLES, "LICENSES.txt"),
  ["The JavaScript of this folder holds parts of these packages.\n", ...texts].join(line),
);
