// Secrets, from the outside: the Worker has them, and no log, list or answer of the server's does.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ControlFolder } from "./lib/control_folder.ts";
import type { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const secret = "sk-live-0123456789";
const entry = `
import sys
import js
from js import Response

def on_fetch(request, env):
    path = js.URL.new(request.url).pathname
    if path == "/raise":
        raise ValueError("with " + env.API_KEY)
    if path == "/print":
        sys.stdout.write("it is " + env.API_KEY[:9])
        sys.stdout.flush()
        sys.stdout.write(env.API_KEY[9:] + ".\\n")
        sys.stdout.flush()
        js.console.error("and " + env.API_KEY)
        js.Promise.reject(js.Error.new("also " + env.API_KEY))
    return Response.new(env.API_KEY + " " + env.PLAIN)
`;

describe("a secret", () => {
  let folder: WorkerFolder;
  let control: ControlFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(entry, [], '[vars]\nPLAIN = "plain"\nAPI_KEY = "unset"\n');
    folder.write(".dev.vars", `API_KEY="${secret}"\n`);
    control = new ControlFolder();
    server = await control.serve(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    control.remove();
    folder.remove();
  });

  it("is the Worker's", async () => {
    assert.equal(await (await server.get("/")).text(), `${secret} plain`);
  });

  it("is in no log, answer or list", async () => {
    const answer = await (await server.get("/raise")).text();
    assert.match(answer, /^Internal Server Error/);
    await server.logged(/ValueError: with \[secret\]/);
    await server.get("/print");
    await server.logged(/it is \[secret\]\./);
    await server.logged(/and \[secret\]/);
    await server.logged(/also \[secret\]/);
    await server.logged(/1 secret of \.dev\.vars/);
    const { stdout } = await control.ps("--json", "--stack");
    for (const text of [answer, stdout, JSON.stringify(server.log)]) assert.ok(!text.includes(secret), text);
  });
});
