// Where in a configuration a value stands, its three formats, and its environments.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonDocument } from "../../runtime/config/json_document.ts";
import { tomlDocument } from "../../runtime/config/toml_document.ts";
import { type ConfigOptions, parseWorkerConfig } from "../../runtime/config/wrangler.ts";
import { UserError } from "../../runtime/user_error.ts";

const today = "2026-11-01";

const minimal = `name = "hello"
main = "entry.py"
compatibility_date = "2026-10-15"
compatibility_flags = ["python_workers"]
`;

function refusal(text: string, file = "wrangler.toml", options: ConfigOptions = {}): UserError {
  try {
    parseWorkerConfig(text, file, { today, ...options });
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error;
  }
  return assert.fail(`accepted: ${text}`);
}

describe("the line of a value", () => {
  const toml = tomlDocument(
    `# "c" is not here
list = [ # "c"
  "a", "b",

  # "c",
  """
c""",
  "c", "c",
]
x.y.z = 1
[env.staging.vars]
"q.x" = { deep = [1,
  2] }
[[kv]]
binding = "A"
[[kv]]
binding = "B"
[kv.sub]
z = 1
`,
    "wrangler.toml",
  );
  const places: [at: (string | number)[], line: number | undefined][] = [
    [["list"], 2],
    [["list", 0], 3],
    [["list", 1], 3],
    [["list", 2], 6],
    [["list", 3], 8],
    [["list", 4], 8],
    [["list", 9], 2],
    [["x"], 10],
    [["x", "y", "z"], 10],
    [["env", "staging", "vars"], 11],
    [["env", "staging", "vars", "q.x", "deep", 1], 13],
    [["kv", 0, "binding"], 15],
    [["kv", 1, "binding"], 17],
    [["kv", 1, "sub", "z"], 19],
    [["nothing"], undefined],
    [[], undefined],
  ];
  for (const [at, line] of places) {
    it(`of TOML: ${JSON.stringify(at)}`, () => assert.equal(toml.lineOf(at), line));
  }

  it("of JSON", () => {
    const text = '{\r\n  // "b"\r\n  "a": [\r\n    "x", /* "x"\n */ "x",\r\n    { "b": 1 },\r\n  ],\r\n}';
    const json = jsonDocument(text, "wrangler.jsonc");
    assert.deepEqual(json.table, { a: ["x", "x", { b: 1 }] });
    const lines = [["a"], ["a", 0], ["a", 1], ["a", 2, "b"]].map((at) => json.lineOf(at));
    assert.deepEqual(lines, [3, 4, 5, 6]);
  });

  it("goes into messages", () => {
    const flags = (inside: string) => minimal.replace('["python_workers"]', `[\n${inside}\n]`);
    assert.match(
      refusal(flags('  "python_workers",\n  # "no_python",\n  "no_python",')).message,
      /^wrangler\.toml:7: unknown compatibility flag "no_python"/,
    );
    assert.match(
      refusal(flags('  "python_workers", "python_run_sync",\n\n  "no_python_run_sync"')).message,
      /^wrangler\.toml:7: the compatibility flags "python_run_sync" and "no_python_run_sync" contradict/,
    );
    assert.match(
      refusal(flags('  "python_workers",\n  "python_workers"')).message,
      /^wrangler\.toml:6: .* is given twice/,
    );
    assert.match(refusal(flags('  "nodejs_compat"')).message, /^wrangler\.toml:4: a Python Worker needs the flag/);
    assert.match(
      refusal(`${minimal}[vars]\nA = 1\nB = [1,\n  2026-01-01]\n`).message,
      /^wrangler\.toml:8: "vars.B\[1\]" is a/,
    );
    assert.match(refusal(minimal.replace(/name.*/, "")).message, /^wrangler\.toml: the key "name" is missing/);
    assert.match(refusal(`${minimal}[blockon]\n\nmax_fibers = 0\n`).message, /^wrangler\.toml:7: "max_fibers" is/);
    const { warnings } = parseWorkerConfig(`${minimal}[blockon]\nspeed = 1\n`, "wrangler.toml", { today });
    assert.match(warnings[0] as string, /^wrangler\.toml:6: the key "blockon\.speed" is not known/);
  });
});

