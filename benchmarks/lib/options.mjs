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
 * @property {string[] | undefined} peers
 * @property {string | undefined} json
 * @property {boolean} quick
 */

/**
 * @param {string} title the benchmark's name @param {string} help @param {string[]} cases what --only may name
 * @param {string[]} [peers] what --peers may name; without them there is no such option
 * @returns {Options}
 */
export function parseOptions(title, help, cases, peers) {
  const words = process.argv.slice(2);
  /** @type {Options} */
  const options = {
    rounds: undefined,
    runs: undefined,
    only: undefined,
    peers: undefined,
    json: undefined,
    quick: false,
  };
  const isValue = (word) => word !== undefined && !word.startsWith("--");
  const number = (name, least) => {
    const word = words.shift();
    if (word !== undefined && /^\d{1,6}$/.test(word) && Number(word) >= least) return Number(word);
    return wrongUsage(
      title,
      `${name} needs a whole number from ${least} on${word === undefined ? "" : `, not "${word}"`}`,
    );
  };
  const names = (name, what, known) => {
    if (!isValue(words[0])) wrongUsage(title, `${name} needs a ${what}; there are: ${known.join(", ")}`);
    const listed = [];
    while (isValue(words[0])) listed.push(words.shift());
    const unknown = listed.find((each) => !known.includes(each));
    if (unknown !== undefined) wrongUsage(title, `there is no ${what} "${unknown}"; there are: ${known.join(", ")}`);
    return listed;
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
      options.only = [...(options.only ?? []), ...names(word, "case", cases)];
    } else if (word === "--peers" && peers !== undefined) {
      options.peers = [...(options.peers ?? []), ...names(word, "peer", peers)];
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
