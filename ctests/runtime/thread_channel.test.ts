// The way between the pool and a Worker's thread: what is sent arrives, whole and in order, or is refused.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { loadAddon } from "../../runtime/addon.ts";
import { decode, encode } from "../../runtime/worker/message_text.ts";
import type { FromWorker, ToWorker } from "../../runtime/worker/protocol.ts";

const file = new URL("lib/channel_thread.ts", import.meta.url);

type Received = [text: string, bytes: Uint8Array | null];

/** A channel to a thread that answers as lib/channel_thread.ts says. */
function start() {
  const received: Received[] = [];
  let wake = (): void => {};
  const end = loadAddon().openChannel((text, bytes) => {
    received.push([text, bytes]);
    wake();
  });
  const thread = new Worker(file, { workerData: end.number });
  const until = async (count: number): Promise<Received[]> => {
    while (received.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return received;
  };
  return { end, thread, received, until };
}

describe("a channel of two threads", () => {
  it("carries texts and bytes of all kinds in order, those from before the other has joined, too", async () => {
    const { end, thread, until } = start();
    const sent: Received[] = [
      ["", null],
      ["plain", new Uint8Array(0)],
      ["\xe9\n\0", Uint8Array.of(0, 1, 255)],
      ["\u{1f600} \ud800", new Uint8Array(4096).fill(1)],
      ["large", new Uint8Array(1_000_000).fill(2)],
      ["a part", new Uint8Array(20_000).fill(3).subarray(100, 10_100)],
    ];
    const copies = sent.map(([text, bytes]): Received => [text, bytes?.slice() ?? null]);
    for (const [text, bytes] of sent) end.post(text, bytes);
    for (let i = 0; i < 1000; i++) end.post(`${i}`, null);
    const back = await until(copies.length + 1000);
    assert.deepEqual(back.slice(0, copies.length), copies);
    assert.deepEqual(
      back.slice(copies.length).map(([text]) => text),
      Array.from({ length: 1000 }, (_, i) => `${i}`),
    );
    const exited = once(thread, "exit");
    end.post("end", null);
    assert.deepEqual(await exited, [0]);
  });

  it("carries a string as its bytes in UTF-8", async () => {
    const { end, thread, until } = start();
    for (const text of ["", "plain", "\xe9 \u{1f600} \ud800"]) end.post("", text);
    const expected = ["", "plain", "\xe9 \u{1f600} \ufffd"].map(
      (text): Received => ["", new TextEncoder().encode(text)],
    );
    assert.deepEqual(await until(3), expected);
    end.post("exit", null);
    await once(thread, "exit");
    end.close();
  });

  it("keeps what was sent last before a thread's end, for drain()", async () => {
    const { end, thread, received, until } = start();
    end.post("up", null);
    await until(1);
    end.post("exit", null);
    await once(thread, "exit");
    end.drain();
    assert.deepEqual(
      received.map(([text]) => text),
      ["up", "exit"],
    );
    // Nobody is there.
    end.post("late", null);
    end.close();
    end.close();
    end.drain();
  });

  it("tells nobody anything when it is closed, in the midst of messages, too", async () => {
    const texts: string[] = [];
    const end = loadAddon().openChannel((text) => {
      texts.push(text);
      end.close();
    });
    const thread = new Worker(file, { workerData: end.number });
    for (const text of ["one", "two", "exit"]) end.post(text, null);
    await once(thread, "exit");
    end.drain();
    assert.ok(texts.length <= 1, String(texts));
  });

  it("is joined once, by who has its number", () => {
    const addon = loadAddon();
    const end = addon.openChannel(() => {});
    const other = addon.joinChannel(end.number, () => {});
    assert.throws(() => addon.joinChannel(end.number, () => {}), /nobody has opened this channel, or it was joined/);
    other.close();
    end.close();
    const closed = addon.openChannel(() => {});
    closed.close();
    assert.throws(() => addon.joinChannel(closed.number, () => {}), /nobody has opened this channel/);
  });

  it("refuses what it does not carry", () => {
    const addon = loadAddon();
    const end = addon.openChannel(() => {});
    assert.throws(() => end.post(1 as never, null), /a text, and bytes, a string/);
    assert.throws(() => end.post("", {} as never), /a text, and bytes, a string/);
    assert.throws(() => addon.openChannel(undefined as never), /needs a function/);
    assert.throws(() => addon.joinChannel(-1, () => {}), /a channel's number/);
    end.close();
  });
});

describe("a message as a text and bytes", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const request = {
    type: "request",
    id: 7,
    method: "POST",
    url: "http://h:1/a?b=c%20d",
    headers: "a\nb\nc\n",
    body: null,
    held: false,
    client: "::1\n80",
  } as const;
  const response = { type: "response", id: 7, status: 200, statusText: "All is well", headers: "a\nb: c" } as const;
  const messages: (ToWorker | FromWorker)[] = [
    request,
    { ...request, client: "", headers: "" },
    { ...request, body: bytes },
    { ...request, body: true },
    { ...request, body: true, held: true },
    { ...response, body: bytes, webSocket: false },
    { ...response, statusText: "", headers: "", body: new Uint8Array(0), webSocket: false },
    { ...response, body: null, webSocket: false },
    { ...response, status: 101, body: null, webSocket: true },
    { type: "request.chunk", id: 1, bytes },
    { type: "served.message", id: 1, data: "text" },
    { type: "served.message", id: 1, data: bytes },
    { type: "event", id: 1, event: "call", json: "{}", bytes: null },
    { type: "event", id: 1, event: "call", json: "{}", bytes },
    { type: "answer", id: 1, bytes: null, owner: "", name: "Error", message: "\ud800" },
    { type: "line", text: null },
    { type: "log", level: "info", text: "?!{" },
  ];
  for (const message of messages) {
    it(`is the same afterwards: ${JSON.stringify(message).slice(0, 80)}`, () => {
      const [text, given] = encode(message);
      assert.deepEqual(decode(text, given as Uint8Array<ArrayBuffer> | null), message);
    });
  }
});
