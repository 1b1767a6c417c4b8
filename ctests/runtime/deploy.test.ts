// blockon deploy: Workers that come into a running server, each version as a whole, and go again.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { DeploymentFolder } from "../../runtime/deployments/folder.ts";
import { UserError } from "../../runtime/user_error.ts";
import { ControlFolder } from "./lib/control_folder.ts";
import { blockon, ServeProcess, serveUntilExit } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = (version: string): string => `
import js, time
from js import Response
from pyodide.ffi import run_sync

def on_fetch(request, env):
    url = js.URL.new(request.url)
    if url.pathname == "/wait":
        print("waiting")
        run_sync(js.fetch(url.searchParams.get("gate")))
        from later import NAME
        return Response.new(f"${version} then {NAME}")
    count = int(run_sync(env.KV.get("count")) or 0)
    if url.pathname == "/count":
        run_sync(env.KV.put("count", str(count + 1)))
    time.sleep(0.002)
    return Response.new(f"${version} {count} {getattr(env, 'SECRET', None)}")
`;
const kv = '[[kv_namespaces]]\nbinding = "KV"\nid = "one"\n';

function temporary(): string {
  return mkdtempSync(path.join(os.tmpdir(), "blockon-deployments-"));
}

interface Gate {
  readonly url: string;
  open(): void;
  close(): void;
}

