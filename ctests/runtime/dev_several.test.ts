// blockon dev with several folders: Workers that call one another, each loaded anew when a file of it is saved; and with a sandbox.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answered } from "./lib/answered.ts";
import { commandEnd } from "./lib/command_end.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const FLAGS = ["blockon_api_2026_11_01"];

const front = `
from blockon import ServiceError


def fetch(request, env):
    try:
        return f"front: {env.BACK.text('x')}"
    except ServiceError as error:
        return f"{error.type}: {error}"
`;

const back = (version: string): string => `
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    def text(self, of):
        return f"${version} of {of}"

    async def fetch(self, request):
        return Response("back itself")
`;

describe("blockon dev of several folders", () => {
  let one: WorkerFolder;
  let other: WorkerFolder;
  let server: ServeProcess;
  const config = (name: string, rest: string, flags: readonly string[] = FLAGS): string =>
    `name = "${name}"\nmain = "src/entry.py"\ncompatibility_date = "2026-10-01"\n` +
    `compatibility_flags = ${JSON.stringify(["python_workers", ...flags])}\n${rest}`;
  const calls = '[[services]]\nbinding = "BACK"\nservice = "back"\n';

  before(async () => {
    one = workerFolder(front);
    one.write("wrangler.toml", config("front", calls));
    other = workerFolder(back("v1"));
    other.write("wrangler.toml", config("back", 'routes = ["127.0.0.1/back"]\n', []));
    server = await ServeProcess.dev(one.path, other.path);
  });

  after(async () => {
    assert.equal(await server.stop(), 0);
    one.remove();
    other.remove();
  });

  it("has them call one another, and answers by their routes", async () => {
    assert.equal(await (await server.get("/")).text(), "front: v1 of x");
    assert.equal(await (await server.get("/back")).text(), "back itself");
    await server.logged(/^the Workers front, back are on http/);
  });

  it("loads one anew and not the other", async () => {
    const loads = () => server.log.filter(({ msg }) => msg.startsWith("loaded in")).length;
    while (loads() < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    other.write("src/entry.py", back("v2"));
    await answered(server, "/", /^front: v2 of x$/);
    assert.equal(loads(), 3);
  });

  it("tells a caller when the one that it calls cannot be loaded, until it can", async () => {
    other.write("src/entry.py", "import nothing_like_it\n");
    assert.match(await answered(server, "/", /loaded/), /the Worker back could not be loaded/);
    await server.logged(/the Worker cannot be loaded; mend it and save/);
    other.write("src/entry.py", back("v3"));
    await answered(server, "/", /^front: v3 of x$/);
  });

  it("takes new routes, and refuses those of the other", async () => {
    other.write("wrangler.toml", config("back", 'routes = ["127.0.0.1/other"]\n', []));
    await answered(server, "/other", /^back itself$/);
    assert.equal(await (await server.get("/back")).text(), "front: v3 of x");
    one.write("wrangler.toml", config("front", `routes = ["127.0.0.1/other"]\n${calls}`));
    await server.logged(/the route "127\.0\.0\.1\/other" is one of the Worker/);
    one.write("wrangler.toml", config("front", calls));
    await answered(server, "/", /^front: v3 of x$/);
  });
});

describe("blockon dev", () => {
  it("warns of a binding to a Worker that is not there, and tells its caller", async () => {
    const folder = workerFolder(front, FLAGS, '[[services]]\nbinding = "BACK"\nservice = "back"\n');
    const server = await ServeProcess.dev(folder.path);
    try {
      await server.logged(/there is no Worker back in this server\. Give its folder too: blockon dev FOLDER FOLDER/);
      assert.match(await (await server.get("/")).text(), /there is no Worker behind BACK/);
    } finally {
      await server.stop();
      folder.remove();
    }
  });

  it("refuses two Workers of one name", async () => {
    const [one, other] = [workerFolder(front, FLAGS), workerFolder(front, FLAGS)];
    try {
      const { code, err } = await commandEnd(["dev", one.path, other.path, "--port", "0"]);
      assert.equal(code, 1);
      assert.match(err, /has the same name, test\. Give one of them another/);
    } finally {
      one.remove();
      other.remove();
    }
  });

  it("runs what a Worker has run in a sandbox, by the limits that are saved", async () => {
    const entry = `
from blockon import Sandbox, SandboxError

def fetch(request, env):
    try:
        return str(Sandbox().run_blocking("6 * 7", timeout=5, memory=64).value)
    except (SandboxError, ValueError) as error:
        return str(error)
`;
    const toml = (memory: number): string => `[blockon.sandbox]\nmax_memory = ${memory}\n`;
    const folder = workerFolder(entry, FLAGS, toml(64));
    const server = await ServeProcess.dev(folder.path);
    try {
      assert.equal(await (await server.get("/")).text(), "42");
      const text = `name = "test"\nmain = "src/entry.py"\ncompatibility_date = "2026-11-01"\ncompatibility_flags = ["python_workers"]\n`;
      folder.write("wrangler.toml", text + toml(32));
      await answered(server, "/", /32/);
      folder.write("wrangler.toml", text + toml(64));
      await answered(server, "/", /^42$/);
    } finally {
      assert.equal(await server.stop(), 0);
      folder.remove();
    }
  });
});
