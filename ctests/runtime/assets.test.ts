// Assets: which file is meant by a path, that no path leads out of the folder, and what a client gets.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { rangeOf } from "../../runtime/assets/answer.ts";
import { findFile } from "../../runtime/assets/files.ts";
import { findPage } from "../../runtime/assets/pages.ts";
import { type HtmlHandling, isWorkerFirst } from "../../runtime/config/assets.ts";
import { parseWorkerConfig, readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { run, scriptWorker } from "./lib/script_worker.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

describe("the path of an asset", () => {
  let outside: string;
  let root: string;
  const write = (name: string, text = name): void => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  before(() => {
    outside = mkdtempSync(path.join(os.tmpdir(), "blockon-assets-"));
    root = path.join(outside, "public");
    const names = [
      "a.txt",
      "grüße c.txt",
      "sub/b.txt",
      ".env",
      "sub/.git/config",
      ".well-known/x",
      "_headers",
      "_worker.js",
      "sub/_headers",
    ];
    for (const name of names) write(name);
    writeFileSync(path.join(outside, "secret.txt"), "secret");
    mkdirSync(path.join(outside, "public-too"));
    writeFileSync(path.join(outside, "public-too", "x.txt"), "other");
    symlinkSync(path.join(outside, "secret.txt"), path.join(root, "link.txt"));
    symlinkSync(outside, path.join(root, "up"));
    symlinkSync("sub/b.txt", path.join(root, "inside.txt"));
    symlinkSync("loop", path.join(root, "loop"));
  });
  after(() => rmSync(outside, { recursive: true }));

  const found = async (pathname: string): Promise<string | undefined> => (await findFile(root, pathname))?.file;

  it("is the file's, links inside of the folder among them", async () => {
    assert.equal(await found("/a.txt"), path.join(root, "a.txt"));
    assert.equal(await found("/sub/b.txt"), path.join(root, "sub/b.txt"));
    assert.equal(await found("/gr%C3%BC%C3%9Fe%20c.txt"), path.join(root, "grüße c.txt"));
    assert.equal(await found("/inside.txt"), path.join(root, "sub/b.txt"));
    assert.equal(await found("/.well-known/x"), path.join(root, ".well-known/x"));
    assert.equal(await found("/sub/_headers"), path.join(root, "sub/_headers"));
  });

  it("leads nowhere else", async () => {
    const paths = [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/..%5csecret.txt",
      "/sub/../../secret.txt",
      "/..",
      "/.",
      "/",
      "//a.txt",
      "/sub//b.txt",
      "/link.txt",
      "/up/secret.txt",
      "/../public-too/x.txt",
      "/loop",
      "/sub",
      "/a.txt/",
      "/a.txt/x",
      "/a.txt%00",
      "/%",
      "/%ff",
      `/${"x".repeat(5000)}`,
      "/.env",
      "/%2eenv",
      "/sub/.git/config",
      "/_headers",
      "/_worker.js",
      "/nothing",
    ];
    for (const pathname of paths) assert.equal(await found(pathname), undefined, pathname);
  });

  it("is one for each page, by html_handling", async () => {
    for (const name of ["index.html", "file.html", "folder/index.html", "both.html", "both/index.html"]) write(name);
    const page = async (pathname: string, handling: HtmlHandling): Promise<string> => {
      const result = await findPage(root, pathname, handling);
      if (result === undefined) return "none";
      return "redirect" in result ? `to ${result.redirect}` : path.relative(root, result.asset.file);
    };
    const expected: [pathname: string, auto: string, force: string, drop: string, none: string][] = [
      ["/", "index.html", "index.html", "index.html", "none"],
      ["/index.html", "to /", "to /", "to /", "index.html"],
      ["/index", "to /", "to /", "to /", "none"],
      ["/file", "file.html", "to /file/", "file.html", "none"],
      ["/file.html", "to /file", "to /file/", "to /file", "file.html"],
      ["/file/", "to /file", "file.html", "to /file", "none"],
      ["/file/index", "none", "none", "none", "none"],
      ["/folder", "to /folder/", "to /folder/", "folder/index.html", "none"],
      ["/folder/", "folder/index.html", "folder/index.html", "to /folder", "none"],
      ["/folder/index", "to /folder/", "to /folder/", "to /folder", "none"],
      ["/folder/index.html", "to /folder/", "to /folder/", "to /folder", "folder/index.html"],
      ["/folder.html", "none", "none", "none", "none"],
      ["/both", "both.html", "to /both/", "both.html", "none"],
      ["/both/", "both/index.html", "both/index.html", "to /both", "none"],
      ["/a.txt", "a.txt", "a.txt", "a.txt", "a.txt"],
      ["/a.txt/", "none", "none", "none", "none"],
    ];
    for (const [pathname, ...results] of expected) {
      const handlings = ["auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"] as const;
      assert.deepEqual(await Promise.all(handlings.map((handling) => page(pathname, handling))), results, pathname);
    }
  });
});

describe("a range", () => {
  it("is one of bytes, or all", () => {
    assert.deepEqual(rangeOf("bytes=0-0", 10), [0, 0]);
    assert.deepEqual(rangeOf("bytes=2-", 10), [2, 9]);
    assert.deepEqual(rangeOf("bytes=2-99", 10), [2, 9]);
    assert.deepEqual(rangeOf("bytes=-3", 10), [7, 9]);
    assert.deepEqual(rangeOf("bytes=-30", 10), [0, 9]);
    for (const none of ["bytes=10-", "bytes=10-12", "bytes=-0"]) assert.equal(rangeOf(none, 10), "none", none);
    assert.equal(rangeOf("bytes=0-", 0), "none");
    for (const all of [undefined, "bytes=-", "bytes=3-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", ""]) {
      assert.equal(rangeOf(all, 10), undefined, String(all));
    }
  });
});

describe("[assets]", () => {
  const parse = (toml: string) =>
    parseWorkerConfig(
      `name = "a"\nmain = "a.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n[assets]\n${toml}`,
      "/w/wrangler.toml",
      { today: "2026-11-01" },
    ).assets;

  it("is read with its choices", () => {
    assert.deepEqual(parse('directory = "./public"\nbinding = "ASSETS"\n'), {
      directory: "/w/public",
      binding: "ASSETS",
      htmlHandling: "auto-trailing-slash",
      notFoundHandling: "none",
      workerFirst: false,
    });
    assert.throws(() => parse(""), /the key "directory" is missing/);
    assert.throws(
      () => parse('directory = "p"\nhtml_handling = "slash"\n'),
      /wrangler\.toml:7: "html_handling" is the string "slash"; expected one of "auto/,
    );
    assert.throws(() => parse('directory = "p"\nrun_worker_first = ["api"]\n'), /expected a path, as in "\/api\/\*"/);
    assert.throws(() => parse('directory = "p"\nrun_worker_first = ["!/api"]\n'), /at least one path without a !/);
  });

  it("says for which paths the Worker is first", () => {
    const assets = parse('directory = "p"\nrun_worker_first = ["/api/*", "/x", "!/api/docs/*"]\n');
    assert.ok(assets);
    const first = ["/api/", "/api/a/b", "/x", "/api/docs/a", "/xy", "/"].map((each) => isWorkerFirst(assets, each));
    assert.deepEqual(first, [true, true, true, false, false, false]);
  });

  it("needs a folder, without the Worker's code in it", () => {
    const missing = workerFolder("", [], '[assets]\ndirectory = "public"\n');
    assert.throws(() => readWorkerConfig(missing.path), /"assets\.directory" names .*public, which is no folder/);
    missing.remove();
    for (const directory of [".", "src", ".."]) {
      const folder = workerFolder("", [], `[assets]\ndirectory = "${directory}"\n`);
      assert.throws(() => readWorkerConfig(folder.path), /everyone could read the Worker's code/, directory);
      folder.remove();
    }
  });
});

describe("assets", () => {
  let folder: WorkerFolder;
  let server: ServeProcess;
  before(async () => {
    folder = workerFolder(
      scriptWorker,
      [],
      '[assets]\ndirectory = "public"\nbinding = "ASSETS"\nnot_found_handling = "404-page"\nrun_worker_first = ["/api/*"]\n',
    );
    folder.write("public/index.html", "<h1>index</h1>");
    folder.write("public/style.css", "body {}");
    folder.write("public/data.bin", "0123456789");
    folder.write("public/empty.txt", "");
    folder.write("public/api/file.txt", "a file");
    folder.write("public/404.html", "not here");
    folder.write("public/sub/404.html", "not in sub");
    folder.write("public/large.bin", "x".repeat(3_000_000));
    server = await ServeProcess.start(folder.path);
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
    folder.remove();
  });

  it("are answered without the Worker", async () => {
    const index = await server.get("/");
    assert.equal(await index.text(), "<h1>index</h1>");
    assert.equal(index.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(index.headers.get("cache-control"), "public, max-age=0, must-revalidate");
    const redirected = await server.get("/index.html?q=1", { redirect: "manual" });
    assert.deepEqual([redirected.status, redirected.headers.get("location")], [307, "/?q=1"]);
    assert.equal((await server.get("/style.css")).headers.get("content-type"), "text/css; charset=utf-8");
    assert.equal((await server.get("/empty.txt")).headers.get("content-length"), "0");
    assert.equal((await (await server.get("/large.bin")).text()).length, 3_000_000);
  });

  it("have validators and ranges, and heads without a body", async () => {
    const whole = await server.get("/data.bin");
    const etag = whole.headers.get("etag") ?? "";
    assert.match(etag, /^"[0-9a-z]+-[0-9a-z]+"$/);
    await whole.text();
    const get = async (headers: Record<string, string>, method = "GET"): Promise<unknown[]> => {
      const response = await server.get("/data.bin", { headers, method });
      const text = await response.text();
      return [response.status, text, response.headers.get("content-range"), response.headers.get("content-length")];
    };
    assert.deepEqual(await get({ "if-none-match": `"other", W/${etag}` }), [304, "", null, null]);
    assert.deepEqual(await get({ "if-none-match": '"other"' }), [200, "0123456789", null, "10"]);
    assert.deepEqual(await get({ range: "bytes=2-4" }), [206, "234", "bytes 2-4/10", "3"]);
    assert.deepEqual(await get({ range: "bytes=-2", "if-range": etag }), [206, "89", "bytes 8-9/10", "2"]);
    assert.deepEqual(await get({ range: "bytes=-2", "if-range": '"old"' }), [200, "0123456789", null, "10"]);
    assert.deepEqual((await get({ range: "bytes=10-" })).slice(0, 3), [416, "", "bytes */10"]);
    assert.deepEqual(await get({}, "HEAD"), [200, "", null, "10"]);
    folder.write("public/data.bin", "changed");
    assert.deepEqual(await get({ "if-none-match": etag }), [200, "changed", null, "7"]);
  });

  it("leave what is no file to the Worker, and what it is first for", async () => {
    assert.equal(await run(server, "result = 2", "/style.css"), 2);
    assert.equal(await run(server, "result = 3", "/api/file.txt"), 3);
    assert.equal((await server.get("/nothing")).status, 200);
  });

  it("have a page for what is not there, where a browser goes to a page", async () => {
    const navigate = (target: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const request = http.get(
          `${server.url}${target}`,
          { headers: { "sec-fetch-mode": "navigate" } },
          async (response) => {
            let text = `${response.statusCode} `;
            for await (const chunk of response.setEncoding("utf8")) text += chunk;
            resolve(text);
          },
        );
        request.on("error", reject);
      });
    assert.equal(await navigate("/nothing/at/all"), "404 not here");
    assert.equal(await navigate("/sub/nothing"), "404 not in sub");
  });

  it("are on the binding, and are no files of the Worker's own", async () => {
    const script = (url: string, method = "GET") => `response = run_sync(env.ASSETS.fetch("${url}", method="${method}"))
result = [response.status, run_sync(response.text()), response.headers.get("content-type")]`;
    assert.deepEqual(await run(server, script("http://any/style.css")), [200, "body {}", "text/css; charset=utf-8"]);
    assert.deepEqual(await run(server, script("http://any/nothing")), [404, "not here", "text/html; charset=utf-8"]);
    assert.deepEqual(((await run(server, script("http://any/style.css", "POST"))) as unknown[])[0], 405);
    assert.equal(
      await run(
        server,
        script("http://any/large.bin").replace("run_sync(response.text())", "len(run_sync(response.text()))"),
      ).then((all) => (all as unknown[])[1]),
      3_000_000,
    );
    assert.equal(await run(server, `import os; result = os.path.exists("/session/metadata/public")`), false);
  });
});
