// Which files a Worker gets, and its Python packages.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { guestTree, workerMount } from "../../runtime/packages/guest_files.ts";
import { makeWheel, removeEmptyWheels, unmetRequirement } from "../../runtime/packages/made_wheels.ts";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { UserError } from "../../runtime/user_error.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

describe("a Worker's files", () => {
  let folder: WorkerFolder;
  beforeEach(() => {
    folder = workerFolder("x = 1\n");
  });
  afterEach(() => folder.remove());

  const ownFiles = (packages?: string): string[] =>
    guestTree(folder.path, packages)
      .files.map(({ target }) => target)
      .filter((target) => target.startsWith(`${workerMount}/`))
      .map((target) => target.slice(workerMount.length + 1))
      .sort();

  it("are those of its folder, without what is not its own", () => {
    folder.write("src/data/table.csv", "1,2\n");
    folder.write(".env", "SECRET=1\n");
    folder.write("node_modules/a/index.js", "");
    folder.write("src/__pycache__/entry.cpython-314.pyc", "");
    folder.write("requirements.txt", "");
    symlinkSync("/etc/hostname", path.join(folder.path, "outside"));
    assert.deepEqual(ownFiles(), ["src/data/table.csv", "src/entry.py", "wrangler.toml"]);
  });

  it("come with packages from python_modules, which are on the path behind its own", async () => {
    folder.write("python_modules/thing/__init__.py", "");
    const packages = await packageFolder(folder.path, () => assert.fail("nothing is to be installed"));
    assert.equal(packages, path.join(folder.path, "python_modules"));
    assert.deepEqual(ownFiles(packages), ["python_modules/thing/__init__.py", "src/entry.py", "wrangler.toml"]);
    const { path: sysPath } = guestTree(folder.path, packages);
    assert.deepEqual(sysPath.slice(0, 2), [workerMount, `${workerMount}/python_modules`]);
  });

  it("need no packages", async () => {
    assert.equal(await packageFolder(folder.path, () => assert.fail("nothing is to be installed")), undefined);
  });

  const refusals: [title: string, variable: string, value: string, message: RegExp][] = [
    ["there is no Python", "BLOCKON_PYTHON", "no-such-python", /no-such-python is needed to install its packages/],
    [
      "the cache cannot be written",
      "XDG_CACHE_HOME",
      "/dev/null",
      /cannot be made: .*name another place.*XDG_CACHE_HOME/,
    ],
  ];
  for (const [title, variable, value, message] of refusals) {
    it(`say what to do when ${title}`, async () => {
      folder.write("requirements.txt", "requests==0.0.0\n");
      const before = process.env[variable];
      process.env[variable] = value;
      try {
        await assert.rejects(
          packageFolder(folder.path, () => {}),
          (error) => error instanceof UserError && message.test(error.message),
        );
      } finally {
        if (before === undefined) delete process.env[variable];
        else process.env[variable] = before;
      }
    });
  }

  it("may be made of their source where they have no wheel", async () => {
    folder.write("requirements.txt", "markupsafe==3.0.3\npyyaml==6.0.4\n");
    const before = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = folder.path;
    try {
      const packages = await packageFolder(folder.path, () => {});
      assert.ok(packages);
      const names = readdirSync(packages, { recursive: true }).map(String);
      assert.ok(names.includes("markupsafe/_native.py"));
      assert.ok(names.includes("yaml/scanner.py"));
      assert.deepEqual(
        names.filter((name) => name.endsWith(".so")),
        [],
      );
    } finally {
      if (before === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before;
    }
  });

  it("are not a whole disk", () => {
    for (let i = 0; i < 20; i++) mkdirSync(path.join(folder.path, `d${i}`));
    for (let i = 0; i < 20_001; i++) folder.write(`d${i % 20}/${i}`, "");
    assert.throws(
      () => guestTree(folder.path, undefined),
      /holds more than 20000 files: is this the folder of a Worker\?/,
    );
  });
});

describe("wheels that are made", () => {
  const python = process.env.BLOCKON_PYTHON || "python3";
  let folder: WorkerFolder;
  beforeEach(() => {
    folder = workerFolder("x = 1\n");
  });
  afterEach(() => folder.remove());

  it("are for what pip says that it does not find", () => {
    const said = (requirement: string) =>
      `ERROR: Could not find a version that satisfies the requirement ${requirement} (from versions: none)\nERROR: No matching`;
    assert.deepEqual(unmetRequirement(said("markupsafe>=2.1.1 (from flask)")), {
      name: "markupsafe",
      requirement: "markupsafe>=2.1.1",
    });
    assert.deepEqual(unmetRequirement(said('PyYAML<7,>=5.3; python_version > "3" (from a)')), {
      name: "pyyaml",
      requirement: "PyYAML<7,>=5.3",
    });
    assert.deepEqual(unmetRequirement(said("MarkupSafe")), { name: "markupsafe", requirement: "MarkupSafe" });
    assert.equal(unmetRequirement("ERROR: no network"), undefined);
  });

  it("are empty for what its users do without, and say nothing when they are installed", async () => {
    const orjson = { name: "orjson", requirement: "orjson>=3.9.14,<4" };
    assert.equal(await makeWheel(python, orjson, new Set(), folder.path), true);
    const [wheel] = readdirSync(folder.path).filter((name) => name.endsWith(".whl"));
    assert.match(wheel ?? "", /^orjson-3\..*\+absent-py3-none-any\.whl$/);
    const target = path.join(folder.path, "target");
    mkdirSync(path.join(target, "orjson-3.11.0+absent.dist-info"), { recursive: true });
    mkdirSync(path.join(target, "other-1.0.dist-info"));
    writeFileSync(path.join(target, "module.py"), "");
    removeEmptyWheels(target);
    assert.deepEqual(readdirSync(target).sort(), ["module.py", "other-1.0.dist-info"]);
  });

  it("are none of what the Worker itself names, nor of any other package", async () => {
    const orjson = { name: "orjson", requirement: "orjson" };
    assert.equal(await makeWheel(python, orjson, new Set(["orjson"]), folder.path), false);
    assert.equal(await makeWheel(python, { name: "numpy", requirement: "numpy" }, new Set(), folder.path), false);
  });
});