/** A server that answers what asks it once it is opened. */
async function newGate(): Promise<Gate> {
  const opened = Promise.withResolvers<void>();
  const server = http.createServer(async (_request, response) => {
    await opened.promise;
    response.end("open");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    open: () => opened.resolve(),
    close: () => server.close(),
  };
}

describe("blockon deploy", () => {
  const root = path.join(temporary(), "new");
  let folder: WorkerFolder;
  let control: ControlFolder;
  let server: ServeProcess;
  /** The version that is current when servers have been killed. */
  let serving = "one";
  const start = (): Promise<ServeProcess> => ServeProcess.start(`--deployments=${root}`, blockon, control.env);
  const text = async (target = "/"): Promise<string> => {
    const response = await server.get(target);
    return `${response.status} ${await response.text()}`;
  };
  const versions = async (): Promise<{ [name: string]: { current: number; versions: number[] } }> => {
    const { stdout } = await control.run("deployments", "--json");
    const { deployments } = JSON.parse(stdout) as {
      deployments: { name: string; current: number; versions: { version: number }[] }[];
    };
    return Object.fromEntries(
      deployments.map((each) => [each.name, { ...each, versions: each.versions.map(({ version }) => version) }]),
    );
  };
  const refused = async (...args: [string, ...string[]]): Promise<string> => {
    const { code, stderr } = await control.run(...args);
    assert.equal(code, 1);
    return stderr;
  };
  before(async () => {
    control = new ControlFolder();
    folder = workerFolder(entry("one"), [], kv);
    server = await start();
  });
  after(async () => {
    await server.stop();
    control.remove();
    folder.remove();
    rmSync(path.dirname(root), { recursive: true });
  });

  it("brings a Worker into a server that has none, without what is not to be served", async () => {
    assert.match(await text(), /^404 .*no Worker/);
    assert.equal((await control.run("deployments")).stdout, "nothing is deployed\n");
    folder.write("src/later.py", 'NAME = "later"\n');
    folder.write(".dev.vars", 'SECRET = "of development"\n');
    folder.write(".git/config", "");
    folder.write("src/__pycache__/entry.pyc", "");
    const { code, stdout, stderr } = await control.run("deploy", folder.path);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^process \d+ serves version 1 of test\n$/);
    assert.equal(await text("/count"), "200 one 0 None");
    assert.deepEqual(readdirSync(path.join(root, "test", "1")).sort(), ["src", "wrangler.toml"]);
    assert.deepEqual(readdirSync(path.join(root, "test", "1", "src")).sort(), ["entry.py", "later.py"]);
    // It is a copy.
    folder.write("src/entry.py", "raise SystemExit");
    assert.equal((await control.run("reload")).code, 0);
    assert.equal(await text(), "200 one 1 None");
  });

  it("switches to the next version without a dropped request, and keeps what bindings keep", async () => {
    const gate = await newGate();
    let isOver = false;
    const answers = new Set<string>();
    const lanes = Array.from({ length: 4 }, async () => {
      while (!isOver) answers.add(await text());
    });
    const waiting = text(`/wait?gate=${encodeURIComponent(gate.url)}`);
    await server.logged(/waiting/);
    folder.write("src/entry.py", entry("two"));
    mkdirSync(path.join(root, ".secrets", "test"), { recursive: true });
    writeFileSync(path.join(root, ".secrets", "test", ".env"), "SECRET=hidden\n");
    assert.match((await control.run("deploy", folder.path)).stdout, /serves version 2 of test/);
    assert.equal(await text(), "200 two 1 hidden");
    isOver = true;
    await Promise.all(lanes);
    assert.deepEqual([...answers].sort(), ["200 one 1 None", "200 two 1 hidden"]);
    gate.open();
    assert.equal(await waiting, "200 one then later");
    gate.close();
  });

  it("changes nothing when the Worker cannot be loaded or configured, and says why", async () => {
    folder.write("src/entry.py", 'raise ImportError("no \\x1b[31msuch thing")\n');
    assert.match(
      await refused("deploy", folder.path),
      /^blockon: process \d+ has deployed nothing: the Worker test could not be loaded:\nTraceback[\s\S]*no \\u001b\[31m/,
    );
    assert.match(await refused("deploy", control.runtime), /has deployed nothing: .*wrangler/);
    assert.equal(await text(), "200 two 1 hidden");
    assert.deepEqual(await versions().then(({ test }) => test?.versions), [1, 2]);
    assert.deepEqual(readdirSync(path.join(root, "test")).sort(), ["1", "2", "versions.json"]);
  });

  it("has deployments that come together one after the other", async () => {
    folder.write("src/entry.py", entry("three"));
    const both = await Promise.all([control.run("deploy", folder.path), control.run("deploy", folder.path)]);
    assert.deepEqual(both.map(({ stdout }) => /version (\d+)/.exec(stdout)?.[1]).sort(), ["3", "4"]);
    assert.deepEqual(await versions().then(({ test }) => test?.current), 4);
  });

  it("rolls back", async () => {
    assert.match((await control.run("rollback", "test", "2")).stdout, /serves version 2 of test/);
    assert.equal(await text(), "200 two 1 hidden");
    assert.match((await control.run("rollback", "test")).stdout, /serves version 1 of test/);
    assert.match(await refused("rollback", "test"), /test has no version before 1/);
    assert.match(await refused("rollback", "test", "1"), /is the current one already/);
    assert.match(await refused("rollback", "test", "9"), /no version 9; the nearest is 4, and all are 1, 2, 3, 4/);
    assert.match(await refused("rollback", "tset"), /no Worker "tset" is deployed: did you mean test\?/);
    assert.match(
      (await control.run("deployments")).stdout,
      /^NAME +VERSION +DEPLOYED\n(test .*Z\n){3}test +1 .*current\n$/,
    );
  });

  it("serves what is current after a kill, and removes what was never deployed", async () => {
    const pid = (await control.reports())[0]?.pid as number;
    process.kill(pid, "SIGKILL");
    await server.exited();
    mkdirSync(path.join(root, "test", "5"));
    mkdirSync(path.join(root, "half", "1"), { recursive: true });
    writeFileSync(path.join(root, "test", "versions.json.new"), '{"since"');
    server = await start();
    assert.equal(await text(), "200 one 1 hidden");
    assert.ok(!existsSync(path.join(root, "test", "5")) && !existsSync(path.join(root, "half")));
    const { code, stderr } = await serveUntilExit(`--deployments=${root}`, "--port", "0");
    assert.equal(code, 1);
    assert.match(stderr, /another server has these deployments/);
  });

  it("has either version whole when it is killed in the middle", async () => {
    const list = path.join(root, "test", "versions.json");
    const isListed = (version: number): boolean => readFileSync(list, "utf8").includes(`"current": ${version},`);
    for (const [moment, isReached] of [
      ["copied", (version: number) => existsSync(path.join(root, "test", String(version)))],
      ["loading", (version: number) => existsSync(path.join(root, "test", String(version), "src", "entry.py"))],
      ["listed", isListed],
    ] as const) {
      folder.write("src/entry.py", entry(moment));
      const { current: old = 0, versions: known = [] } = (await versions()).test ?? {};
      const next = Math.max(...known) + 1;
      const pid = (await control.reports())[0]?.pid as number;
      const deploying = control.run("deploy", folder.path);
      while (!isReached(next)) await new Promise((resolve) => setTimeout(resolve, 1));
      process.kill(pid, "SIGKILL");
      await server.exited();
      const { code, stderr } = await deploying;
      if (code !== 0) assert.match(stderr, /gave no answer, and what it has done is not known/);
      server = await start();
      const { current } = (await versions()).test ?? {};
      assert.ok(current === next || (moment !== "listed" && current === old), `${moment}: ${current}`);
      if (current === next) serving = moment;
      assert.equal(await text(), `200 ${serving} 1 hidden`);
    }
  });

  it("has several Workers, by their routes, which do not collide, and deletes them", async () => {
    const other = workerFolder("from js import Response\ndef on_fetch(request):\n    return Response.new('other')\n");
    const configure = (name: string, route: string): void =>
      other.write(
        "wrangler.toml",
        `name = "${name}"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\nroutes = ["${route}"]\n`,
      );
    configure("other", "127.0.0.1/other");
    assert.equal((await control.run("deploy", other.path)).code, 0);
    assert.equal(await text("/other"), "200 other");
    assert.equal(await text(), `200 ${serving} 1 hidden`);
    configure("third", "127.0.0.1/other");
    assert.match(await refused("deploy", other.path), /is one of the Worker other already/);
    assert.deepEqual(Object.keys(await versions()), ["test", "other"]);
    assert.ok(!existsSync(path.join(root, "third")));
    other.remove();
    assert.match((await control.run("delete", "test")).stdout, /has deleted test; what its bindings keep stays/);
    assert.deepEqual(Object.keys(await versions()), ["other"]);
    assert.ok(!existsSync(path.join(root, "test")));
    folder.write("src/entry.py", entry("again"));
    assert.match((await control.run("deploy", folder.path)).stdout, /serves version 1 of test/);
    assert.equal(await text(), "200 again 1 hidden");
  });

  it("removes the copies of what is deleted when nobody reads them any more", async () => {
    const gate = await newGate();
    const before = server.log.filter(({ msg }) => msg === "waiting").length;
    const waiting = text(`/wait?gate=${encodeURIComponent(gate.url)}`);
    await server.logged(/waiting/, before);
    assert.equal((await control.run("delete", "test")).code, 0);
    assert.match((await control.run("deploy", folder.path)).stdout, /serves version 2 of test/);
    assert.deepEqual(readdirSync(path.join(root, "test")).sort(), ["1", "2", "versions.json"]);
    gate.open();
    assert.equal(await waiting, "200 again then later");
    gate.close();
    while (existsSync(path.join(root, "test", "1"))) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await text(), "200 again 1 hidden");
  });
});

