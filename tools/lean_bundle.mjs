// esbuild's plugins by which a start evaluates less of the bundles (bundle_runtime.mjs): what is the same in each start is done when the bundle is made,
// what few starts need is loaded when it is called, and Node's modules are taken as they are.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Modules that packages ask for at their begin and use seldom, and who asks: `[module, asked for by]`. What a server logs its own thread writes to
 * stderr, and no command is another program.
 * @type {readonly (readonly [string, RegExp])[]}
 */
const USED_SELDOM = [
  ["node:child_process", /\/commander\/lib\/command\.js$/],
  ["./lib/transport", /\/pino\/pino\.js$/],
  ["./transport", /\/pino\/lib\/tools\.js$/],
  ["pino-abstract-transport", /\/pino-pretty\/index\.js$/],
  ["pump", /\/pino-pretty\/index\.js$/],
  ["assert", /\/sonic-boom\/index\.js$/],
  ["node:assert", /\/sonic-boom\/index\.js$/],
];

/** What stands for a module until it is called, or asked for something. @param {string} place */
const standIn = (place) => `
const load = () => require(${JSON.stringify(place)});
module.exports = new Proxy(function () {}, {
  apply: (_target, receiver, values) => Reflect.apply(load(), receiver, values),
  get: (_target, name) => load()[name],
});`;

/**
 * Whoever asks for such a module gets a stand-in, which loads it when it is used.
 * @type {import("esbuild").Plugin}
 */
export const usedSeldom = {
  name: "used seldom",
  setup(made) {
    const unseen = new Set(USED_SELDOM);
    made.onResolve({ filter: /./ }, async ({ path: name, importer, resolveDir, kind }) => {
      const found = USED_SELDOM.find(([module, by]) => module === name && by.test(importer));
      if (found === undefined) return undefined;
      unseen.delete(found);
      const { path: place, external, errors } = await made.resolve(name, { resolveDir, kind });
      return { path: name, namespace: "used-seldom", errors, pluginData: external ? name : place };
    });
    made.onLoad({ filter: /./, namespace: "used-seldom" }, ({ pluginData: place }) => ({
      contents: standIn(place),
      resolveDir: path.join(import.meta.dirname, ".."),
    }));
    made.onEnd(({ metafile }) => {
      const hasLog = Object.keys(metafile?.inputs ?? {}).some((file) => file.endsWith("/pino/pino.js"));
      const errors = [...unseen].map(([name]) => ({ text: `nobody asks for ${name} as lean_bundle.mjs says` }));
      return { errors: hasLog ? errors : [] };
    });
  },
};

/** `import name from "node:..."`, which asks for nothing else. @param {string} text @param {string} module */
const takesWhole = (text, module) => {
  const statements = text.match(new RegExp(`^import [^;]*? from ["']${module}["']`, "gm")) ?? [];
  return statements.length === 1 && /^import \w+ from/.test(statements[0]);
};

/**
 * Whoever imports one of Node's modules as a whole gets it. esbuild makes a copy of it for each that does, whose properties are getters: of node:path in 80
 * modules, and of process, which computes what it has when it is looked at.
 * @type {import("esbuild").Plugin}
 */
export const wholeModules = {
  name: "whole modules",
  setup(made) {
    made.onResolve({ filter: /^node:/ }, ({ path: name, importer, kind }) => {
      if (kind !== "import-statement" || importer === "") return undefined;
      return takesWhole(readFileSync(importer, "utf8"), name) ? { path: name, namespace: "whole-module" } : undefined;
    });
    made.onLoad({ filter: /./, namespace: "whole-module" }, ({ path: name }) => ({
      contents: `const whole = require(${JSON.stringify(name)});\nexport default whole;\n`,
    }));
  },
};

/** Rows that others refer to stand once: `rows` by their names in the program. */
function rowText(row, rows) {
  const entries = Object.entries(row).map(([key, value]) => {
    const [name, index] = [...rows].map(([each, list]) => [each, list.indexOf(value)]).find(([, at]) => at >= 0) ?? [];
    return `${JSON.stringify(key)}: ${name === undefined ? JSON.stringify(value) : `${name}[${index}]`}`;
  });
  return `{ ${entries.join(", ")} }`;
}

/**
 * The table of compatibility.toml as it is when it has been read and checked.
 * @param {string} folder of the emitted runtime
 * @returns {import("esbuild").Plugin}
 */
export const readTables = (folder) => ({
  name: "read tables",
  setup(made) {
    const file = path.join(folder, "config", "compatibility_table.js");
    made.onLoad({ filter: /\/config\/compatibility_table\.js$/ }, async ({ path: place }) => {
      if (place !== file) return undefined;
      const { compatibilityTable } = await import(pathToFileURL(file).href);
      const rows = new Map();
      const lines = Object.entries(compatibilityTable).map(([name, list]) => {
        const text = `const ${name} = [\n${list.map((row) => `  ${rowText(row, rows)},`).join("\n")}\n];`;
        rows.set(name, list);
        return text;
      });
      return {
        contents: `${lines.join("\n")}\nexport const compatibilityTable = { ${[...rows.keys()].join(", ")} };\n`,
        loader: "js",
      };
    });
  },
});
