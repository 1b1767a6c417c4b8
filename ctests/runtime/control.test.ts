// The control channel by itself: the folder that it is in, what is asked and answered, and who is let in.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ageText, psText } from "../../runtime/cli/ps_text.ts";
import { askServers } from "../../runtime/control/client.ts";
import { controlFolders, socketPath } from "../../runtime/control/folder.ts";
import type { ServerReport } from "../../runtime/control/report.ts";
import { type ControlServer, startControl } from "../../runtime/control/server.ts";
import { plainText } from "../../runtime/plain_text.ts";
import { UserError } from "../../runtime/user_error.ts";
import { ControlFolder } from "./lib/control_folder.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const report: ServerReport = {
  pid: process.pid,
  supervisor: null,
  url: "http://127.0.0.1:1",
  name: "named",
  folder: "/where/it/is",
  age: 3,
  workers: [],
};

/** What the server answers to these bytes. */
function raw(file: string, ...pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = net.connect(file, () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

function openFolder(folder: string): void {
  mkdirSync(folder);
  chmodSync(folder, 0o755);
}

describe("the control channel", () => {
  const before = { ...process.env };
  let control: ControlFolder;
  let server: ControlServer | undefined;
  const start = async (describe: (stacks: boolean) => Promise<ServerReport> = async () => report) => {
    server = await startControl({
      supervisor: null,
      describe,
      reload: async () => ["named"],
      onError: (error) => assert.fail(error),
    });
    return server;
  };

  beforeEach(() => {
    control = new ControlFolder();
    process.env.XDG_RUNTIME_DIR = control.runtime;
    process.env.TMPDIR = control.temporary;
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    for (const name of ["XDG_RUNTIME_DIR", "TMPDIR"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    control.remove();
  });

  it("is in a folder of its own below XDG_RUNTIME_DIR, for nobody else", async () => {
    const { path: file, close } = await start();
    assert.equal(file, path.join(control.runtime, "blockon", `${process.pid}.sock`));
    assert.equal(lstatSync(path.dirname(file)).mode & 0o777, 0o700);
    await close();
    assert.ok(!existsSync(file));
  });

  it("is in the folder for temporary files where that is not set up, and found there by a client for which it is", async () => {
    delete process.env.XDG_RUNTIME_DIR;
    const { path: file } = await start();
    assert.equal(file, path.join(control.temporary, `blockon-${process.getuid?.()}`, `${process.pid}.sock`));
    for (const folder of ["relative", path.join(control.runtime, "none"), control.runtime]) {
      process.env.XDG_RUNTIME_DIR = folder;
      assert.equal((await askServers(false)).asked.length, 1);
    }
  });

  const unfit: [title: string, make: (folder: string) => void, message: RegExp][] = [
    ["open to others", openFolder, /is open to other users.*chmod 700/],
    ["a file", (folder) => writeFileSync(folder, ""), /is no folder\. Remove it/],
    ["a link", (folder) => symlinkSync(control.runtime, folder), /is no folder\. Remove it/],
  ];
  for (const [title, make, message] of unfit) {
    it(`is not in a folder that is ${title}, and neither looks for servers there`, async () => {
      const [first, second] = controlFolders() as [string, string];
      make(first);
      const { path: file } = await start();
      assert.equal(path.dirname(file), second);
      const { asked, problems } = await askServers(false);
      assert.equal(asked.length, 1);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", message);
      await server?.close();
      rmSync(second, { recursive: true });
      make(second);
      await assert.rejects(start(), (error) => error instanceof UserError && message.test(error.message));
    });
  }

  it("is not where the path of a socket is too long", () => {
    process.env.XDG_RUNTIME_DIR = path.join(control.runtime, "l".repeat(100));
    assert.equal(path.dirname(socketPath(1, null)), controlFolders()[1]);
    process.env.TMPDIR = process.env.XDG_RUNTIME_DIR;
    assert.throws(() => socketPath(1, null), /too long for the path of a socket/);
  });

  it("answers its questions and nothing else", async () => {
    const asked: boolean[] = [];
    const { path: file } = await start(async (stacks) => {
      asked.push(stacks);
      return report;
    });
    const answer = `${JSON.stringify({ version: 1, server: report })}\n`;
    assert.equal(await raw(file, "ps\n"), answer);
    assert.equal(await raw(file, "ps sta", "cks\n", "and more\n"), answer);
    for (const question of ["\n", "stop\n", "PS\n", "ps \n", '{"type":"run"}\n', "x".repeat(40_000)]) {
      assert.equal(
        await raw(file, question),
        `{"error":"the questions are ps, ps stacks, reload, deploy, deployments, rollback, delete"}\n`,
      );
    }
    assert.deepEqual(asked, [false, true]);
  });

  it("tells what goes wrong, and goes on", async () => {
    let failure: Error | undefined = new Error("it is broken");
    await start(async () => {
      if (failure !== undefined) throw failure;
      return report;
    });
    const [found] = (await askServers(false)).asked;
    assert.deepEqual(found, { pid: process.pid, supervisor: null, problem: "it is broken" });
    failure = undefined;
    assert.deepEqual((await askServers(true)).asked, [{ pid: process.pid, supervisor: null, report }]);
  });

  it("bears clients that go away, and ends those that stay when it closes", async () => {
    const gate = Promise.withResolvers<ServerReport>();
    const { path: file, close } = await start(() => gate.promise);
    const gone = net.connect(file, () => gone.write("ps\n", () => gone.destroy()));
    await new Promise((resolve) => gone.once("close", resolve));
    gate.resolve({ ...report, folder: "f".repeat(1_000_000) });
    assert.ok((await raw(file, "ps\n")).length > 1_000_000);
    const silent = raw(file);
    await raw(file, "ps\n");
    await close();
    assert.equal(await silent, "");
  });

  it("takes the place of a socket that another process of this pid left", async () => {
    const file = socketPath(process.pid, null);
    const killed = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
    const { signal } = spawnSync(process.execPath, ["--eval", killed, file]);
    assert.equal(signal, "SIGKILL");
    assert.ok(lstatSync(file).isSocket());
    assert.equal((await start()).path, file);
    assert.equal((await askServers(false, process.pid)).asked.length, 1);
  });

  it("leaves what is no socket of a server alone", async () => {
    await start();
    for (const name of ["1.sock", "notes.txt", "12-.sock"]) writeFileSync(path.join(control.path, name), "");
    assert.equal((await askServers(false)).asked.length, 1);
    assert.equal(readdirSync(control.path).length, 4);
  });

  it("is done without by a server that cannot have it", async () => {
    for (const folder of controlFolders()) writeFileSync(folder, "");
    const folder = workerFolder("from js import Response\ndef on_fetch(request):\n    return Response.new('up')\n");
    const served = await control.serve(folder.path);
    await served.logged(/blockon ps will not find this server: .* is no folder/);
    assert.equal(await (await served.get("/")).text(), "up");
    const { code, stderr } = await control.ps();
    assert.equal(code, 1);
    assert.match(stderr, /is no folder\. Remove it\..*this user runs no server/);
    assert.equal(await served.stop(), 0);
    folder.remove();
  });
});

describe("what blockon ps prints", () => {
  it("has no character that a terminal acts upon", () => {
    const text = "a\x1b[31m\x07\x7f\x9b\u202e\u2066\u200b\u2028\ud800 \n\t\u{e0041}é漢😀";
    const plain = plainText(text);
    assert.equal(
      plain,
      "a\\u001b[31m\\u0007\\u007f\\u009b\\u202e\\u2066\\u200b\\u2028\\ud800 \\u000a\\u0009\\udb40\\udc41é漢😀",
    );
    assert.equal(JSON.parse(plainText(JSON.stringify({ text }))).text, text);
  });

  it("has ages in words", () => {
    const ages = [0, 4.24, 59.9, 61, 3_600, 7_265, 90_000].map(ageText);
    assert.deepEqual(ages, ["0.0 s", "4.2 s", "59.9 s", "1 min 1 s", "1 h 0 min", "2 h 1 min", "1 d 1 h"]);
  });

  it("says how many fibers are not listed, and makes the text of a Worker plain", () => {
    const fiber = {
      id: 7,
      kind: "task",
      state: "suspended",
      age: 65,
      waitsFor: "a\nlock",
      frames: [],
      omittedFrames: 2,
    };
    const usage = { cpu: 1.25, resident: 99 * 1024 * 1024, memoryMb: 512, cpuMs: 30_000 };
    const worker = {
      name: "w",
      state: "running",
      detail: "\x1b]",
      requests: 1,
      usage,
      live: 1002,
      fibers: [fiber],
    } as const;
    assert.equal(
      psText([{ pid: 1, supervisor: null, report: { ...report, pid: 1, folder: "/a\rb", workers: [worker] } }], true),
      `process 1: named on http://127.0.0.1:1, /a\\u000db, for 3.0 s
  Worker w: running: \\u001b], 1 request, 1002 fibers, CPU 1.3 s, 99 of 512 MiB
    FIBER  KIND  STATE      AGE        WAITS FOR    AT
    7      task  suspended  1 min 5 s  a\\u000alock  -
        ... 2 outer calls left out
    and 1001 younger ones
`,
    );
  });
});
