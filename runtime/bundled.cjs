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
  // In memory once for all threads, with the addon that what is kept was read by.
  const text = cachedData === undefined ? readFileSync(file, "latin1") : require(addon).sharedText(file);
  return new Script(text, {
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

/** Runs the bundle of that name. `require` is that of the file which stands for it; `options` is a Worker's thread's. */
function run(name, require, place, options) {
  exports.options = options;
  const kept = place && readKept(place);
  const script = scriptOf(name, kept);
  exports.program = { place, script, isKept: kept !== undefined && script.cachedDataRejected !== true };
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, pathToFileURL(path.join(folder, `${name}.js`)).href);
}

/**
 * Starts the thread of a server's first Worker before the command's own JavaScript is loaded, beside which it boots: with the settings that the
 * last start of the same command noted (snapshots/start_record.ts). Whoever wants a thread takes it if it would start one with the same.
 */
function startThread() {
  const { BLOCKON_START_RECORD: record, BLOCKON_HANDED: handed } = process.env;
  delete process.env.BLOCKON_START_RECORD;
  delete process.env.BLOCKON_HANDED;
  if (!record) return;
  exports.record = record;
  try {
    if (handed) require(addon).takeHanded(handed);
    exports.ahead = threadAhead(record);
  } catch {
    // None is started ahead.
  }
}

function threadAhead(record) {
  const text = readFileSync(record, "utf8");
  const realm = realmIn(text);
  if (realm?.scripts) require(addon).feedCode(realm.wasm);
  const settings = /^thread (.*)$/m.exec(text)?.[1];
  if (settings === undefined) return undefined;
  const { name, resourceLimits, execArgv } = JSON.parse(settings);
  // It is for this thread's own heap (v8_flags.mjs).
  require(addon).setV8Flag("--min-semi-space-size=0");
  const { Worker } = require("node:worker_threads");
  const entry = path.join(__dirname, "worker", "main.cjs");
  // Node would make the process's own streams before the thread (pool/thread_ahead.ts passes on what comes).
  const streams = { stdout: true, stderr: true };
  const workerData = { isAhead: true };
  const thread = new Worker(entry, { name, resourceLimits, execArgv, env: {}, ...streams, workerData });
  // Nobody's yet, it keeps no process going.
  thread.unref();
  const ahead = {
    settings,
    realm,
    thread,
    isGone: false,
  };
  const gone = (resolve) => () => {
    ahead.isGone = true;
    resolve();
  };
  ahead.booted = new Promise((resolve) => {
    thread.once("message", resolve).once("error", gone(resolve)).once("exit", gone(resolve));
  });
  return ahead;
}

/** What the thread makes a realm with: its wasm, and what V8 has made of its scripts. */
function realmIn(text) {
  const realm = /^realm (.*)$/m.exec(text)?.[1];
  if (realm === undefined) return undefined;
  const { scripts, distribution } = JSON.parse(realm);
  return { realm, scripts, wasm: path.join(distribution, "realm.asm.wasm") };
}

/**
 * A thread that was started ahead: loads from Node's own code cache what the bundle will ask for, tells that it has booted, and waits for its
 * options, or for what it does before those come. V8's flags change then, and under them Node's cache is of no use.
 */
function waitForOptions(modules, start) {
  for (const each of modules) require(each);
  const { setV8Flag } = require(addon);
  const { parentPort } = require("node:worker_threads");
  parentPort.once("message", (options) => {
    for (const flag of options.v8Flags ?? []) setV8Flag(flag);
    start(options);
  });
  parentPort.postMessage("booted");
}

Object.assign(exports, { keys, placeOfMain, placeOfWorker, run, scriptOf, startThread, waitForOptions });
