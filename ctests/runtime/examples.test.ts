// The Workers of examples/ of functions, and those that serve applications of frameworks, each served and asked as its first lines say.
import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import WebSocket from "ws";
import { packageRoot } from "../../runtime/layout.ts";
import { ServeProcess } from "./lib/serve_process.ts";

function example(name: string, tests: (at: () => ServeProcess) => void): void {
  describe(`examples/${name}`, () => {
    let server: ServeProcess;
    before(async () => {
      server = await ServeProcess.start(path.join(packageRoot, "examples", name));
    });
    after(async () => {
      assert.equal(await server.stop(), 0);
    });
    tests(() => server);
  });
}

const json = (value: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

example("hello", (at) => {
  it("answers", async () => {
    assert.equal(await (await at().get("/")).text(), "Hello from Python");
  });
});

example("announcement", (at) => {
  const text = async (target: string): Promise<string> => (await at().get(target)).text();

  it("has JavaScript's classes, objects and promises", async () => {
    assert.equal(await text("/"), "Hello world!\n");
    assert.equal(await text("/json"), "tea: 3\ncup: 4\n");
    const answer = await at().get("/headers");
    assert.deepEqual([await answer.text(), answer.headers.get("x-many")], ["POST world 1, 2\n", "1, 2"]);
    assert.equal(await text("/sync"), "the answer of /a\nthe answer of /b\n");
    assert.equal(await text("/kv"), "baz\n");
  });
});

example("fastapi", (at) => {
  it("keeps notes, checked by pydantic", async () => {
    const created = await at().get("/notes", json({ text: "buy milk", tags: ["home"] }));
    assert.equal(created.status, 201);
    assert.deepEqual(await created.json(), { id: 1, text: "buy milk", tags: ["home"] });
    assert.equal(((await (await at().get("/notes/1")).json()) as { text: string }).text, "buy milk");
    assert.equal((await at().get("/notes/2")).status, 404);
    const refused = await at().get("/notes", json({ text: "" }));
    assert.equal(refused.status, 422);
    assert.match(await refused.text(), /string_too_short/);
  });

  it("has the bindings, and its own description", async () => {
    assert.deepEqual(await (await at().get("/greeting")).json(), { greeting: "hello" });
    const { paths } = (await (await at().get("/openapi.json")).json()) as { paths: object };
    assert.deepEqual(Object.keys(paths), ["/notes", "/notes/{number}", "/greeting"]);
    assert.match(await (await at().get("/docs")).text(), /swagger-ui/);
  });
});

example("flask", (at) => {
  it("answers", async () => {
    assert.equal(await (await at().get("/hello/you?times=2")).text(), "hello, you\nhello, you");
    assert.equal((await at().get("/hello/you?times=99")).status, 400);
    assert.equal((await at().get("/missing")).status, 404);
  });

  it("reads and writes streams", async () => {
    const body = Buffer.alloc(3_000_000, "a");
    const { size } = (await (await at().get("/upload", { method: "POST", body })).json()) as { size: number };
    assert.equal(size, body.length);
    const reader = ((await at().get("/count/3")).body as ReadableStream<Uint8Array>).getReader();
    const pieces: string[] = [];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      pieces.push(Buffer.from(part.value).toString());
    }
    assert.deepEqual(pieces, ["1\n", "2\n", "3\n"]);
  });
});

example("django", (at) => {
  it("has models, templates and forms", async () => {
    assert.equal(await (await at().get("/")).text(), "0 visits\n");
    const visits = ["one", "<two>"].map((name) =>
      at().get("/visits", { method: "POST", body: new URLSearchParams({ name }) }),
    );
    for (const visit of await Promise.all(visits)) assert.equal(visit.status, 201);
    assert.match(await (await at().get("/")).text(), /^2 visits(, one|, &lt;two&gt;){2}\n$/);
  });
});

example("litestar", (at) => {
  it("takes a data class, and threads", async () => {
    const ordered = await at().get("/orders", json({ item: "tea", count: 2 }));
    assert.deepEqual(await ordered.json(), { ordered: "2 x tea" });
    assert.equal((await at().get("/orders", json({ count: "many" }))).status, 400);
    assert.deepEqual(await (await at().get("/orders/7")).json(), { number: 7 });
  });
});