describe("wrangler.json and wrangler.jsonc", () => {
  const json = `{
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "hello", // ours
  "main": "entry.py",
  "compatibility_date": "2026-10-15",
  "compatibility_flags": ["python_workers"],
  "vars": { "A": null, "__proto__": 1 },
}`;

  it("have the same keys", () => {
    for (const file of ["wrangler.json", "wrangler.jsonc"]) {
      const config = parseWorkerConfig(`\uFEFF${json}`, file, { today });
      assert.equal(config.name, "hello");
      assert.deepEqual(Object.entries(config.vars), [
        ["A", null],
        ["__proto__", 1],
      ]);
      assert.deepEqual(config.warnings, []);
    }
  });

  it("say where they are malformed", () => {
    const cases: [text: string, message: RegExp][] = [
      ['{\n  "name": hello\n}', /^wrangler\.json:2:11: this is not valid JSON: invalid symbol\.$/],
      [
        '{\n  "name": "a",\n  "name": "b"\n}',
        /^wrangler\.json:3:3: this is not valid JSON: the key "name" is given twice\.$/,
      ],
      ["[]", /^wrangler\.json:1:1: this is not valid JSON: expected an object\.$/],
      ["", /^wrangler\.json:1:1: this is not valid JSON: value expected\.$/],
      ["{} {}", /^wrangler\.json:1:4: this is not valid JSON: end of file expected\.$/],
    ];
    for (const [text, message] of cases) assert.match(refusal(text, "wrangler.json").message, message);
    assert.equal(refusal('{\n  "name": hello\n}', "wrangler.json").detail, '2 |   "name": hello');
  });

  it("get advice in their own notation", () => {
    assert.match(
      refusal(json.replace('"python_workers"', ""), "wrangler.json").message,
      /: "compatibility_flags": \["python_workers"\]$/,
    );
    assert.match(
      refusal(json.replace('"main": "entry.py",', ""), "wrangler.json").message,
      /as in "main": "src\/entry\.py"\.$/,
    );
  });
});

describe("environments", () => {
  const text = `${minimal}
[vars]
A = 1
[[kv_namespaces]]
binding = "KV"
[blockon]
max_fibers = 5
[blockon.services]
GATEWAY = "http://127.0.0.1:9000"
[env.staging]
compatibility_flags = ["python_workers", "no_python_run_sync"]
keep_vars = true
[env.staging.vars]
B = 2
[env.other]
name = "another"
compatibility_flags = [
  "python_worker"]
[env.other.blockon]
preempt_tasks = true
`;
  const read = (env?: string) => parseWorkerConfig(text, "wrangler.toml", { today, env });

  it("are not there unless one is asked for", () => {
    const config = read();
    assert.equal(config.name, "hello");
    assert.deepEqual(config.vars, { A: 1 });
    assert.deepEqual(config.kv, { KV: "hello/KV" });
  });

  it("inherit what is no binding, and may write it anew", () => {
    const config = read("staging");
    assert.equal(config.name, "hello-staging");
    assert.equal(config.main, "entry.py");
    assert.equal(config.maxFibers, 5);
    assert.ok(!config.compatibility.features.has("python_run_sync"));
  });

  it("have vars and bindings of their own, with a warning where the top has some", () => {
    const config = read("staging");
    assert.deepEqual(config.vars, { B: 2 });
    assert.deepEqual(config.kv, {});
    assert.deepEqual(config.services, {});
    assert.deepEqual(config.warnings, [
      'wrangler.toml:8: "kv_namespaces" is not inherited: the environment staging has none unless it names its own',
      'wrangler.toml:12: "blockon.services" is not inherited: the environment staging has none unless it names its own',
      'wrangler.toml:16: "keep_vars" has no effect in an environment',
    ]);
  });

  it("replace a table as a whole, and their messages name their own lines", () => {
    assert.match(
      refusal(text, "wrangler.toml", { env: "other" }).message,
      /^wrangler\.toml:22: unknown compatibility flag "python_worker"/,
    );
    const config = parseWorkerConfig(text.replace('"python_worker"]', '"python_workers"]'), "wrangler.toml", {
      today,
      env: "other",
    });
    assert.equal(config.name, "another");
    assert.equal(config.maxFibers, undefined);
    assert.equal(config.preemptTasks, true);
    assert.deepEqual(config.vars, {});
  });

  it("are named when there is no such", () => {
    assert.match(
      refusal(text, "wrangler.toml", { env: "stagin" }).message,
      /no environment "stagin"\. Did you mean "staging"\?/,
    );
    assert.match(refusal(text, "wrangler.toml", { env: "production" }).message, /There are: staging, other\.$/);
    assert.match(
      refusal(minimal, "wrangler.toml", { env: "a" }).message,
      /Make it: \[env\.a\], or leave --env away\.$/,
    );
    assert.match(refusal(`env = 1\n${minimal}`).message, /^wrangler\.toml:1: "env" is the number 1; expected a table/);
    assert.match(
      refusal(`${minimal}[env]\na = 1\n`, "wrangler.toml", { env: "a" }).message,
      /^wrangler\.toml:6: "a" is the number 1/,
    );
  });
});