describe("a server for deployments", () => {
  it("has to be there, to take them, and to be named where there are several", async () => {
    const control = new ControlFolder();
    const folder = workerFolder("from js import Response\ndef on_fetch(request):\n    return Response.new('up')\n");
    assert.match((await control.run("deploy", folder.path)).stderr, /this user runs no server/);
    const one = await control.serve(folder.path);
    assert.match(
      (await control.run("deploy", folder.path)).stderr,
      /it takes no deployments\. Start it by: blockon serve --d/,
    );
    const other = await control.serve(folder.path);
    assert.match(
      (await control.run("deploy", folder.path)).stderr,
      /several servers.*Say which: blockon deploy --pid PID/,
    );
    const named = await control.run("deploy", "--pid", String(one.child.pid), folder.path);
    assert.match(named.stderr, /it takes no deployments/);
    await Promise.all([one.stop(), other.stop()]);
    folder.remove();
    control.remove();
  });
});

describe("the folder of deployments", () => {
  const add = async (folder: DeploymentFolder, source: string): Promise<void> =>
    folder.makeCurrent("named", await folder.add("named", source, []));

  it("keeps the last ten versions", async () => {
    const root = temporary();
    const worker = workerFolder("");
    const folder = new DeploymentFolder(root);
    for (let count = 0; count < 12; count++) await add(folder, worker.path);
    folder.tidy();
    assert.deepEqual(
      folder.get("named")?.versions.map(({ version }) => version),
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    );
    assert.equal(readdirSync(path.join(root, "named")).length, 11);
    folder.close();
    const again = new DeploymentFolder(root);
    assert.equal(again.get("named")?.current, 12);
    again.close();
    worker.remove();
    rmSync(root, { recursive: true });
  });

  it("may be within a Worker's folder, and is not copied", async () => {
    const worker = workerFolder("");
    const folder = new DeploymentFolder(path.join(worker.path, "kept"));
    symlinkSync(worker.path, path.join(worker.path, "src", "link"));
    await add(folder, worker.path);
    assert.deepEqual(readdirSync(folder.versionFolder("named", 1)).sort(), ["src", "wrangler.toml"]);
    assert.deepEqual(readdirSync(path.join(folder.versionFolder("named", 1), "src")), ["entry.py"]);
    folder.close();
    worker.remove();
  });

  it("is none that has other things in it, or a list that blockon did not write", async () => {
    const root = temporary();
    writeFileSync(path.join(root, "notes"), "");
    assert.throws(
      () => new DeploymentFolder(root),
      (error) => error instanceof UserError && /other things/.test(error.message),
    );
    rmSync(path.join(root, "notes"));
    new DeploymentFolder(root).close();
    mkdirSync(path.join(root, "named"));
    for (const [text, message] of [
      ["{", /versions\.json is no JSON/],
      ['{"current": 1}', /is not as blockon writes it/],
    ] as const) {
      writeFileSync(path.join(root, "named", "versions.json"), text);
      assert.throws(
        () => new DeploymentFolder(root),
        (error) => error instanceof UserError && message.test(error.message),
      );
    }
    rmSync(root, { recursive: true });
  });
});
