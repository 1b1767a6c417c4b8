// Resets that take too long are told of, each by itself, and one timer serves them all.
import assert from "node:assert/strict";
import { it, mock } from "node:test";
import { LateReset, type Reset } from "../../runtime/pool/late_reset.ts";

const mostMs = 5000;
const newReset = (): Reset => Promise.withResolvers();

it("a reset that is late is told of, however many were in time before", async () => {
  let now = 0;
  mock.timers.enable({ apis: ["setTimeout"] });
  const clock = mock.method(performance, "now", () => now);
  const begun = mock.method(globalThis, "setTimeout");
  const pass = (ms: number): void => {
    now += ms;
    mock.timers.tick(ms);
  };
  try {
    const late = new LateReset(mostMs);
    for (let i = 0; i < 100; i++) {
      const reset = newReset();
      const waited = late.wait(reset);
      reset.resolve(i % 2 === 0 ? null : "why");
      assert.equal(await waited, i % 2 === 0 ? null : "why");
    }
    assert.equal(begun.mock.callCount(), 1);
    pass(mostMs - 1);
    let told: string | null | undefined;
    const waited = late.wait(newReset()).then((why) => {
      told = why;
    });
    pass(mostMs - 1);
    await Promise.resolve();
    assert.equal(told, undefined);
    pass(1);
    await waited;
    assert.equal(told, "it was not reset within 5 s");
    assert.equal(begun.mock.callCount(), 2);
  } finally {
    begun.mock.restore();
    clock.mock.restore();
    mock.timers.reset();
  }
});
