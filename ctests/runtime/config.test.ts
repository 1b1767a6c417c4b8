// wrangler.toml: what is read, what is refused, and with which words.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { parseWorkerConfig, readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { UserError } from "../../runtime/user_error.ts";

const today = "2026-11-01";
const minimal = `
name = "hello"
main = "src/entry.py"
compatibility_date = "2026-10-15"
compatibility_flags = ["python_workers"]
`;

function parse(text: string) {
  return parseWorkerConfig(text, "wrangler.toml", { today });
}

function refusal(text: string): UserError {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error;
  }
  return assert.fail(`accepted: ${text}`);
}

describe("wrangler.toml", () => {
  it("reads the keys of a minimal Worker", () => {
    const config = parse(minimal);
    assert.equal(config.name, "hello");
    assert.equal(config.main, "src/entry.py");
    assert.equal(config.compatibility.date, "2026-10-15");
    assert.ok(config.compatibility.features.has("python_run_sync"));
    assert.equal(config.devUpstream, undefined);
    assert.equal(config.deadlockWarningSeconds, 5);
    assert.deepEqual(config.warnings, []);
  });

  it("takes TOML's own dates", () => {
    assert.equal(parse(minimal.replace('"2026-10-15"', "2026-10-15")).compatibility.date, "2026-10-15");
  });

  it("keeps [vars] of every JSON type", () => {
    const config = parse(`${minimal}\n[vars]\nA = "text"\nB = 3\nC = true\nD = { deep = [1, "two"] }\n`);
    assert.deepEqual({ ...config.vars }, { A: "text", B: 3, C: true, D: { deep: [1, "two"] } });
  });

  it("keeps unknown keys and warns once about each", () => {
    const config = parse(`workers_dev = true\n${minimal}\n[[rules]]\ntype = "Text"\n[blockon]\nspeed = 9\n`);
    assert.deepEqual(Object.keys(config.rest), ["workers_dev", "rules"]);
    assert.equal(config.warnings.length, 3);
    assert.match(config.warnings[0] as string, /the key "workers_dev" is not known/);
    assert.match(config.warnings[2] as string, /the key "blockon\.speed" is not known/);
  });

  it("reads [blockon]", () => {
    const config = parse(
      `${minimal}\n[blockon]\ndev_upstream = "upstream.mjs"\nmax_fibers = 50\npreempt_tasks = true\nsnapshot = true\n`,
    );
    assert.equal(config.devUpstream, "upstream.mjs");
    assert.equal(config.maxFibers, 50);
    assert.equal(config.preemptTasks, true);
    assert.equal(parse(minimal).preemptTasks, false);
    assert.equal(config.snapshot, true);
    assert.equal(parse(minimal).snapshot, false);
    assert.deepEqual(config.warnings, []);
    assert.equal(parse(minimal).maxFibers, undefined);
  });

  it("reads the packages that may be made of their source", () => {
    const config = parse(`${minimal}\n[blockon.packages]\nsources = ["Doc_Opt", "a", "doc-opt"]\n`);
    assert.deepEqual(config.packageSources, ["a", "doc-opt"]);
    assert.deepEqual(parse(minimal).packageSources, []);
    for (const wrong of ['"docopt"', '["docopt==1"]', "[1]"]) {
      assert.throws(
        () => parse(`${minimal}\n[blockon.packages]\nsources = ${wrong}\n`),
        /wrangler\.toml:\d+: "sources(?:\[0\])?" is .*; expected (?:an array of names|the name of a package|a string)/,
      );
    }
  });

  it("reads limits", () => {
    assert.deepEqual(parse(minimal).limits, {
      cpuMs: 30_000,
      memoryMb: 512,
      heapMb: 512,
      tmpMb: 256,
      wallMs: 0,
      maxRequests: 0,
    });
    const text = `${minimal}\n[limits]\ncpu_ms = 200\nsubrequests = 50\n[blockon.limits]\nmemory_mb = 256\nheap_mb = 128\ntmp_mb = 64\nwall_ms = 900\nmax_requests = 7\n`;
    const config = parse(text);
    assert.deepEqual(config.limits, { cpuMs: 200, memoryMb: 256, heapMb: 128, tmpMb: 64, wallMs: 900, maxRequests: 7 });
    assert.deepEqual(config.warnings, []);
    for (const [table, key, wrong, expected] of [
      ["limits", "cpu_ms", "0", "an integer from 1 to 300000"],
      ["limits", "cpu_ms", '"9"', "an integer from 1 to 300000"],
      ["blockon.limits", "memory_mb", "63", "an integer from 64 to 4096"],
      ["blockon.limits", "memory_mb", "99.5", "an integer from 64 to 4096"],
      ["blockon.limits", "heap_mb", "5000", "an integer from 32 to 4096"],
      ["blockon.limits", "tmp_mb", "0", "an integer from 1 to 4096"],
      ["blockon.limits", "wall_ms", "86400001", "an integer from 0 to 86400000"],
      ["blockon.limits", "max_requests", "-1", "an integer from 0 to 1000000"],
    ]) {
      const { message } = refusal(`${minimal}\n[${table}]\n${key} = ${wrong}\n`);
      assert.match(message, new RegExp(`^wrangler\\.toml:\\d+: "${key}" is .*; expected ${expected}`));
    }
    const [warning, ...others] = parse(`${minimal}\n[blockon.limits]\ncpu_ms = 5\n`).warnings;
    assert.match(warning ?? "", /the key "blockon\.limits\.cpu_ms" is not known/);
    assert.deepEqual(others, []);
  });

  it("reads services, and the fetch that clients go through", () => {
    assert.deepEqual(parse(minimal).services, {});
    assert.equal(parse(minimal).outboundFetch, false);
    const services = `${minimal}\n[blockon.services]\nGATEWAY = "http://127.0.0.1:9000/"\n[blockon.outbound]\n`;
    const config = parse(`${services}fetch = "GATEWAY"\n`);
    assert.deepEqual(config.services, { GATEWAY: "http://127.0.0.1:9000" });
    assert.equal(config.outboundFetch, "GATEWAY");
    assert.deepEqual(config.warnings, []);
    assert.equal(parse(`${services}fetch = true\n`).outboundFetch, true);
    for (const wrong of ['"OTHER"', '"constructor"', "5"]) {
      assert.match(refusal(`${services}fetch = ${wrong}\n`).message, /"fetch" is .*; expected true, false or the name/);
    }
    for (const wrong of ['"ftp://a.example"', '"http://a.example/path"', '"http://u:p@a.example"', '"nothing"', "7"]) {
      const text = `${minimal}\n[blockon.services]\nGATEWAY = ${wrong}\n`;
      assert.match(refusal(text).message, /"GATEWAY" is .*; expected the URL of a server/);
    }
    const twice = `${minimal}\n[vars]\nA = 1\n[blockon.services]\nA = "http://a.example"\n`;
    assert.match(refusal(twice).message, /expected a name that \[vars\] has not/);
  });

  it("reads the rules of [blockon.outbound]", () => {
    const rules = (text: string) => `${minimal}\n[blockon.outbound]\n${text}\n`;
    assert.equal(parse(minimal).outbound, undefined);
    assert.deepEqual(parse(rules('deny = ["private", "*.bad.example:443"]')).outbound, {
      allow: [],
      deny: ["private", "*.bad.example:443"],
    });
    assert.match(
      parse(rules('denied = ["private"]')).warnings[0] as string,
      /"blockon\.outbound\.denied" is not known/,
    );
    assert.match(
      refusal(rules('allow = ["10.0.0.0/99"]')).message,
      /\[blockon\.outbound\]: the rule '10\.0\.0\.0\/99': the length of the prefix is not between 0 and 32\.$/,
    );
    assert.match(
      refusal(rules('deny = "private"')).message,
      /"deny" is the string "private"; expected an array of rules/,
    );
    assert.match(
      refusal(`${minimal}\n[blockon]\noutbound = true\n`).message,
      /"outbound" is the boolean true; expected a table/,
    );
  });

  it("takes the seconds of a thread's grace, and 0 for no end", () => {
    assert.equal(parse(minimal).threadGraceSeconds, 30);
    for (const seconds of [0, 0.5, 86_400]) {
      assert.equal(parse(`${minimal}\n[blockon]\nthread_grace_seconds = ${seconds}\n`).threadGraceSeconds, seconds);
    }
    assert.match(
      refusal(`${minimal}\n[blockon]\nthread_grace_seconds = "30"\n`).message,
      /"thread_grace_seconds" is the string "30"; expected a number of seconds from 0 to 86400/,
    );
  });

  it("takes an interpreter for each request, and how many there may be", () => {
    const isolated = (more: string) => `${minimal}\n[blockon]\nisolation = "request"\n${more}`;
    assert.equal(parse(minimal).requestIsolation, undefined);
    assert.equal(parse(`${minimal}\n[blockon]\nisolation = "worker"\n`).requestIsolation, undefined);
    assert.deepEqual(parse(isolated("")).requestIsolation, { ready: 2, most: 16, resets: false });
    assert.deepEqual(parse(isolated("max_instances = 1")).requestIsolation, { ready: 1, most: 1, resets: false });
    const seven = parse(isolated("ready_instances = 5\nmax_instances = 7\nreset_instances = true")).requestIsolation;
    assert.deepEqual(seven, { ready: 5, most: 7, resets: true });
    const refused: [toml: string, why: RegExp][] = [
      [
        `${minimal}\n[blockon]\nisolation = "process"\n`,
        /"isolation" is the string "process"; expected "worker" or "request"/,
      ],
      [
        `${minimal}\n[blockon]\nready_instances = 1\n`,
        /"ready_instances" is the number 1; expected isolation = "request" beside it/,
      ],
      [
        `${minimal}\n[blockon]\nreset_instances = true\n`,
        /"reset_instances" is the boolean true; expected isolation = "request" beside it/,
      ],
      [isolated("max_instances = 0"), /"max_instances" is the number 0; expected an integer from 1 to 1000/],
      [
        isolated("ready_instances = 17"),
        /"ready_instances" is the number 17; expected no more than max_instances, which is 16/,
      ],
    ];
    for (const [toml, why] of refused) assert.match(refusal(toml).message, why);
  });

  it("takes the seconds of a warning, and 0 for none", () => {
    for (const seconds of [0, 0.5, 86_400]) {
      const config = parse(`${minimal}\n[blockon]\ndeadlock_warning_seconds = ${seconds}\n`);
      assert.equal(config.deadlockWarningSeconds, seconds);
    }
    for (const wrong of ["-1", "nan", '"5"', "86401"]) {
      assert.match(
        refusal(`${minimal}\n[blockon]\ndeadlock_warning_seconds = ${wrong}\n`).message,
        /"deadlock_warning_seconds" is .*; expected a number of seconds from 0 to 86400/,
      );
    }
  });

  const refused: [title: string, text: string, message: RegExp][] = [
    [
      "a missing name",
      minimal.replace(/name.*/, ""),
      /the key "name" is missing; expected the Worker's name, as in name =/,
    ],
    ["a name of another type", minimal.replace('"hello"', "5"), /"name" is the number 5; expected/],
    [
      "a name that is none",
      minimal.replace("hello", "no spaces"),
      /"name" is the string "no spaces"; expected up to 63/,
    ],
    ["a missing main", minimal.replace(/main.*/, ""), /the key "main" is missing/],
    ["JavaScript", minimal.replace("entry.py", "index.js"), /"main" is .*index\.js.*; expected a Python file/],
    ["a main outside", minimal.replace("src/entry.py", "../x.py"), /expected a path inside the Worker's folder/],
    ["a missing date", minimal.replace(/compatibility_date.*/, ""), /compatibility_date = "2026-11-01"/],
    ["another date format", minimal.replace("2026-10-15", "15.1.2026"), /expected YYYY-MM-DD/],
    ["a day that is none", minimal.replace("2026-10-15", "2026-02-30"), /expected a day of the calendar/],
    ["a date to come", minimal.replace("2026-10-15", "2026-11-02"), /expected a date not after today, 2026-11-01/],
    ["a time of day", minimal.replace('"2026-10-15"', "2026-01-15T10:00:00Z"), /expected YYYY-MM-DD/],
    [
      "flags that are no array",
      minimal.replace('["python_workers"]', '"python_workers"'),
      /expected an array of strings/,
    ],
    [
      "a flag that is no string",
      minimal.replace('["python_workers"]', "[1]"),
      /"compatibility_flags\[0\]" is the number 1/,
    ],
    ["vars that are no table", `vars = 1\n${minimal}`, /"vars" is the number 1; expected a table/],
    ["a variable that JSON has not", `${minimal}[vars]\nWHEN = 2026-01-01\n`, /"vars.WHEN" is a date/],
    [
      "no truth",
      `${minimal}[blockon]\npreempt_tasks = "no"\n`,
      /"preempt_tasks" is the string "no"; expected true or false/,
    ],
    ["no fiber", `${minimal}[blockon]\nmax_fibers = 0\n`, /"max_fibers" is the number 0; expected a positive integer/],
    ["a part of a fiber", `${minimal}[blockon]\nmax_fibers = 2.5\n`, /is the number 2\.5; .*, as in max_fibers = 1000/],
    ["no end of fibers", `${minimal}[blockon]\nmax_fibers = inf\n`, /is the number Infinity; expected a positive/],
    ["too many fibers", `${minimal}[blockon]\nmax_fibers = 2147483648\n`, /integer up to 2147483647/],
    ["fibers in words", `${minimal}[blockon]\nmax_fibers = "20"\n`, /"max_fibers" is the string "20"; expected/],
    ["fibers as a table", `${minimal}[blockon.max_fibers]\n`, /"max_fibers" is a table; expected/],
    [
      "no flag at all",
      minimal.replace(/compatibility_flags.*/, ""),
      /Add this line at its top: compatibility_flags = \["python_workers"\]/,
    ],
  ];
  for (const [title, text, message] of refused) {
    it(`refuses ${title}`, () => {
      const error = refusal(text);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"), "one line");
    });
  }

  it("says line and column of malformed TOML and shows the line", () => {
    const error = refusal('name = "a"\nmain = src\n');
    assert.match(error.message, /^wrangler\.toml:2:\d+: this is not valid TOML: /);
    assert.match(error.detail ?? "", /main = src/);
  });
});

describe("a Worker's folder", () => {
  const root = mkdtempSync(path.join(os.tmpdir(), "blockon-config-"));
  after(() => rmSync(root, { recursive: true }));

  it("must exist", () => {
    assert.throws(() => readWorkerConfig(path.join(root, "none"), { today }), /there is no such folder/);
  });

  it("must hold a configuration", () => {
    assert.throws(() => readWorkerConfig(root, { today }), /no wrangler\.toml, .* in this folder.*make wrangler\.toml/);
  });

  it("holds one configuration", () => {
    writeFileSync(path.join(root, "wrangler.toml"), minimal);
    writeFileSync(path.join(root, "wrangler.jsonc"), "{}");
    assert.throws(
      () => readWorkerConfig(root, { today }),
      /there are wrangler\.toml and wrangler\.jsonc\. Remove wrangler\.jsonc if/,
    );
    rmSync(path.join(root, "wrangler.jsonc"));
  });

  it("must hold its main file", () => {
    assert.throws(() => readWorkerConfig(root, { today }), /"main" names src\/entry\.py, which does not exist/);
    mkdirSync(path.join(root, "src/entry.py"), { recursive: true });
    assert.throws(() => readWorkerConfig(root, { today }), /which is not a file/);
    rmSync(path.join(root, "src/entry.py"), { recursive: true });
    writeFileSync(path.join(root, "src/entry.py"), "");
    assert.equal(readWorkerConfig(root, { today }).folder, root);
  });
});
