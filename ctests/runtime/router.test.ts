// Which of a server's Workers answers a request, and which routes are refused.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Route } from "../../runtime/config/routes.ts";
import { parseWorkerConfig } from "../../runtime/config/wrangler.ts";
import { Router } from "../../runtime/server/router.ts";

function routes(toml: string): readonly Route[] {
  const text = `name = "a"\nmain = "a.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n${toml}`;
  return parseWorkerConfig(text, "wrangler.toml", { today: "2026-11-01" }).routes;
}

const worker = (name: string, ...patterns: string[]) => ({
  name,
  routes: routes(`routes = ${JSON.stringify(patterns)}\n`),
});

function finder(...workers: ReturnType<typeof worker>[]): (url: string) => string | undefined {
  const router = new Router(workers);
  return (url) => router.find(new URL(url))?.name;
}

describe("routes", () => {
  it("are hosts and paths, a custom domain among them", () => {
    const [first, second, third] = routes(
      'routes = ["https://Example.com/a*", { pattern = "shop.example.com", custom_domain = true }]\nroute = "*.example.org/*"\n',
    );
    assert.deepEqual(
      { ...first },
      {
        pattern: "https://Example.com/a*",
        host: "example.com",
        anyHost: false,
        path: "/a",
        anyPath: true,
        place: "wrangler.toml:5",
      },
    );
    assert.equal(second?.anyPath, true);
    assert.deepEqual([third?.host, third?.anyHost, third?.place], [".example.org", true, "wrangler.toml:6"]);
  });

  it("that are none are refused, by line", () => {
    for (const pattern of ["", "/only/path", "example.com/a*b", "exa*mple.com/", "example.com/?q", "example.com*"]) {
      assert.throws(
        () => routes(`routes = [\n"${pattern}"]\n`),
        /^UserError: wrangler\.toml:6: "routes\[0\]" is .*; expected a host and a path/,
        pattern,
      );
    }
    assert.throws(
      () => routes('routes = [{ pattern = "a.com/x", custom_domain = true }]\n'),
      /a host alone, since it is a custom domain/,
    );
    assert.throws(() => routes("routes = 1\n"), /expected an array/);
    assert.throws(() => routes("routes = [{}]\n"), /"routes\[0\]\.pattern" is missing/);
  });
});

describe("a request", () => {
  it("is for the only Worker, whatever its routes", () => {
    assert.equal(finder(worker("a", "example.com/*"))("http://127.0.0.1/"), "a");
  });

  it("is for the Worker with the most specific route", () => {
    const find = finder(
      worker("any", "*/*"),
      worker("sub", "*.example.com/*"),
      worker("host", "example.com/*", "www.example.com/*"),
      worker("path", "example.com/api/*", "example.com/exact"),
      worker("deep", "example.com/api/v2/*"),
    );
    assert.equal(find("http://other.net/"), "any");
    assert.equal(find("http://a.b.example.com/"), "sub");
    assert.equal(find("http://www.example.com:8787/"), "host");
    assert.equal(find("http://example.com/"), "host");
    assert.equal(find("http://EXAMPLE.com/api/x?y"), "path");
    assert.equal(find("http://example.com/exact"), "path");
    assert.equal(find("http://example.com/exactly"), "host");
    assert.equal(find("http://example.com/api/v2/x"), "deep");
  });

  it("that fits no route is for the first Worker, if that has none", () => {
    const routed = worker("b", "b.example/*");
    assert.equal(finder(worker("a"), routed)("http://127.0.0.1/"), "a");
    assert.equal(finder(routed, worker("a"))("http://127.0.0.1/"), undefined);
  });

  it("cannot be for two Workers by one route", () => {
    assert.throws(
      () => finder(worker("a", "x.example/*"), worker("b", "http://X.example/*")),
      /the route "http:\/\/X\.example\/\*" is one of the Worker a already/,
    );
  });
});
