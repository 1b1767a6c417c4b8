// The lock that a Worker's requirements become, with an index of the test's own: what it is made from, and what installs it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { currentTarget, type LockedByPyodide, type Target } from "../../runtime/packages/target.ts";
import { PackageTrial, packageSet, project } from "./lib/package_trial.ts";
import { sourceArchive, wheel } from "./lib/wheel.ts";

describe("a Worker's packages", () => {
  const trial = new PackageTrial();
  before(() => trial.begin());
  after(() => trial.end());
  beforeEach(() => trial.enter());
  afterEach(() => trial.leave());
  const { write, install, refusal, lock, lockFile, versions } = trial;

  it("are locked by name, version, place and hash, and installed from the lock later", async () => {
    const first = wheel("thing", "1.0", { requires: ["other>=1"] });
    trial.index.files = [project(first), project(wheel("other", "1.5"))];
    write("requirements.txt", "thing\n");
    assert.equal((await install()).begun, 1);
    assert.deepEqual(versions(), ["other 1.5", "thing 1.0"]);
    const origin = new URL(trial.index.url).origin;
    assert.deepEqual(lock().packages[1]?.wheels, [
      { name: first.name, url: `${origin}/files/${first.name}`, hashes: { sha256: first.sha256 } },
    ]);
    assert.match(readFileSync(lockFile(), "utf8"), /^lock-version = "1\.0"$/m);
    // Newer ones are not looked at while the lock is there, in this cache or in another.
    trial.index.files = [...trial.index.files, project(wheel("thing", "2.0"))];
    assert.equal((await install()).begun, 0);
    rmSync(path.join(trial.cache, "blockon", "packages"), { recursive: true });
    trial.index.downloads.length = 0;
    assert.equal((await install()).begun, 1);
    assert.deepEqual(trial.index.downloads.sort(), ["other-1.5-py3-none-any.whl", "thing-1.0-py3-none-any.whl"]);
    assert.deepEqual(versions(), ["other 1.5", "thing 1.0"]);
  });

  it("are resolved anew when what was asked for has changed, or what that includes, or the package set", async () => {
    trial.index.files = [
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
    trial.index.files = [...trial.index.files, project(wheel("one", "2.0"), "2026-08-01T10:00:00Z")];
    assert.equal((await install()).begun, 0);
    await install({ packageSet: packageSet("2026-08-01") });
    assert.deepEqual(versions(), ["one 2.0", "two 1.0"]);
  });

  it("may be made of a pure source, whose hash is locked", async () => {
    const source = sourceArchive("markupsafe", "1.0");
    trial.index.files = [project(source)];
    write("requirements.txt", "markupsafe\n");
    assert.deepEqual((await install()).names, ["markupsafe.py"]);
    assert.equal(lock().packages[0]?.sdist?.hashes.sha256, source.sha256);
    rmSync(path.join(trial.cache, "blockon", "packages"), { recursive: true });
    trial.index.files = [];
    assert.deepEqual((await install()).names, ["markupsafe.py"], "the wheel was kept");
    for (const name of ["packages", "wheels"]) rmSync(path.join(trial.cache, "blockon", name), { recursive: true });
    trial.index.files = [project({ ...sourceArchive("markupsafe", "1.1"), name: source.name })];
    assert.match((await refusal()).message, /a file is not the one that was locked: its hash is another/);
  });

  it("may be made of the source of what the configuration names for it", async () => {
    trial.index.files = [
      project(sourceArchive("olden", "1.0")),
      project(wheel("thing", "1.0", { requires: ["olden"] })),
    ];
    write("requirements.txt", "thing\n");
    assert.match(
      (await refusal()).message,
      /olden has no wheel, .*\[blockon\.packages\] sources = \["olden"\] has it made/,
    );
    const sources = ["olden"];
    assert.deepEqual((await install({ sources })).names, ["olden.py", "thing.py"]);
    assert.deepEqual(versions(), ["olden 1.0", "thing 1.0"]);
    assert.equal((await install({ sources })).begun, 0);
    // A wheel goes before a source.
    trial.index.files = [...trial.index.files, project(wheel("olden", "0.9")), project(wheel("olden", "1.0"))];
    rmSync(lockFile());
    await install({ sources });
    assert.equal(lock().packages[0]?.sdist, undefined);
  });

  it("are not installed when a file is another than the locked one", async () => {
    const file = wheel("thing", "1.0");
    trial.index.files = [project(file)];
    write("requirements.txt", "thing\n");
    await install();
    rmSync(path.join(trial.cache, "blockon", "packages"), { recursive: true });
    trial.index.files = [project({ ...wheel("thing", "1.0", { files: { "evil.py": "" } }), name: file.name })];
    const { message } = await refusal();
    assert.match(
      message,
      /pylock\.blockon\.toml: a file is not the one that was locked: .*remove pylock\.blockon\.toml/,
    );
    assert.ok(
      !existsSync(path.join(trial.cache, "blockon", "packages")) ||
        readdirSync(path.join(trial.cache, "blockon", "packages")).length === 0,
    );
  });

  it("are refused with a lock that is malformed", async () => {
    trial.index.files = [project(wheel("thing", "1.0"))];
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

  it("say that the host's Python has no pip, or cannot get the one that is needed", async () => {
    write("requirements.txt", "thing\n");
    const set = (variable: string, value: string) => {
      process.env[variable] = value;
    };
    const python = path.join(trial.folder, "python");
    set("XDG_CACHE_HOME", path.join(trial.folder, "cache"));
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
      set("XDG_CACHE_HOME", trial.cache);
      delete process.env.BLOCKON_PYTHON;
      if (trial.environment.BLOCKON_PYTHON !== undefined) set("BLOCKON_PYTHON", trial.environment.BLOCKON_PYTHON);
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
      const { names } = await install({ target: () => target(), wheels: path.join(trial.folder, "here") });
      assert.deepEqual(names, ["ownwheel.py"]);
      assert.deepEqual(lock().packages[0]?.wheels, [
        { name: own.name, path: `here/${own.name}`, hashes: { sha256: own.sha256 } },
      ]);
      rmSync(path.join(trial.cache, "blockon", "packages"), { recursive: true });
      rmSync(path.join(trial.folder, "here"), { recursive: true });
      assert.match(
        (await refusal({ target: () => target() })).message,
        /is not at .*here.*Give the folder or URL of Pyodide's wheels by --wheels/,
      );
      write(`there/${own.name}`, own.bytes);
      assert.deepEqual((await install({ target: () => target(), wheels: path.join(trial.folder, "there") })).names, [
        "ownwheel.py",
      ]);
    });

    it("come from a URL", async () => {
      trial.index.files = [{ ...own, project: "none" }];
      write("requirements.txt", "ownwheel\n");
      const wheels = new URL("/files", trial.index.url).href;
      assert.deepEqual((await install({ target: () => target(), wheels })).names, ["ownwheel.py"]);
      assert.equal(lock().packages[0]?.wheels?.[0].url, `${wheels}/${own.name}`);
    });

    it("are refused when their hash is not that of Pyodide's lock", async () => {
      write("requirements.txt", "ownwheel\n");
      write(`here/${own.name}`, wheel("ownwheel", "1.0", { tag, files: { "evil.py": "" } }).bytes);
      const { message, detail } = await refusal({ target: () => target(), wheels: path.join(trial.folder, "here") });
      assert.match(
        message,
        /a file is not the one that Pyodide's lock or the package index names: its hash is another/,
      );
      assert.match(detail ?? "", /ownwheel/);
    });

    it("are refused when they need a shared library", async () => {
      write("requirements.txt", "ownwheel\n");
      write(`here/${own.name}`, own.bytes);
      const { message } = await refusal({
        target: () => target({ depends: ["libown"] }),
        wheels: path.join(trial.folder, "here"),
      });
      assert.match(message, /ownwheel needs the shared library libown/);
    });

    it("need a folder that is there", async () => {
      write("requirements.txt", "ownwheel\n");
      assert.match(
        (await refusal({ wheels: path.join(trial.folder, "none") })).message,
        /there is no such folder\. Give the folder or URL/,
      );
    });
  });
});
