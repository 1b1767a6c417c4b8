// Operations that are asked for by a realm that a Worker has taken apart: with anything, and at any time.
import assert from "node:assert/strict";
import os from "node:os";
import { describe, it } from "node:test";
import { exchangeOperations } from "../../runtime/worker/exchanges.ts";
import { fileOperations } from "../../runtime/worker/ops/files.ts";
import type { Operation } from "../../runtime/worker/ops/operations.ts";

describe("a hostile realm", () => {
  it("answers requests by a status that HTTP has, by which they are counted", () => {
    const posted: object[] = [];
    const { operations, receive } = exchangeOperations(
      () => undefined,
      (message) => posted.push(message),
    );
    receive({
      type: "request",
      id: 1,
      method: "GET",
      url: "http://h/",
      headers: "",
      body: null,
      held: false,
      client: "",
    });
    const response = operations.response as Operation;
    for (const status of [0, 99, 1000, 200.5, -200, 2 ** 53]) {
      assert.throws(() => response(1, status, "", "", "", false), new RangeError(`a status of ${status}`));
    }
    assert.throws(() => response(1, Number.NaN, "", "", "", false), TypeError);
    response(1, 200, "", "", "", false);
    assert.equal(posted.length, 1);
  });

  it("is not told where files are, by an error", () => {
    const { operations, add } = fileOperations(os.tmpdir());
    add([{ source: "/nowhere/of/the/host/a.py", target: "/session/metadata/a.py" }]);
    const read = operations["file.read"] as Operation;
    assert.throws(() => read("/session/metadata/a.py"), new Error("the file cannot be read (ENOENT)"));
  });
});
