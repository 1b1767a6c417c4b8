// What a Worker's requirements become, with an index of the test's own: the lock, what it is made from, and what installs it.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { parseCannotRun } from "../../runtime/packages/cannot_run.ts";
import { ensurePip } from "../../runtime/packages/host_pip.ts";
import { parseLock } from "../../runtime/packages/lock_file.ts";
import { type PackageOptions, packageFolder } from "../../runtime/packages/python_packages.ts";
import { currentTarget, type LockedByPyodide, type Target } from "../../runtime/packages/target.ts";
import { UserError } from "../../runtime/user_error.ts";
import { type PackageIndex, startIndex } from "./lib/package_index.ts";
import { sourceArchive, type WheelFile, wheel } from "./lib/wheel.ts";

const project = (file: WheelFile, uploaded?: string) => ({
  ...file,
  project: file.name.split("-")[0] as string,
  ...(uploaded !== undefined && { uploaded }),
});

describe("a Worker's packages", () => {
  let index: PackageIndex;
  let cache: string;
  let folder: string;
  const environment = { ...process.env };

  before(async () => {
    cache = mkdtempSync(path.join(os.tmpdir(), "blockon-cache-"));
    process.env.XDG_CACHE_HOME = cache;
    // From the real index; all else is from the test's.
    await ensurePip("the test");
    index = await startIndex();
    process.env.PIP_INDEX_URL = index.url;
    process.env.PIP_NO_CACHE_DIR = "1";
    process.env.PIP_RETRIES = "0";
    delete process.env.PIP_FIND_LINKS;
    delete process.env.PIP_EXTRA_INDEX_URL;
  });
  after(async () => {
    process.env = environment;
    await index.close();
    rmSync(cache, { recursive: true });
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "blockon-packages-"));
    index.files = [];
    index.downloads.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string | Buffer): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  const lockFile = () => path.join(folder, "pylock.blockon.toml");
  const lock = () => parseLock(readFileSync(lockFile(), "utf8"), "lock");
  const versions = () => lock().packages.map(({ name, version }) => `${name} ${version}`);

  /** The names of what is installed, and how often an installation began. */
  async function install(options: PackageOptions = {}): Promise<{ names: string[]; begun: number; notices: string[] }> {
    let begun = 0;
    const notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    const packages = await packageFolder(folder, () => begun++, { onNotice, ...options });
    const names = packages === undefined ? [] : readdirSync(packages).filter((name) => !name.endsWith(".dist-info"));
    return { names: names.sort(), begun, notices };
  }

  async function refusal(options: PackageOptions = {}): Promise<UserError> {
    try {
      await install(options);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error;
    }
    return assert.fail("installed");
  }

  const set = (day: string) => ({ flag: `python_3.14_packages_${day.replaceAll("-", "_")}`, python: "3.14", day });

  it("are those whose markers hold for Pyodide, not for the host", async () => {
    const markers = [
      'emscripten; sys_platform == "emscripten"',
      'wasm; platform_machine == "wasm32" and python_version == "3.14"',
      'full; python_full_version >= "3.14.2" and platform_system == "Emscripten"',
      'linux; sys_platform == "linux"',
      'older; python_version < "3.14"',
    ];
    index.files = [
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
    index.files = [
      project(wheel("httpx2", "1.0", { requires, extras: ["more", "less"] })),
      project(wheel("core", "1.0", { requires: ['deeper; sys_platform == "emscripten"'] })),
      ...["fetching", "more", "less", "deeper"].map((name) => project(wheel(name, "1.0"))),
    ];
    write("requirements.txt", "httpx2[more]\n");
    assert.deepEqual((await install()).names, ["core.py", "deeper.py", "httpx2.py", "more.py"]);
  });

  it("say so where an older version is taken, since the newest cannot be had", async () => {
    const linux = "cp314-cp314-manylinux_2_28_x86_64";
    index.files = [
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
    index.files = [
      project(wheel("fast", "1.0", { tag, files: { "fast_native.py": "" } })),
      project(wheel("fast", "1.0")),
      project(wheel("fast", "2.0", { tag: "cp314-cp314-manylinux_2_17_x86_64" })),
    ];
    write("requirements.txt", "fast\n");
    assert.deepEqual((await install()).names, ["fast.py", "fast_native.py"]);
    assert.equal(lock().packages[0]?.wheels?.[0].name, `fast-1.0-${tag}.whl`);
  });

  it("are locked by name, version, place and hash, and installed from the lock later", async () => {
    const first = wheel("thing", "1.0", { requires: ["other>=1"] });
    index.files = [project(first), project(wheel("other", "1.5"))];
    write("requirements.txt", "thing\n");
    assert.equal((await install()).begun, 1);
    assert.deepEqual(versions(), ["other 1.5", "thing 1.0"]);
    const origin = new URL(index.url).origin;
    assert.deepEqual(lock().packages[1]?.wheels, [
      { name: first.name, url: `${origin}/files/${first.name}`, hashes: { sha256: first.sha256 } },
    ]);
    assert.match(readFileSync(lockFile(), "utf8"), /^lock-version = "1\.0"$/m);
    // Newer ones are not looked at while the lock is there, in this cache or in another.
    index.files = [...index.files, project(wheel("thing", "2.0"))];
    assert.equal((await install()).begun, 0);
    rmSync(path.join(cache, "blockon", "packages"), { recursive: true });
    index.downloads.length = 0;
    assert.equal((await install()).begun, 1);
    assert.deepEqual(index.downloads.sort(), ["other-1.5-py3-none-any.whl", "thing-1.0-py3-none-any.whl"]);
    assert.deepEqual(versions(), ["other 1.5", "thing 1.0"]);
  });

  it("are resolved anew when what was asked for has changed, or what that includes, or the package set", async () => {
    index.files = [
      project(wheel("one", "1.0"), "2026-07-01T10:00:00Z"),
      project(wheel("two", "1.0"), "2026-07-01T10:00:00Z"),
    ];
    write("requirements.txt", "one\n-r more/other.txt\n");
    write("more/other.txt", "# nothing\n");
    await install();
    assert.deepEqual(versions(), ["one 1.0"]);
    write("more/other.txt", "two  # now\n");
    assert.equal((await install()).begun, 1);
    assert.deepEqual(versions(), ["one 1.0", "two 1.0"]);
    index.files = [...index.files, project(wheel("one", "2.0"), "2026-08-01T10:00:00Z")];
    assert.equal((await install()).begun, 0);
    await install({ packageSet: set("2026-08-01") });
    assert.deepEqual(versions(), ["one 2.0", "two 1.0"]);
  });

  it("are none that was uploaded after the day of the package set", async () => {
    index.files = [
      project(wheel("thing", "1.0"), "2026-07-31T23:59:59Z"),
      project(wheel("thing", "2.0"), "2026-08-01T23:59:59Z"),
      project(wheel("thing", "3.0"), "2026-08-02T00:00:00Z"),
    ];
    write("requirements.txt", "thing\n");
    await install({ packageSet: set("2026-08-01") });
    assert.deepEqual(versions(), ["thing 2.0"]);
    assert.equal(lock().packageSet, "2026-08-01");
    await install({ packageSet: set("2026-07-31") });
    assert.deepEqual(versions(), ["thing 1.0"]);
    const { message } = await refusal({ packageSet: set("2026-07-30") });
    assert.match(message, /pip finds no such packages for Pyodide .*, uploaded up to 2026-07-30\./);
  });

  it("need an index that says when files were uploaded, for a package set", async () => {
    index.files = [project(wheel("thing", "1.0"))];
    write("requirements.txt", "thing\n");
    const { message } = await refusal({ packageSet: set("2026-08-01") });
    assert.match(
      message,
      /the package index does not say when its files were uploaded, which the flag python_3\.14_packages_2026_08_01/,
    );
  });

  it("have the versions of Pyodide's own lock where a package set has bare names, if they can be had", async () => {
    const own = [...currentTarget().locked.values()].find(({ name }) => name === "idna") as LockedByPyodide;
    const long = "2020-01-01T00:00:00Z";
    index.files = [project(wheel("idna", own.version), long), project(wheel("idna", "99.0"), long)];
    write("requirements.txt", "idna\n");
    await install();
    assert.deepEqual(versions(), ["idna 99.0"]);
    await install({ packageSet: set("2026-09-01") });
    assert.deepEqual(versions(), [`idna ${own.version}`]);
    write("requirements.txt", "idna>1\n");
    await install({ packageSet: set("2026-09-01") });
    assert.deepEqual(versions(), ["idna 99.0"]);
    write("requirements.txt", "idna # bare\n");
    index.files = [project(wheel("idna", "99.0"), long)];
    const { notices } = await install({ packageSet: set("2026-09-01") });
    assert.deepEqual(versions(), ["idna 99.0"]);
    assert.match(
      notices[0] as string,
      /the versions of Pyodide's own lock \(idna==.*\) cannot be had together with the rest/,
    );
  });

  it("come from pyproject.toml where there is no requirements.txt", async () => {
    index.files = [project(wheel("one", "1.0")), project(wheel("two", "1.0"))];
    write(
      "pyproject.toml",
      '[project]\nname = "w"\nversion = "0"\ndependencies = ["one; sys_platform == \'emscripten\'"]\n',
    );
    assert.deepEqual((await install()).names, ["one.py"]);
    write("requirements.txt", "two\n");
    assert.deepEqual((await install()).names, ["two.py"]);
    rmSync(path.join(folder, "requirements.txt"));
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

  it("may be made of a pure source, whose hash is locked", async () => {
    const source = sourceArchive("markupsafe", "1.0");
    index.files = [project(source)];
    write("requirements.txt", "markupsafe\n");
    assert.deepEqual((await install()).names, ["markupsafe.py"]);
    assert.equal(lock().packages[0]?.sdist?.hashes.sha256, source.sha256);
    rmSync(path.join(cache, "blockon", "packages"), { recursive: true });
    index.files = [];
    assert.deepEqual((await install()).names, ["markupsafe.py"], "the wheel was kept");
    for (const name of ["packages", "wheels"]) rmSync(path.join(cache, "blockon", name), { recursive: true });
    index.files = [project({ ...sourceArchive("markupsafe", "1.1"), name: source.name })];
    assert.match((await refusal()).message, /a file is not the one that was locked: its hash is another/);
  });

  it("are not installed when a file is another than the locked one", async () => {
    const file = wheel("thing", "1.0");
    index.files = [project(file)];
    write("requirements.txt", "thing\n");
    await install();
    rmSync(path.join(cache, "blockon", "packages"), { recursive: true });
    index.files = [project({ ...wheel("thing", "1.0", { files: { "evil.py": "" } }), name: file.name })];
    const { message } = await refusal();
    assert.match(
      message,
      /pylock\.blockon\.toml: a file is not the one that was locked: .*remove pylock\.blockon\.toml/,
    );
    assert.ok(
      !existsSync(path.join(cache, "blockon", "packages")) ||
        readdirSync(path.join(cache, "blockon", "packages")).length === 0,
    );
  });

  it("are refused with a lock that is malformed", async () => {
    index.files = [project(wheel("thing", "1.0"))];
    write("requirements.txt", "thing\n");
    await install();
    const good = readFileSync(lockFile(), "utf8");
    const cases: [from: string | RegExp, to: string, message: RegExp][] = [
      [/^lock-version.*$/m, "lock-version = ", /this is not valid TOML/],
      ['"1.0"', '"2.0"', /its lock-version is not 1\.0/],
      ['created-by = "blockon"', 'created-by = "uv"', /it was not created by blockon/],
      [/sha256 = ".*"/, 'sha256 = "short"', /the wheel of thing has no sha256/],
      [/url = ".*"/, 'url = "--index-url x"', /the url of the wheel of thing is none/],
      [/name = "thing"/, 'name = "a b"', /a package has no name/],
      [/inputs = ".*"/, "", /does not say what it was made from/],
    ];
    for (const [from, to, message] of cases) {
      write("pylock.blockon.toml", good.replace(from, to));
      const error = await refusal();
      assert.match(error.message, message);
      assert.match(error.message, /Remove the file: it will be made anew\.$/);
    }
  });

  it("are told with what does in their place when they cannot be had", async () => {
    index.files = [project(wheel("psycopg2", "2.9", { tag: "cp314-cp314-manylinux_2_17_x86_64" }))];
    write("requirements.txt", "psycopg2\n");
    assert.match((await refusal()).message, /psycopg2 cannot be had from PyPI: .*\. In its place: pg8000/);
    write("requirements.txt", "numpy\n");
    assert.match(
      (await refusal()).message,
      /Pyodide has a wheel of its own, numpy-.*wasm32\.whl: give the folder or URL .* by --wheels/,
    );
    write("requirements.txt", "Pillow\n");
    assert.match((await refusal()).message, /Pyodide has a wheel of its own, pillow-/);
    index.files = [project(wheel("gunicorn", "23.0"))];
    write("requirements.txt", "gunicorn\n");
    const { notices } = await install();
    assert.match(notices[0] as string, /gunicorn can be installed and is of no use: .*In its place: blockon serve/);
  });

  it("say that the host's Python has no pip, or cannot get the one that is needed", async () => {
    write("requirements.txt", "thing\n");
    const set = (variable: string, value: string) => {
      process.env[variable] = value;
    };
    const python = path.join(folder, "python");
    set("XDG_CACHE_HOME", path.join(folder, "cache"));
    set("BLOCKON_PYTHON", python);
    const failing = (said: string) => writeFileSync(python, `#!/bin/sh\necho "${said}" >&2\nexit 1\n`, { mode: 0o755 });
    try {
      failing("python: No module named pip");
      assert.match((await refusal()).message, /has no pip, which installs its packages\. Install it \(python3-pip, or/);
      failing("WARNING: Retrying after NewConnectionError");
      assert.match((await refusal()).message, /the package index cannot be reached/);
      failing("no such option: --require-hashes");
      const { message, detail } = await refusal();
      assert.match(message, /could not install pip==\d.*, which resolves packages\.$/);
      assert.match(detail ?? "", /no such option/);
    } finally {
      set("XDG_CACHE_HOME", cache);
      delete process.env.BLOCKON_PYTHON;
      if (environment.BLOCKON_PYTHON !== undefined) set("BLOCKON_PYTHON", environment.BLOCKON_PYTHON);
    }
  });

  it("say what conflicts", async () => {
    index.files = [
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
      process.env.PIP_INDEX_URL = index.url;
      process.env.PIP_RETRIES = "0";
    }
  });

  describe("of Pyodide's own", () => {
    const tag = "cp314-cp314-pyemscripten_2026_0_wasm32";
    const own = wheel("ownwheel", "1.0", { tag });
    const entry = {
      name: "ownwheel",
      version: "1.0",
      file_name: own.name,
      sha256: own.sha256,
      package_type: "package",
      depends: [],
    };

    /** As if Pyodide had the wheel. */
    function target(more: Partial<LockedByPyodide> = {}): Target {
      const library = { ...entry, name: "libown", file_name: "libown-1.0.zip", package_type: "shared_library" };
      return {
        ...currentTarget(),
        locked: new Map([entry, library].map((one) => [one.name, { ...one, ...(one === entry && more) }])),
      };
    }

    it("come from a folder, and are found there again by their names", async () => {
      write("requirements.txt", "ownwheel\n");
      write(`here/${own.name}`, own.bytes);
      const { names } = await install({ target: target(), wheels: path.join(folder, "here") });
      assert.deepEqual(names, ["ownwheel.py"]);
      assert.deepEqual(lock().packages[0]?.wheels, [
        { name: own.name, path: `here/${own.name}`, hashes: { sha256: own.sha256 } },
      ]);
      rmSync(path.join(cache, "blockon", "packages"), { recursive: true });
      rmSync(path.join(folder, "here"), { recursive: true });
      assert.match(
        (await refusal({ target: target() })).message,
        /is not at .*here.*Give the folder or URL of Pyodide's wheels by --wheels/,
      );
      write(`there/${own.name}`, own.bytes);
      assert.deepEqual((await install({ target: target(), wheels: path.join(folder, "there") })).names, [
        "ownwheel.py",
      ]);
    });

    it("come from a URL", async () => {
      index.files = [{ ...own, project: "none" }];
      write("requirements.txt", "ownwheel\n");
      const wheels = new URL("/files", index.url).href;
      assert.deepEqual((await install({ target: target(), wheels })).names, ["ownwheel.py"]);
      assert.equal(lock().packages[0]?.wheels?.[0].url, `${wheels}/${own.name}`);
    });

    it("are refused when their hash is not that of Pyodide's lock", async () => {
      write("requirements.txt", "ownwheel\n");
      write(`here/${own.name}`, wheel("ownwheel", "1.0", { tag, files: { "evil.py": "" } }).bytes);
      const { message, detail } = await refusal({ target: target(), wheels: path.join(folder, "here") });
      assert.match(
        message,
        /a file is not the one that Pyodide's lock or the package index names: its hash is another/,
      );
      assert.match(detail ?? "", /ownwheel/);
    });

    it("are refused when they need a shared library", async () => {
      write("requirements.txt", "ownwheel\n");
      write(`here/${own.name}`, own.bytes);
      const { message } = await refusal({ target: target({ depends: ["libown"] }), wheels: path.join(folder, "here") });
      assert.match(message, /ownwheel needs the shared library libown/);
    });

    it("need a folder that is there", async () => {
      write("requirements.txt", "ownwheel\n");
      assert.match(
        (await refusal({ wheels: path.join(folder, "none") })).message,
        /there is no such folder\. Give the folder or URL/,
      );
    });
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
