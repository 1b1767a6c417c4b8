// Which files a Worker gets, and its Python packages.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { guestTree, workerMount } from "../../runtime/packages/guest_files.ts";
import { makeEmptyWheels, wheelsIn } from "../../runtime/packages/made_wheels.ts";
import { packageFolder } from "../../runtime/packages/python_packages.ts";
import { currentTarget } from "../../runtime/packages/target.ts";
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
    folder.write("pylock.blockon.toml", "");
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
    const options = { target: () => assert.fail("a Worker without packages asks for Pyodide's") };
    assert.equal(await packageFolder(folder.path, () => assert.fail("nothing is to be installed"), options), undefined);
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
  let folder: WorkerFolder;
  beforeEach(() => {
    folder = workerFolder("x = 1\n");
  });
  afterEach(() => folder.remove());

  const wheels = async (named: string[], here = false) => {
    await makeEmptyWheels("the test", folder.path, new Set(named), currentTarget().locked, () => here);
    return wheelsIn(folder.path).sort();
  };

  it("are empty for what its users do without", async () => {
    const [orjson, zstandard, other] = await wheels([]);
    assert.match(orjson ?? "", /^orjson-3\..*\+absent-py3-none-any\.whl$/);
    assert.match(zstandard ?? "", /^zstandard-.*\+absent-py3-none-any\.whl$/);
    assert.equal(other, undefined);
  });

  it("are none of what the Worker itself names, nor where there is a real one", async () => {
    const [zstandard, other] = await wheels(["orjson"]);
    assert.match(zstandard ?? "", /^zstandard-/);
    assert.equal(other, undefined);
    folder.remove();
    mkdirSync(folder.path);
    assert.deepEqual(await wheels([], true), []);
  });

  it("leave what they stand for uninstalled", async () => {
    folder.write("requirements.txt", "langsmith==0.15.1\n");
    const before = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = folder.path;
    try {
      const packages = await packageFolder(folder.path, () => {});
      assert.ok(packages);
      const names = readdirSync(packages);
      assert.ok(names.includes("langsmith"));
      assert.deepEqual(
        names.filter((name) => /^(?:orjson|zstandard)/.test(name)),
        [],
      );
    } finally {
      if (before === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before;
    }
  });
});
