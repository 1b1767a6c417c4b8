// Runs a bundle of this package's JavaScript (tools/bundle_runtime.mjs) with what V8 made of it before, where that is kept: then V8
// compiles neither the bundle nor its functions, one after another, when they are called. The file is bound to what is in the bundle, and
// checked; V8 refuses what another V8, other flags or another processor made.
//
// CommonJS and without modules of this package's own: this is the first that runs.
"use strict";
const { readFileSync } = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { constants, Script } = require("node:vm");

const folder = path.join(__dirname, "bundle");
const addon = path.join(__dirname, "..", "build", "release", "blockon.node");

/** The script of a bundle: a function of what a module of CommonJS has, and of the bundle's URL. */
function scriptOf(name, cachedData) {
  const file = path.join(folder, `${name}.js`);
  return new Script(readFileSync(file, "latin1"), {
    filename: file,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData !== undefined && { cachedData }),
  });
}

/** By the bundles' names, of what is in them; undefined where there are none, as in a checkout. */
function keys() {
  try {
    return JSON.parse(readFileSync(path.join(folder, "keys.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/** Where what V8 made of the command's bundle is kept, {file, key}: undefined where there is no bundle. */
function placeOfMain() {
  const key = keys()?.main;
  const root = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return key && { file: path.join(root, "blockon", "snapshots", `${key.slice(0, 32)}.command`), key };
}

/** The same for a Worker's thread: beside the realm's scripts, which have the same key. */
function placeOfWorker(scripts) {
  return { file: scripts.file.replace(/\.scripts$/, ".thread"), key: scripts.key };
}

/** What is kept in a place, or undefined. What is wrong with the addon is for those to say who need it. */
function readKept(place) {
  try {
    const kept = require(addon).readKept(place);
    return typeof kept === "string" ? undefined : kept;
  } catch {
    return undefined;
  }
}

/** Runs the bundle of that name. `require` is that of the file which stands for it. */
function run(name, require, place) {
  const kept = place && readKept(place);
  const script = scriptOf(name, kept);
  exports.program = { place, script, isKept: kept !== undefined && script.cachedDataRejected !== true };
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, pathToFileURL(path.join(folder, `${name}.js`)).href);
}

Object.assign(exports, { keys, placeOfMain, placeOfWorker, run, scriptOf });
