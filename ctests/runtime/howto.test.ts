// docs/howto.md and docs/quickstart.md: their Workers, as they stand there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../runtime/layout.ts";
import { commandEnd } from "./lib/command_end.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const NOTES = '[[kv_namespaces]]\nbinding = "NOTES"\n';

/** The Python API's version, which a folder of `blockon init` has by its date. */
const FLAGS = ["blockon_api_2026_11_01"];

const read = (page: string): string => readFileSync(path.join(packageRoot, "docs", page), "utf8");

/** The blocks of Python of a page, in their order. */
const pythonOf = (page: string): string[] =>
  [...read(page).matchAll(/^```python\n(.*?)^```$/gms)].map((match) => match[1] as string);

/** That of the how-to whose block begins with a comment of this name. */
function howTo(name: string): string {
  const found = pythonOf("howto.md").find((block) => block.startsWith(`# ${name}\n`));
  assert.ok(found !== undefined, `docs/howto.md has no block of Python that begins with "# ${name}"`);
  return found;
}

async function withWorker(
  entry: string,
  use: (server: ServeProcess, folder: WorkerFolder) => Promise<void>,
  files: Readonly<Record<string, string>> = {},
  toml = NOTES,
): Promise<void> {
  const folder = workerFolder(entry, FLAGS, toml);
  for (const [name, text] of Object.entries(files)) folder.write(name, text);
  try {
    const server = await ServeProcess.start(folder.path);
    try {
      await use(server, folder);
    } finally {
      await server.stop();
    }
  } finally {
    folder.remove();
  }
}

describe("docs/howto.md", () => {
  const upstream = createServer((_, response) => setTimeout(() => response.end("four"), 300));
  let url = "";

  before(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`;
  });

  after(() => upstream.close());

  it("asks several servers at once", async () => {
    await withWorker(howTo("gather"), async (server) => {
      let most = 0;
      let open = 0;
      upstream.prependListener("request", (_, response) => {
        most = Math.max(most, ++open);
        response.on("close", () => open--);
      });
      const query = new URLSearchParams([...Array.from({ length: 6 }, () => ["url", url]), ["url", "none"]]);
      const answers = (await (await server.get(`/?${query}`)).json()) as { status?: number; error?: string }[];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 200, 200, undefined],
      );
      assert.match(answers[6]?.error ?? "", /unknown url type/);
      assert.ok(most > 1, `the upstream had at most ${most} at once`);
    });
  });

  it("takes uploads and forms", async () => {
    await withWorker(howTo("uploads"), async (server) => {
      const form = new FormData();
      form.set("file", new Blob(["four"]), "a.txt");
      const sent = await server.get("/", { method: "POST", body: form });
      const sha256 = "04efaf080f5a3e74e1c29d1ca6a48569382cbbcd324e8d59d2b83ef21c039f00";
      assert.deepEqual(await sent.json(), { name: "a.txt", bytes: 4, sha256 });
      const text = await server.get("/", { method: "POST", body: new URLSearchParams({ file: "text" }) });
      assert.deepEqual([text.status, await text.json()], [400, { error: "no file was sent as file" }]);
      assert.equal((await server.get("/", { method: "POST", body: "no form" })).status, 400);
    });
  });

  it("asks who asks, and lets other origins in", async () => {
    await withWorker(
      howTo("origins"),
      async (server) => {
        const preflight = await server.get("/", { method: "OPTIONS", headers: { origin: "https://app.example" } });
        assert.equal(preflight.status, 204);
        assert.equal(preflight.headers.get("access-control-allow-origin"), "https://app.example");
        assert.equal((await server.get("/")).status, 401);
        assert.equal((await server.get("/", { headers: { authorization: "Bearer wrong" } })).status, 401);
        const headers = { authorization: "Bearer right", origin: "https://other.example" };
        const answer = await server.get("/", { headers });
        assert.deepEqual(await answer.json(), { hello: "you" });
        assert.equal(answer.headers.get("access-control-allow-origin"), null);
      },
      { ".dev.vars": "TOKEN=right\n" },
    );
  });

  it("answers and works on", async () => {
    await withWorker(howTo("later"), async (server) => {
      assert.equal(await (await server.get("/")).text(), "It will be counted.\n");
      while ((await (await server.get("/count")).text()) !== "1") await sleep(20);
    });
  });

  it("says so where there is no database", async () => {
    await withWorker(
      howTo("database"),
      async (server) => {
        const answer = await server.get("/");
        assert.equal(answer.status, 503);
        assert.match(((await answer.json()) as { error: string }).error, /^the database cannot be had: /);
      },
      { "requirements.txt": "pg8000\n", ".dev.vars": "DATABASE_URL=postgresql://user:password@127.0.0.1:1/data\n" },
    );
  });
});

describe("docs/quickstart.md", () => {
  const [waits, counts, plain, test, application] = pythonOf("quickstart.md") as [
    string,
    string,
    string,
    string,
    string,
  ];
  const COUNTS = '[[kv_namespaces]]\nbinding = "COUNTS"\n';

  it("waits for a server", async () => {
    const upstream = createServer((_, response) => response.end("Keep it logically awesome."));
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const here = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/zen`;
    const entry = waits.replace("https://api.github.com/zen", here);
    assert.notEqual(entry, waits);
    try {
      await withWorker(
        entry,
        async (server) => {
          assert.equal(await (await server.get("/")).text(), "Keep it logically awesome.");
        },
        { "requirements.txt": "requests\n" },
      );
    } finally {
      upstream.close();
    }
  });

  for (const [name, entry] of Object.entries({ counts, plain })) {
    it(`counts, and passes its test: ${name}`, async () => {
      const folder = workerFolder(entry, FLAGS, COUNTS);
      try {
        folder.write("tests/test_entry.py", test);
        const { code, out } = await commandEnd(["test", folder.path]);
        assert.equal(code, 0, out);
        assert.match(out, /1 passed/);
      } finally {
        folder.remove();
      }
    });
  }

  it("is an application of a framework", async () => {
    await withWorker(
      application,
      async (server) => {
        assert.deepEqual(await (await server.get("/")).json(), { hello: "world" });
      },
      { "requirements.txt": "fastapi\n" },
    );
  });
});
