// What a Worker's requirements become, with an index of the test's own: which packages, in which versions, and what is said of others.
import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { compatibilityTable, type PyodideRelease } from "../../runtime/config/compatibility_table.ts";
import { parseCannotRun } from "../../runtime/packages/cannot_run.ts";
import { currentTarget, type LockedByPyodide, targetOf } from "../../runtime/packages/target.ts";
import { PackageTrial, packageSet, project } from "./lib/package_trial.ts";
import { wheel } from "./lib/wheel.ts";

describe("a Worker's packages", () => {
  const trial = new PackageTrial();
  before(() => trial.begin());
  after(() => trial.end());
  beforeEach(() => trial.enter());
  afterEach(() => trial.leave());
  const { write, install, refusal, lock, lockFile, versions } = trial;

  it("are those whose markers hold for Pyodide, not for the host", async () => {
    const markers = [
      'emscripten; sys_platform == "emscripten"',
      'wasm; platform_machine == "wasm32" and python_version == "3.14"',
      'full; python_full_version >= "3.14.2" and platform_system == "Emscripten"',
      'linux; sys_platform == "linux"',
      'older; python_version < "3.14"',
    ];
    trial.index.files = [
      project(wheel("asked", "1.0", { requires: markers })),
      ...["emscripten", "wasm", "full", "direct"].map((name) => project(wheel(name, "1.0"))),
    ];
    write(
      "requirements.txt",
      'asked\ndirect; os_name == "posix" and sys_platform != "linux"\nhost; sys_platform == "linux"\n',
    );
    const { names } = await install();
    assert.deepEqual(names, ["asked.py", "direct.py", "emscripten.py", "full.py", "wasm.py"]);
  });

  it("have the requirements of other systems where they connect as there", async () => {
    const requires = [
      'core; sys_platform != "emscripten"',
      'fetching; sys_platform == "emscripten"',
      'more; extra == "more" and sys_platform != "emscripten"',
      'less; extra == "less"',
    ];
    trial.index.files = [
      project(wheel("httpx2", "1.0", { requires, extras: ["more", "less"] })),
      project(wheel("core", "1.0", { requires: ['deeper; sys_platform == "emscripten"'] })),
      ...["fetching", "more", "less", "deeper"].map((name) => project(wheel(name, "1.0"))),
    ];
    write("requirements.txt", "httpx2[more]\n");
    assert.deepEqual((await install()).names, ["core.py", "deeper.py", "httpx2.py", "more.py"]);
  });

  it("say so where an older version is taken, since the newest cannot be had", async () => {
    const linux = "cp314-cp314-manylinux_2_28_x86_64";
    trial.index.files = [
      ...["1.0", "2.0"].map((version) => project(wheel("fits", version))),
      project(wheel("fits", "3.0rc1")),
      ...[project(wheel("native", "1.0")), project(wheel("native", "2.0", { tag: linux }))],
      ...[project(wheel("needing", "1.0")), project(wheel("needing", "2.0", { requires: ["native>=2"] }))],
      ...[project(wheel("asking", "1.0")), project(wheel("asking", "2.0"))],
      ...[project(wheel("limited", "1.0")), project(wheel("limited", "2.0", { tag: linux }))],
    ];
    write("constraints.txt", "limited<2\n");
    write("requirements.txt", "fits\nnative\nNeeding>=1\nasking<2\nlimited\n-c constraints.txt\n");
    const { notices } = await install();
    assert.deepEqual(versions(), ["asking 1.0", "fits 2.0", "limited 1.0", "native 1.0", "needing 1.0"]);
    assert.deepEqual(
      notices.map((line) => /: (.*) is taken in place of (\S+), which, or what it needs,/.exec(line)?.slice(1)).sort(),
      [
        ["native 1.0", "2.0"],
        ["needing 1.0", "2.0"],
      ],
    );
    // Once, where the lock is made.
    assert.deepEqual((await install()).notices, []);
  });

  it("are wheels for the platform before pure ones, and none of the host's", async () => {
    const tag = "cp314-cp314-pyemscripten_2026_0_wasm32";
    trial.index.files = [
      project(wheel("fast", "1.0", { tag, files: { "fast_native.py": "" } })),
      project(wheel("fast", "1.0")),
      project(wheel("fast", "2.0", { tag: "cp314-cp314-manylinux_2_17_x86_64" })),
    ];
    write("requirements.txt", "fast\n");
    assert.deepEqual((await install()).names, ["fast.py", "fast_native.py"]);
    assert.equal(lock().packages[0]?.wheels?.[0].name, `fast-1.0-${tag}.whl`);
  });

  it("are none that was uploaded after the day of the package set", async () => {
    trial.index.files = [
      project(wheel("thing", "1.0"), "2026-07-31T23:59:59Z"),
      project(wheel("thing", "2.0"), "2026-08-01T23:59:59Z"),
      project(wheel("thing", "3.0"), "2026-08-02T00:00:00Z"),
    ];
    write("requirements.txt", "thing\n");
    await install({ packageSet: packageSet("2026-08-01") });
    assert.deepEqual(versions(), ["thing 2.0"]);
    assert.equal(lock().packageSet, "2026-08-01");
    await install({ packageSet: packageSet("2026-07-31") });
    assert.deepEqual(versions(), ["thing 1.0"]);
    const { message } = await refusal({ packageSet: packageSet("2026-07-30") });
    assert.match(message, /pip finds no such packages for Pyodide .*, uploaded up to 2026-07-30\./);
  });

  it("need an index that says when files were uploaded, for a package set", async () => {
    trial.index.files = [project(wheel("thing", "1.0"))];
    write("requirements.txt", "thing\n");
    const { message } = await refusal({ packageSet: packageSet("2026-08-01") });
    assert.match(
      message,
      /the package index does not say when its files were uploaded, which the flag python_3\.14_packages_2026_08_01/,
    );
  });

  it("have the versions of Pyodide's own lock where a package set has bare names, if they can be had", async () => {
    const own = [...currentTarget().locked.values()].find(({ name }) => name === "idna") as LockedByPyodide;
    const long = "2020-01-01T00:00:00Z";
    trial.index.files = [project(wheel("idna", own.version), long), project(wheel("idna", "99.0"), long)];
    write("requirements.txt", "idna\n");
    await install();
    assert.deepEqual(versions(), ["idna 99.0"]);
    await install({ packageSet: packageSet("2026-09-01") });
    assert.deepEqual(versions(), [`idna ${own.version}`]);
    write("requirements.txt", "idna>1\n");
    await install({ packageSet: packageSet("2026-09-01") });
    assert.deepEqual(versions(), ["idna 99.0"]);
    write("requirements.txt", "idna # bare\n");
    trial.index.files = [project(wheel("idna", "99.0"), long)];
    const { notices } = await install({ packageSet: packageSet("2026-09-01") });
    assert.deepEqual(versions(), ["idna 99.0"]);
    assert.match(
      notices[0] as string,
      /the versions of Pyodide's own lock \(idna==.*\) cannot be had together with the rest/,
    );
  });

  it("have the versions of an older Pyodide's lock where they have bare names", async () => {
    const older = compatibilityTable.pyodides.slice(0, -1);
    assert.ok(older.length >= 3);
    const targets = older.map(targetOf);
    const owns = targets.map(({ locked }) => locked.get("idna")?.version as string);
    trial.index.files = [...new Set(owns), "99.0"].map((version) => project(wheel("idna", version)));
    for (const [index, target] of targets.entries()) {
      rmSync(lockFile(), { force: true });
      write("requirements.txt", "idna\n");
      await install({ target: () => target });
      assert.deepEqual(versions(), [`idna ${owns[index]}`]);
      write("requirements.txt", "idna>1\n");
      await install({ target: () => target });
      assert.deepEqual(versions(), ["idna 99.0"]);
    }
  });

  it("keep the versions of a lock that an older Pyodide's Worker has", async () => {
    const target = targetOf(compatibilityTable.pyodides[0] as PyodideRelease);
    const own = target.locked.get("idna")?.version as string;
    trial.index.files = [project(wheel("idna", "99.0"))];
    write("requirements.txt", "idna\n");
    await install({ target: () => target });
    trial.index.files = [project(wheel("idna", "99.0")), project(wheel("idna", own))];
    await install({ target: () => target });
    assert.deepEqual(versions(), ["idna 99.0"]);
  });

  it("come from pyproject.toml where there is no requirements.txt", async () => {
    trial.index.files = [project(wheel("one", "1.0")), project(wheel("two", "1.0"))];
    write(
      "pyproject.toml",
      '[project]\nname = "w"\nversion = "0"\ndependencies = ["one; sys_platform == \'emscripten\'"]\n',
    );
    assert.deepEqual((await install()).names, ["one.py"]);
    write("requirements.txt", "two\n");
    assert.deepEqual((await install()).names, ["two.py"]);
    rmSync(path.join(trial.folder, "requirements.txt"));
    write("pyproject.toml", "[tool.ruff]\nline-length = 100\n");
    assert.deepEqual((await install()).names, []);
    write("pyproject.toml", '[project]\nname = "w"\ndynamic = ["dependencies"]\n');
    assert.match((await refusal()).message, /pyproject\.toml:3: the dependencies of a Worker cannot be dynamic/);
    write("pyproject.toml", '[project]\ndependencies = [\n  "one",\n  "",\n]\n');
    assert.match((await refusal()).message, /pyproject\.toml:4: "dependencies\[1\]" is .*; expected a requirement/);
  });

  it("are none where nothing is asked for, and an empty lock where no marker holds", async () => {
    write("requirements.txt", "# later\n\n-r more.txt\n");
    write("more.txt", "\n");
    assert.deepEqual(await install(), { names: [], begun: 0, notices: [] });
    assert.ok(!existsSync(lockFile()));
    write("more.txt", 'thing; sys_platform == "linux"\n');
    assert.deepEqual((await install()).names, []);
    assert.deepEqual(versions(), []);
    assert.equal((await install()).begun, 0);
  });

  it("are told with what does in their place when they cannot be had", async () => {
    trial.index.files = [project(wheel("psycopg2", "2.9", { tag: "cp314-cp314-manylinux_2_17_x86_64" }))];
    write("requirements.txt", "psycopg2\n");
    assert.match((await refusal()).message, /psycopg2 cannot be had from PyPI: .*\. In its place: pg8000/);
    write("requirements.txt", "numpy\n");
    assert.match(
      (await refusal()).message,
      /Pyodide has a wheel of its own, numpy-.*wasm32\.whl: give the folder or URL .* by --wheels/,
    );
    write("requirements.txt", "Pillow\n");
    assert.match((await refusal()).message, /Pyodide has a wheel of its own, pillow-/);
    trial.index.files = [project(wheel("gunicorn", "23.0"))];
    write("requirements.txt", "gunicorn\n");
    const { notices } = await install();
    assert.match(notices[0] as string, /gunicorn can be installed and is of no use: .*In its place: blockon serve/);
  });

  it("say which version can be had where another was asked for", async () => {
    trial.index.files = [project(wheel("thing", "1.0")), project(wheel("thing", "2.0"))];
    write("requirements.txt", "thing[extra]>=3,<4\n");
    assert.match(
      (await refusal()).message,
      /No thing(?:>=3,<4|<4,>=3) can be had here: the newest version that can is 2\.0\.$/,
    );
  });

  it("say what conflicts", async () => {
    trial.index.files = [
      project(wheel("one", "1.0", { requires: ["shared<2"] })),
      project(wheel("two", "1.0", { requires: ["shared>=2"] })),
      project(wheel("shared", "1.0")),
      project(wheel("shared", "2.0")),
    ];
    write("requirements.txt", "one\ntwo\n");
    const { detail } = await refusal();
    assert.match(detail ?? "", /one 1\.0 depends on shared<2\n.*two 1\.0 depends on shared>=2/);
  });

  it("say that the index cannot be reached", async () => {
    write("requirements.txt", "thing\n");
    process.env.PIP_INDEX_URL = "http://127.0.0.1:1/simple/";
    process.env.PIP_RETRIES = "1";
    try {
      assert.match(
        (await refusal()).message,
        /the package index cannot be reached\. Mend the network or name another index/,
      );
    } finally {
      process.env.PIP_INDEX_URL = trial.index.url;
      process.env.PIP_RETRIES = "0";
    }
  });
});

describe("the table of packages that cannot run", () => {
  const row = '[[package]]\nnames = ["some-name"]\nreason = "r"\ninstead = "i"\n';

  it("is checked", () => {
    assert.deepEqual(parseCannotRun(row, "t.toml").get("some-name"), { uses: false, reason: "r", instead: "i" });
    assert.throws(
      () => parseCannotRun(row.replace("some-name", "Some_Name"), "t.toml"),
      /expected the normalized name some-name/,
    );
    assert.throws(() => parseCannotRun(row + row, "t.toml"), /t\.toml:6: .* a name that no other row has/);
    assert.throws(() => parseCannotRun(row.replace('reason = "r"', ""), "t.toml"), /"reason" is missing/);
    assert.throws(() => parseCannotRun(row.replace('"some-name"', ""), "t.toml"), /expected names of packages/);
  });
});
