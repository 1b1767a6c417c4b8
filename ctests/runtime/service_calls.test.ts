// Which Worker may call which, whatever a realm asks for.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceBindings } from "../../runtime/config/service_bindings.ts";
import type { GuestEvent } from "../../runtime/pool/guest_events.ts";
import { serviceCalls } from "../../runtime/pool/service_calls.ts";

describe("calls between Workers", () => {
  const got: string[] = [];
  const workers = new Map(
    ["one", "two", "three"].map((name) => [
      name,
      {
        send: async ({ event, json }: GuestEvent): Promise<Uint8Array> => {
          got.push(`${name} ${event} ${json}`);
          return new Uint8Array(0);
        },
      },
    ]),
  );
  const callsOf = (caller: string, bindings: ServiceBindings) => {
    const call = serviceCalls(
      bindings,
      caller,
      (name) => workers.get(name),
      () => {},
    );
    return (binding: string, method: string) => call({ binding, method, bytes: new Uint8Array(0), depth: 0 });
  };
  const one = callsOf("one", { TWO: { service: "two", entrypoint: undefined, props: {}, place: "wrangler.toml:1" } });
  const two = callsOf("two", {});
  const three = callsOf("three", {});

  it("are of functions where the other has called, or is bound", async () => {
    const refused = /^Error: the Worker one has passed no function$/;
    await assert.rejects(two("\0one", "\0token"), refused);
    await one("TWO", "method");
    await two("\0one", "\0token");
    await assert.rejects(three("\0one", "\0token"), refused);
    await one("\0two", "\0token");
    await assert.rejects(one("\0three", "\0token"), /the Worker three has passed no function/);
    await assert.rejects(two("\0nobody", "\0token"), /there is no Worker behind/);
    assert.deepEqual(got, [
      'two call {"entrypoint":"","method":"method","props":{},"caller":"one"}',
      'one function {"token":"token","caller":"two"}',
      'two function {"token":"token","caller":"one"}',
    ]);
  });
});
