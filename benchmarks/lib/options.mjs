// The command line of a benchmark: wrong usage ends it with a message and exit code 2, before anything is measured.
import { closeSync, existsSync, openSync, rmSync } from "node:fs";

/** @param {string} title @param {string} message @returns {never} */
function wrongUsage(title, message) {
  process.stderr.write(`${title}: ${message}. ./dev bench ${title} --help lists the options.\n`);
  process.exit(2);
}

/** Throws when the file cannot be written, and leaves it as it was. */
function tryToWrite(file) {
  const existed = existsSync(file);
  closeSync(openSync(file, "a"));
  if (!existed) rmSync(file);
}

/**
 * @typedef {object} Options
 * @property {number | undefined} rounds
 * @property {number | undefined} runs
 * @property {string[] | undefined} only
 * @property {string | undefined} json
 * @property {boolean} quick
 */

/**
 * @param {string} title the benchmark's name @param {string} help @param {string[]} cases what --only may name
 * @returns {Options}
 */
export function parseOptions(title, help, cases) {
  const words = process.argv.slice(2);
  /** @type {Options} */
  const options = { rounds: undefined, runs: undefined, only: undefined, json: undefined, quick: false };
  const isValue = (word) => word !== undefined && !word.startsWith("--");
  const number = (name, least) => {
    const word = words.shift();
    if (word !== undefined && /^\d{1,6}$/.test(word) && Number(word) >= least) return Number(word);
    return wrongUsage(
      title,
      `${name} needs a whole number from ${least} on${word === undefined ? "" : `, not "${word}"`}`,
    );
  };
  while (words.length > 0) {
    const word = words.shift();
    if (word === "--help" || word === "-h") {
      process.stdout.write(help);
      process.exit(0);
    } else if (word === "--quick") {
      options.quick = true;
    } else if (word === "--rounds") {
      options.rounds = number(word, 1);
    } else if (word === "--runs") {
      options.runs = number(word, 0);
    } else if (word === "--only") {
      options.only ??= [];
      if (!isValue(words[0])) wrongUsage(title, `--only needs a case; there are: ${cases.join(", ")}`);
      while (isValue(words[0])) options.only.push(words.shift());
      const unknown = options.only.find((name) => !cases.includes(name));
      if (unknown !== undefined) wrongUsage(title, `there is no case "${unknown}"; there are: ${cases.join(", ")}`);
    } else if (word === "--json") {
      if (!isValue(words[0])) wrongUsage(title, "--json needs a file name");
      options.json = words.shift();
      try {
        tryToWrite(options.json);
      } catch (error) {
        wrongUsage(title, `--json: ${options.json} cannot be written (${error.code})`);
      }
    } else {
      wrongUsage(title, `there is no option "${word}"`);
    }
  }
  return options;
}
