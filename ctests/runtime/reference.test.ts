// The documents say what the code does.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { packageRoot } from "../../runtime/layout.ts";
import { reference } from "./lib/reference.ts";

describe("the documents", () => {
  it("have a reference of the commands and flags as they are", () => {
    const file = path.join(packageRoot, "docs", "reference.md");
    const text = reference();
    if (process.env.BLOCKON_RECORD === "1") writeFileSync(file, text);
    assert.equal(readFileSync(file, "utf8"), text, "BLOCKON_RECORD=1 writes it anew");
  });

  it("lead to files that are there", () => {
    const folder = path.join(packageRoot, "docs");
    const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
    const files = [path.join(packageRoot, "README.md"), ...names.map((name) => path.join(folder, name))];
    const anchorsOf = (text: string): Set<string> =>
      new Set(
        [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
          title
            .toLowerCase()
            .replace(/[^\w\- ]/g, "")
            .replaceAll(" ", "-"),
        ),
      );
    for (const file of files) {
      for (const [, target = ""] of readFileSync(file, "utf8").matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [name = "", anchor] = target.split("#");
        const found = name === "" ? file : path.resolve(path.dirname(file), name);
        const isFolder = !path.extname(found).startsWith(".md");
        const text = isFolder ? undefined : readFileSync(found, "utf8");
        if (isFolder) assert.ok(readdirSync(path.dirname(found)).includes(path.basename(found)), `${file}: ${target}`);
        if (anchor !== undefined && text !== undefined) assert.ok(anchorsOf(text).has(anchor), `${file}: ${target}`);
      }
    }
  });
});
