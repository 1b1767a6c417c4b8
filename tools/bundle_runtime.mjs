// Bundles the emitted runtime: node tools/bundle_runtime.mjs FOLDER, where FOLDER is what tsc has made of runtime/ (runtime_js.py).
//
// A start reads a handful of files in place of 260. What is started by itself is bundled, in its place and under its name: the
// command, the maker of compiled code, and the entry of a Worker's thread. All else stays as tsc has made it, for embedders and for
// threads that few Workers have. With what comes from packages go their licences, into the file LICENSES.txt beside it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const folder = path.resolve(process.argv[2] ?? "");
const root = path.join(import.meta.dirname, "..");
/** Below the runtime's folder, as each entry's own: all that is written lies one folder deep. */
const CHUNKS = "bundle";

/** Packages that are loaded by `require` of createRequire() stay outside (runtime/lazy_packages.ts and others). */
const common = {
  absWorkingDir: folder,
  bundle: true,
  outdir: folder,
  outbase: folder,
  allowOverwrite: true,
  platform: "node",
  target: `node${process.versions.node.split(".")[0]}`,
  nodePaths: [path.join(root, "node_modules")],
  // Not made small: lines and names are in tracebacks, and V8 keeps what it makes of the text.
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

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
      const url = `new URL(${JSON.stringify(`../${place}`)}, import.meta.url)`;
      const head = `import { fileURLToPath as placeOf } from "node:url";\nconst ownUrl = ${url};\n`;
      const rest = text
        .replaceAll("import.meta.dirname", 'placeOf(new URL(".", ownUrl)).slice(0, -1)')
        .replaceAll("import.meta.url", "ownUrl.href");
      return { contents: head + rest, loader: "js", resolveDir: path.dirname(file) };
    });
  },
};

/** In a module of CommonJS, `require` of what Node has. */
const requireOfNode =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';
const esm = { format: "esm", banner: { js: requireOfNode }, plugins: [ownPlaces] };

const results = [
  await build({
    ...common,
    ...esm,
    entryPoints: ["cli/main.js", "cli/make_compiled.js"],
    splitting: true,
    chunkNames: `${CHUNKS}/[name]-[hash]`,
  }),
  await build({ ...common, ...esm, entryPoints: ["worker/main.js"] }),
];

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
  path.join(folder, CHUNKS, "LICENSES.txt"),
  ["The JavaScript of this folder and of ../cli and ../worker holds parts of these packages.\n", ...texts].join(line),
);
