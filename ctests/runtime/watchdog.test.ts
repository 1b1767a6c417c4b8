// The watchdog's rules, with a clock and answers of the test's own.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MeterReading } from "../../runtime/addon.ts";
import { Watchdog, type WatchdogLimits } from "../../runtime/pool/watchdog.ts";

const mib = 1024 * 1024;

class Thread {
  now: MeterReading = { cpu: 1, turns: 1, asked: 0, answered: 0, request: 0 };
  resident = 50 * mib;
  gone = new Set<number>([0]);
  idle = false;
  messages = 0;
  /** What Python was asked to end, at each question. */
  readonly told: number[] = [];
  readonly ends: string[] = [];
  /** At what its ArrayBuffers hold. */
  readonly looks: string[] = [];
  readonly watchdog: Watchdog;

  constructor(limits: Partial<WatchdogLimits> = {}) {
    const addon = {
      readMeter: () => this.now,
      measureMeter: () => ({ size: 512 * mib, resident: this.resident }),
      lookAtBuffers: (id: number, heapMb: number, tmpMb: number) => {
        this.looks.push(`${id}: ${heapMb} + ${tmpMb}`);
        return true;
      },
      askMeter: (_id: number, over: number) => {
        this.told.push(over);
        this.now = { ...this.now, asked: this.now.asked + 1 };
        return true;
      },
    };
    const watched = {
      underWay: (number: number) => !this.gone.has(number),
      messages: () => this.messages,
      isIdle: () => this.idle,
      describe: (number: number | undefined) => `request ${number}`,
      over: (number: number, text: string) => this.ends.push(`over ${number}: ${text}`),
      end: (why: string, _limit: string, number: number | undefined) => this.ends.push(`end ${number}: ${why}`),
    };
    this.watchdog = new Watchdog(7, { cpuMs: 1000, memoryMb: 0, heapMb: 64, tmpMb: 8, ...limits }, watched, addon);
    this.watchdog.start();
  }

  /** A tick in which the thread spent so many seconds, on a request that answered, with turns of its loop or none. */
  tick(seconds: number, request: number | undefined, turns = 1): void {
    const { cpu, turns: before, asked } = this.now;
    this.now = { ...this.now, cpu: cpu + seconds, turns: before + turns };
    if (request !== undefined) this.now = { ...this.now, answered: asked, request };
    this.watchdog.look();
  }

  [Symbol.dispose](): void {
    this.watchdog.stop();
  }
}

const overText = "the limit of 1000 ms of processor time (cpu_ms)";

describe("the watchdog", () => {
  it("ends a request whose code has spent more than its limit, and tells Python which", () => {
    using thread = new Thread();
    thread.tick(0.1, undefined);
    for (let i = 0; i < 4; i++) thread.tick(0.3, 4);
    assert.deepEqual(thread.ends, [`over 4: ${overText}`]);
    assert.equal(thread.told.at(-1), 4);
    thread.gone.add(4);
    thread.tick(0.3, 6);
    assert.equal(thread.told.at(-1), 0);
    assert.equal(thread.ends.length, 1);
  });

  it("charges each request with its own", () => {
    using thread = new Thread();
    for (let i = 0; i < 12; i++) thread.tick(0.3, 2 * i + 2);
    assert.deepEqual(thread.ends, []);
  });

  it("does not judge by one sample", () => {
    using thread = new Thread();
    thread.tick(0.1, 8);
    thread.tick(2, 2);
    assert.deepEqual(thread.ends, []);
  });

  it("charges no request while there is no answer, and the loop turns", () => {
    using thread = new Thread();
    for (let i = 0; i < 20; i++) {
      thread.tick(0.3, undefined);
      thread.watchdog.start();
    }
    assert.deepEqual(thread.ends, []);
  });

  for (const [what, request] of [
    ["is for no request", 0],
    ["is for one that has ended", 6],
    ["does not tell", undefined],
  ] as const) {
    it(`ends the thread where code that ${what} computes on, with a request or without`, () => {
      for (const idle of [false, true]) {
        using thread = new Thread();
        thread.idle = idle;
        thread.gone.add(6);
        for (let i = 0; i < 5; i++) thread.tick(0.3, request);
        assert.deepEqual(thread.ends, []);
        thread.tick(0.3, request);
        assert.deepEqual(thread.ends, [`end undefined: code that no request is known for is over ${overText}`]);
        thread.tick(0.3, request);
        assert.equal(thread.ends.length, 1);
      }
    });
  }

  it("ends the thread where a request computes on that was told to end", () => {
    using thread = new Thread();
    for (let i = 0; i < 6; i++) thread.tick(0.3, 4);
    assert.deepEqual(thread.ends, [
      `over 4: ${overText}`,
      "end 4: request 4 is over its limit, was told to end and computes on",
    ]);
  });

  it("ends the thread where one piece of code runs on without an answer", () => {
    using thread = new Thread();
    for (let i = 0; i < 5; i++) thread.tick(0.3, undefined, 0);
    assert.deepEqual(thread.ends, []);
    thread.tick(0.3, undefined, 0);
    assert.deepEqual(thread.ends, [
      `end undefined: request undefined is over ${overText}, in code that cannot be interrupted`,
    ]);
  });

  it("begins anew with each message of a WebSocket", () => {
    using thread = new Thread();
    for (let i = 0; i < 12; i++) {
      thread.tick(0.3, 4);
      if (i % 3 === 2) thread.messages++;
    }
    assert.deepEqual(thread.ends, []);
  });

  it("counts no processor time without a limit, but for a request whose time is up", () => {
    using thread = new Thread({ cpuMs: 0 });
    for (let i = 0; i < 20; i++) thread.tick(0.3, 4, 0);
    assert.deepEqual(thread.ends, []);
    thread.watchdog.expire(4);
    assert.equal(thread.told.at(-1), 4);
    for (let i = 0; i < 2; i++) thread.tick(0.3, 4);
    assert.deepEqual(thread.ends, ["end 4: request 4 is over its limit, was told to end and computes on"]);
  });

  it("has a thread that has computed look at its ArrayBuffers, and not each time", () => {
    using thread = new Thread();
    thread.tick(0, undefined);
    assert.deepEqual(thread.looks, []);
    for (let i = 0; i < 3; i++) thread.tick(0.1, 4);
    assert.deepEqual(thread.looks, ["7: 64 + 8"]);
  });

  it("ends a thread whose memory is beyond its limit by a quarter", () => {
    using thread = new Thread({ memoryMb: 100 });
    thread.resident = 124 * mib;
    thread.tick(0.1, 4);
    assert.deepEqual(thread.ends, []);
    using other = new Thread({ memoryMb: 100 });
    other.resident = 126 * mib;
    other.tick(0.1, 4);
    assert.deepEqual(other.ends, [
      "end undefined: it is over the limit of 100 MiB of memory (memory_mb): 126 MiB are held",
    ]);
  });
});