example("quart", (at) => {
  it("answers, streams, and has WebSockets", async () => {
    assert.deepEqual(await (await at().get("/sum", json([1, 2, 3]))).json(), { total: 6 });
    assert.equal(await (await at().get("/count/3")).text(), "1\n2\n3\n");
    const socket = new WebSocket(`${at().url.replace("http", "ws")}/echo`);
    const [greeting] = await once(socket, "message");
    assert.equal(String(greeting), "hello");
    socket.send("again");
    const [said] = await once(socket, "message");
    assert.equal(String(said), "again");
    socket.close();
    await once(socket, "close");
  });
});

for (const [name, tokens] of [
  ["openai", 5],
  ["anthropic", 4],
] as const) {
  example(name, (at) => {
    it("asks a model, by the client that blocks and by the one that awaits", async () => {
      const whole = await at().get("/?ask=why+not");
      assert.deepEqual(await whole.json(), { answer: "You asked: why not", tokens });
      assert.equal(await (await at().get("/stream?ask=why+not")).text(), "You asked: why not");
    });

    it("tells what the model's server refuses", async () => {
      const refused = await at().get("/?ask=");
      assert.equal(refused.status, 502);
      assert.match(((await refused.json()) as { error: string }).error, /400.*nothing was asked/);
    });

    it("has several questions under way", async () => {
      const asked = Array.from({ length: 8 }, (_, index) => `number ${index}`);
      const answers = asked.map(async (each) => (await at().get(`/stream?ask=${encodeURIComponent(each)}`)).text());
      assert.deepEqual(
        await Promise.all(answers),
        asked.map((each) => `You asked: ${each}`),
      );
    });
  });
}

example("langchain", (at) => {
  it("runs a chain: once, in a batch, and as it comes", async () => {
    assert.equal(await (await at().get("/?profession=plumber")).text(), "I like what I do");
    const batch = await at().get("/batch?profession=plumber&profession=baker&profession=cook");
    assert.deepEqual(
      await batch.json(),
      Array.from({ length: 3 }, () => "I like what I do"),
    );
    assert.equal(await (await at().get("/stream")).text(), "I like what I do. Every day.");
  });
});

example("sse", (at) => {
  it("sends what is published to all who listen, and forgets who has gone", async () => {
    const decoder = new TextDecoder();
    const listen = async () => {
      const controller = new AbortController();
      const response = await at().get("/events", { signal: controller.signal });
      assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const next = async () => decoder.decode((await reader.read()).value);
      assert.equal(await next(), ": welcome\n\n");
      return { next, leave: () => controller.abort() };
    };
    const publish = async (body: string) =>
      ((await (await at().get("/publish", { method: "POST", body })).json()) as { listeners: number }).listeners;
    const [one, other] = [await listen(), await listen()];
    assert.equal(await publish("hello"), 2);
    for (const each of [one, other]) assert.equal(await each.next(), "data: hello\n\n");
    one.leave();
    while ((await publish("again")) !== 1);
    other.leave();
  });
});

example("chat", (at) => {
  it("has all in a room hear what one says", async () => {
    const join = (room: string, name: string) => {
      const socket = new WebSocket(`${at().url.replace("http", "ws")}/rooms/${room}?name=${name}`);
      const heard: unknown[] = [];
      const waiting: (() => void)[] = [];
      socket.on("message", (data: Buffer) => {
        heard.push(JSON.parse(data.toString()));
        for (const wake of waiting.splice(0)) wake();
      });
      const hears = async (...messages: unknown[]) => {
        while (heard.length < messages.length) await new Promise<void>((resolve) => waiting.push(resolve));
        assert.deepEqual(heard.splice(0, messages.length), messages);
      };
      return { socket, hears };
    };
    const one = join("a", "one");
    await one.hears({ joined: "one" });
    const two = join("a", "two");
    await Promise.all([one.hears({ joined: "two" }), two.hears({ joined: "two" })]);
    const elsewhere = join("b", "three");
    await elsewhere.hears({ joined: "three" });
    two.socket.send("hello");
    await Promise.all([one, two].map((each) => each.hears({ from: "two", text: "hello" })));
    two.socket.close();
    await one.hears({ left: "two" });
    for (const { socket } of [one, elsewhere]) socket.terminate();
  });

  it("refuses who has no name", async () => {
    const socket = new WebSocket(`${at().url.replace("http", "ws")}/rooms/a`);
    const [, response] = await once(socket, "unexpected-response");
    assert.equal(response.statusCode, 403);
  });
});
