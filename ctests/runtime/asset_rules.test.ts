// _redirects and _headers of a folder of assets: what is read of them, and what a request gets.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { answerFile, answerNotFound } from "../../runtime/assets/answer.ts";
import { parseHeaders, parseRedirects } from "../../runtime/config/asset_rules.ts";
import type { Assets } from "../../runtime/config/assets.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import { workerFolder } from "./lib/worker_folder.ts";

describe("rules of assets", () => {
  let directory: string;
  let assets: Assets;
  before(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), "blockon-rules-"));
    assets = {
      directory,
      binding: undefined,
      htmlHandling: "auto-trailing-slash",
      notFoundHandling: "404-page",
      workerFirst: false,
    };
    for (const name of ["index.html", "page.html", "404.html", "logo.svg"])
      writeFileSync(path.join(directory, name), name);
  });
  after(() => rmSync(directory, { recursive: true }));

  let times = 0;
  const write = (name: string, text: string): void => {
    const file = path.join(directory, name);
    writeFileSync(file, text);
    // Of another time than the one before, whatever the clock's steps.
    utimesSync(file, ++times, times);
  };
  const ask = async (target: string, asked = answerFile): Promise<[number, { [name: string]: string }] | undefined> => {
    const url = new URL(target, "http://shop.example");
    const found = await asked(assets, { method: "HEAD", url, header: () => undefined });
    return found && [found.status, Object.fromEntries(found.headers)];
  };
  const leadsTo = async (target: string): Promise<string> => {
    const [status, { location }] = (await ask(target)) ?? [0, {}];
    return `${status} ${location}`;
  };

  it("lead elsewhere, the first that fits, with what the path has", async () => {
    write(
      "_redirects",
      `# a comment
/old /page
/moved/* /new/:splat 301
/blog/:year/:slug https://blog.example/:slug?of=:year 308
/moved/never /page
/evil/* /:splat
/rewritten /page 200
/to-query /page?own=1#part
`,
    );
    assert.equal(await leadsTo("/old"), "302 /page");
    assert.equal(await leadsTo("/old?q=1"), "302 /page?q=1");
    assert.equal(await leadsTo("/moved/a/b"), "301 /new/a/b");
    assert.equal(await leadsTo("/moved/never"), "301 /new/never");
    assert.equal(await leadsTo("/blog/2026/hello?x"), "308 https://blog.example/hello?of=2026");
    assert.equal(await leadsTo("/evil//other.example/"), "302 /other.example/");
    assert.equal(await leadsTo("/to-query?q=1"), "302 /page?own=1#part");
    assert.equal((await ask("/rewritten"))?.[0], 200);
    assert.equal(await ask("/blog/2026"), undefined);
    assert.equal((await ask("/page"))?.[0], 200);
    write("_redirects", "/old /logo.svg 307\n");
    assert.equal(await leadsTo("/old"), "307 /logo.svg");
    assert.equal(await leadsTo("/page.html"), "307 /page");
  });

  it("set headers, join and take away", async () => {
    write(
      "_headers",
      `/*
  X-Frame-Options: DENY
  Cache-Control: public, max-age=60
/logo.svg
  ! X-Frame-Options
  Cache-Control: immutable
https://shop.example/:name
  X-Name: it is :name
https://other.example/*
  X-Other: 1
`,
    );
    const [, page] = (await ask("/page")) as [number, { [name: string]: string }];
    assert.deepEqual(
      [page["x-frame-options"], page["cache-control"], page["x-name"], page["x-other"], page["content-type"]],
      ["DENY", "public, max-age=60", "it is page", undefined, "text/html; charset=utf-8"],
    );
    const [, logo] = (await ask("/logo.svg")) as [number, { [name: string]: string }];
    assert.equal(logo["x-frame-options"], undefined);
    assert.equal(logo["cache-control"], "public, max-age=60, immutable");
    const [status, missing] = (await ask("/missing", answerNotFound)) as [number, { [name: string]: string }];
    assert.deepEqual([status, missing["x-frame-options"]], [404, "DENY"]);
    assert.deepEqual(await ask("/old"), [307, { location: "/logo.svg" }]);
  });

  it("are told where they are wrong", () => {
    const { rules, problems } = parseRedirects(
      "/a\n/b /c 404\nhttp://x/ /d\n/e /f\n/*/* /g\n/:a/:a /h\n/i //j\n/k ftp://l\n/m https://n 200\n/o /o",
    );
    assert.equal(rules.length, 1);
    assert.deepEqual(problems, [
      "1: expected FROM TO, or FROM TO STATUS",
      "2: 404 is none of 200, 301, 302, 303, 307, 308",
      "3: http://x/ is no path: it has to begin with /",
      "5: there is more than one *",
      "6: the name :a is there twice",
      "7: //j is neither a path nor a URL",
      "8: ftp://l is no URL of http: or https:",
      "9: 200 needs a path of this Worker",
      "10: it leads to itself",
    ]);
    const headers = parseHeaders("A: b\n/x\n  Content-Length: 1\n  no header\n  C: \u0001\n  D: e\n");
    assert.deepEqual(headers.problems, [
      "1: there is no path above it",
      "3: Content-Length is the server's to say",
      "4: expected a path, or NAME: VALUE, or ! NAME",
      "5: the value of C cannot be in a header",
    ]);
    assert.deepEqual(headers.rules[0]?.set, [["d", "e"]]);
    const folder = workerFolder("", [], '[assets]\ndirectory = "public"\n');
    folder.write("public/_redirects", "/a\n/b /c\n");
    const { warnings } = readWorkerConfig(folder.path);
    assert.match(warnings.join("\n"), /_redirects:1: expected FROM TO, or FROM TO STATUS; the line is left out$/);
    folder.remove();
  });
});
