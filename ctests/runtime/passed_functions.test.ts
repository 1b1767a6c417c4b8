// Functions of a Worker's that others have: what those may ask of them, who may be hostile.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, describe, it } from "node:test";
import { createWorker } from "../../runtime/cli/create_worker.ts";
import { readWorkerConfig } from "../../runtime/config/wrangler.ts";
import type { ServiceAnswer } from "../../runtime/pool/host_options.ts";
import type { WorkerHost } from "../../runtime/pool/worker_host.ts";
import { type WorkerFolder, workerFolder } from "./lib/worker_folder.ts";

const entry = `
from workers import Response, WorkerEntrypoint

kept = []

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("")

    def echo(self, value):
        return value

    def function(self):
        return lambda value: value + 1

    def keep_copy(self, function):
        kept.append(function.dup())
`;

/** As runtime/realm/84-values.js has them: what is in arrays is marked by what it is. */
type Node = null | string | number | Node[];

function encode(node: Node): Uint8Array {
  const json = Buffer.from(JSON.stringify(node));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Uint8Array.from(Buffer.concat([length, json]));
}

const decode = (bytes: Uint8Array): Node => JSON.parse(Buffer.from(bytes.subarray(4)).toString());
const passed = (token: string): Node => ["c", token];
const tokenIn = (node: Node | undefined): string => {
  assert.ok(Array.isArray(node) && node[0] === "c", JSON.stringify(node));
  return String(node[1]);
};

describe("functions that other Workers have", () => {
  const asked: { binding: string; method: string; values: Node; depth: number }[] = [];
  const asks = new EventEmitter();
  let answer: () => Promise<ServiceAnswer>;
  let folder: WorkerFolder;
  let worker: WorkerHost;
  before(async () => {
    folder = workerFolder(entry);
    worker = createWorker(readWorkerConfig(folder.path), {
      onLog: () => {},
      onOutput: () => {},
      onCall: async ({ binding, method, bytes, depth }) => {
        asked.push({ binding, method, values: decode(bytes), depth });
        asks.emit("asked");
        return await answer();
      },
    }) as WorkerHost;
    answer = async () => ({ bytes: encode(null), owner: "other#1" });
    await worker.start();
  });
  after(async () => {
    await worker.stop();
    folder.remove();
  });

  const call = async (method: string, ...values: Node[]): Promise<Node> => {
    const json = JSON.stringify({ entrypoint: "", method, props: {}, caller: "other#1" });
    return decode(await worker.send({ event: "call", json, bytes: encode(["a", values]), depth: 1 }));
  };
  const ask = async (token: string, what: string, values: Node[] = [], depth = 1): Promise<Node> => {
    const json = JSON.stringify({ token, asked: what, caller: "other#1" });
    return decode(await worker.send({ event: "function", json, bytes: encode(["a", values]), depth }));
  };

  it("pass calls of methods on, and nothing is looked up here by the names of these", async () => {
    const token = tokenIn(await call("echo", passed("its own")));
    for (const name of ["method", "constructor", "__proto__", "toString", "dup", "apply"]) {
      asked.length = 0;
      assert.equal(await ask(token, `.${name}`, ["return 1"], 7), null);
      const method = `\0its own\0.${name}`;
      assert.deepEqual(asked, [{ binding: "\0other#1", method, values: ["a", ["return 1"]], depth: 7 }]);
    }
  });

  it("are called for the call that they stand behind", async () => {
    const token = tokenIn(await call("echo", passed("its own")));
    asked.length = 0;
    assert.equal(await ask(token, "", [5], 9), null);
    assert.deepEqual(asked, [{ binding: "\0other#1", method: "\0its own\0", values: ["a", [5]], depth: 9 }]);
  });

  it("hold up by a duplicate that is never made who passed them, and no other", async () => {
    asked.length = 0;
    const made = Promise.withResolvers<ServiceAnswer>();
    const usual = answer;
    answer = () => made.promise;
    let isAnswered = false;
    const seen = once(asks, "asked");
    const held = call("keep_copy", passed("of one that is slow")).then(() => {
      isAnswered = true;
    });
    await seen;
    assert.equal(asked[0]?.method, "\0of one that is slow\0dup");
    assert.equal(await call("echo", "another"), "another");
    assert.equal(isAnswered, false);
    answer = usual;
    made.resolve(await usual());
    await held;
  });

  it("are duplicated under new tokens alone, and disposed of by who has their tokens", async () => {
    const token = tokenIn(await call("function"));
    const other = "0123456789abcdef".repeat(2);
    for (const wrong of ["short", token, 1, ["a", [other]]]) {
      await assert.rejects(ask(token, "dup", [wrong]), /TypeError: this is no new token of a function/);
    }
    assert.equal(await ask(token, "dup", [other]), null);
    await ask(token, "dispose");
    for (const what of ["", "dup", "dispose", ".method"]) {
      await assert.rejects(ask(token, what, [other]), /the function is gone/);
    }
    assert.equal(await ask(other, "", [1]), 2);
    await ask(other, "dispose");
    await assert.rejects(ask(other, "", [1]), /the function is gone/);
  });

  it("are the newest 10,000", async () => {
    const first = tokenIn(await call("function"));
    const second = tokenIn(await call("function"));
    const many: Node[] = Array.from({ length: 9_999 }, (_, number) => passed(`${number}`));
    const result = await call("echo", ["a", many]);
    await assert.rejects(ask(first, "", [1]), /the function is gone/);
    assert.equal(await ask(second, "", [1]), 2);
    assert.equal(((result as Node[])[1] as Node[]).length, 9_999);
  });
});
