// The bindings of a wrangler file: what is read, what is refused, and with which words.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { parseWorkerConfig, readWorkerConfig, type WorkerConfig } from "../../runtime/config/wrangler.ts";
import { maskOf } from "../../runtime/mask.ts";
import { UserError } from "../../runtime/user_error.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const minimal = `name = "hello"
main = "entry.py"
compatibility_date = "2026-10-01"
compatibility_flags = ["python_workers"]
`;

function parse(text: string): WorkerConfig {
  return parseWorkerConfig(`${minimal}${text}`, "wrangler.toml", { today: "2026-11-01" });
}

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.message;
  }
  return assert.fail(`accepted: ${text}`);
}

describe("bindings", () => {
  it("of KV have an id, or one of the Worker's own", () => {
    const { kv, warnings } = parse(
      '[[kv_namespaces]]\nbinding = "A"\nid = "1"\npreview_id = "2"\n[[kv_namespaces]]\nbinding = "B"\nttl = 1\n',
    );
    assert.deepEqual(kv, { A: "1", B: "hello/B" });
    assert.deepEqual(warnings, [
      'wrangler.toml:11: the key "kv_namespaces[1].ttl" is not known to this runtime and has no effect here',
    ]);
  });

  it("have names of their own, which JavaScript can write", () => {
    const taken = '[[kv_namespaces]]\nbinding = "A"\n';
    assert.match(
      refusal(`[vars]\nA = "1"\n${taken}`),
      /^wrangler\.toml:8: "binding" is the string "A"; .*another name than that of a variable/,
    );
    assert.match(refusal(`${taken}${taken}`), /^wrangler\.toml:8: .* that of a KV namespace/);
    assert.match(refusal(`${taken}[blockon.services]\nA = "http://127.0.0.1:1"\n`), /that of a service/);
    assert.match(refusal('[[kv_namespaces]]\nbinding = "1 A"\n'), /expected a name of letters, digits/);
    assert.match(refusal("[[kv_namespaces]]\n"), /^wrangler\.toml:5: the key "binding" is missing/);
    assert.match(refusal("[kv_namespaces]\nA = 1\n"), /"kv_namespaces" is a table; expected an array of tables/);
  });

  it("that are not there are refused, by key and line", () => {
    const refused: [text: string, line: number, words: string][] = [
      ['[[d1_databases]]\nbinding = "DB"\n', 5, '"d1_databases" asks for D1 databases'],
      ['r2_buckets = [\n  { binding = "B" },\n]\n', 6, '"r2_buckets" asks for R2 buckets'],
      [
        '[durable_objects]\nbindings = [\n  { name = "D", class_name = "D" },\n]\n',
        7,
        '"durable_objects" asks for Durable Objects',
      ],
      ['[ai]\nbinding = "AI"\n', 6, '"ai" asks for Workers AI'],
      ['[[vectorize]]\nbinding = "V"\n', 5, '"vectorize" asks for Vectorize indexes'],
    ];
    for (const [text, line, words] of refused) {
      const message = refusal(text);
      assert.ok(message.startsWith(`wrangler.toml:${line}: ${words}, which this runtime does not have yet.`), message);
    }
    assert.deepEqual(parse("d1_databases = []\n[durable_objects]\nbindings = []\n").warnings, []);
  });
});

describe("secrets", () => {
  const folders: WorkerFolder[] = [];
  after(() => {
    for (const folder of folders) folder.remove();
  });

  function read(files: { [name: string]: string }, toml = "", env?: string): WorkerConfig {
    const folder = workerFolder("", [], toml);
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) folder.write(name, text);
    return readWorkerConfig(folder.path, { env });
  }

  const environment = '[env.staging]\n[env.staging.vars]\nA = "staging"\n';

  it("come from .dev.vars alone, if there is one", () => {
    const config = read({
      ".dev.vars": "KEY='a b'\nexport OTHER=\"two\\nlines\" # comment\nCOST=$KEY\n",
      ".env": "KEY=env\nENV=1",
    });
    assert.deepEqual({ ...config.secrets }, { KEY: "a b", OTHER: "two\nlines", COST: "$KEY" });
    assert.deepEqual(config.secretFiles, [".dev.vars"]);
  });

  it("come from all of .env, the nearer the later", () => {
    const files = {
      ".env": "A=1\nB=1\nC=1\nD=1\nE=$A-$B",
      ".env.staging": "B=2\nC=2\nD=2",
      ".env.local": "C=3\nD=3",
      ".env.staging.local": "D=4",
      ".env.production": "A=5",
    };
    assert.deepEqual({ ...read(files).secrets }, { A: "1", B: "1", C: "3", D: "3", E: "1-1" });
    const { secrets, secretFiles } = read(files, environment, "staging");
    assert.deepEqual({ ...secrets }, { A: "1", B: "2", C: "3", D: "4", E: "1-2" });
    assert.deepEqual(secretFiles, [".env", ".env.staging", ".env.local", ".env.staging.local"]);
  });

  it("of an environment are in its own .dev.vars, if there is one", () => {
    const files = { ".dev.vars": "A=1\nB=1", ".dev.vars.staging": "A=2" };
    assert.deepEqual({ ...read(files, environment, "staging").secrets }, { A: "2" });
    assert.deepEqual({ ...read({ ".dev.vars": "A=1" }, environment, "staging").secrets }, { A: "1" });
  });

  it("are those that are required, where that is said", () => {
    const config = read({ ".dev.vars": "A=1\nB=2" }, '[secrets]\nrequired = ["A", "C"]\n');
    assert.deepEqual({ ...config.secrets }, { A: "1" });
    assert.match(config.warnings.at(-1) as string, /the secret C, which is required, is in no \.dev\.vars/);
  });

  it("may stand for a variable, and for no other binding; no message has their values", () => {
    assert.equal(read({ ".dev.vars": "A=hidden" }, '[vars]\nA = "1"\n').secrets.A, "hidden");
    assert.throws(
      () => read({ ".dev.vars": "KV=hidden" }, '[[kv_namespaces]]\nbinding = "KV"\n'),
      (error: unknown) =>
        error instanceof UserError &&
        /\.dev\.vars has the name KV, which is that of a KV namespace\. Rename one\./.test(error.message) &&
        !error.message.includes("hidden"),
    );
  });

  it("are taken out of texts", () => {
    const mask = maskOf(["sk-12345", "sk-12345-long", "short", "line one\nline two", "$&$1 money"]);
    assert.equal(mask("a sk-12345-long, a sk-12345, a short"), "a [secret], a [secret], a short");
    assert.equal(mask("then line two"), "then [secret]");
    assert.equal(mask("$&$1 money"), "[secret]");
    assert.equal(maskOf([])("as it is"), "as it is");
  });
});
