// Which Worker may call which, whatever a realm asks for.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceBindings } from "../../runtime/config/service_bindings.ts";
import { mayBeCalledBack, type Peer } from "../../runtime/pool/acquaintances.ts";
import type { GuestEvent } from "../../runtime/pool/guest_events.ts";
import { serviceCalls } from "../../runtime/pool/service_calls.ts";

describe("calls between Workers", () => {
  const got: { name: string; event: string; interpreter: string | undefined; json: { [key: string]: unknown } }[] = [];
  const newWorker = (name: string): Peer & { isOccupied: boolean } => ({
    isOccupied: false,
    send: async ({ event, json, interpreter }: GuestEvent): Promise<Uint8Array> => {
      got.push({ name, event, interpreter, json: JSON.parse(json) });
      return new Uint8Array(0);
    },
  });
  const workers = new Map(["one", "two", "three"].map((name) => [name, newWorker(name)]));
  const callsOf = (caller: string, bindings: ServiceBindings) => {
    const call = serviceCalls(
      bindings,
      caller,
      (name) => workers.get(name),
      () => {},
    );
    return (binding: string, method: string, interpreter?: string) =>
      call({ binding, method, bytes: new Uint8Array(0), depth: 0, ...(interpreter !== undefined && { interpreter }) });
  };
  const bound = { TWO: { service: "two", entrypoint: undefined, props: {}, place: "wrangler.toml:1" } };
  const one = callsOf("one", bound);
  const two = callsOf("two", {});
  const three = callsOf("three", {});

  it("are of functions where one has called the other", async () => {
    await assert.rejects(two("\0one#1", "\0token"), /^Error: the Worker one has passed no function, or is gone$/);
    const { owner } = await one("TWO", "method");
    const caller = String(got[0]?.json.caller);
    assert.match(`${caller} ${owner}`, /^one#\d+ two#\d+$/);
    assert.equal((await two(`\0${caller}`, "\0token")).owner, caller);
    await one(`\0${owner}`, "\0token\0.method");
    for (const address of [caller, owner]) {
      await assert.rejects(three(`\0${address}`, "\0token"), /has passed no function/);
    }
    await assert.rejects(one("\0three#1", "\0token"), /the Worker three has passed no function/);
    await assert.rejects(one("TWO\0", "method"), /there is no Worker behind TWO/);
    const common = { interpreter: undefined };
    assert.deepEqual(got, [
      { ...common, name: "two", event: "call", json: { entrypoint: "", method: "method", props: {}, caller } },
      { ...common, name: "one", event: "function", json: { token: "token", asked: "", caller: owner } },
      { ...common, name: "two", event: "function", json: { token: "token", asked: ".method", caller } },
    ]);
  });

  it("are of the interpreter that has the function", async () => {
    got.length = 0;
    await one("TWO", "method", "7.2");
    const caller = String(got[0]?.json.caller);
    await two(`\0${caller}`, "\0token");
    assert.deepEqual([got[1]?.name, got[1]?.interpreter], ["one", "7.2"]);
  });

  it("are of the Worker that has the function when another has taken its place, as long as one may call it", async () => {
    const before = workers.get("two") as Peer;
    const { owner } = await one("TWO", "method");
    workers.set("two", newWorker("the next two"));
    got.length = 0;
    await one(`\0${owner}`, "\0token");
    const { owner: next } = await one("TWO", "method");
    await one(`\0${next}`, "\0token");
    assert.deepEqual(
      got.map(({ name, event }) => `${name} ${event}`),
      ["two function", "the next two call", "the next two function"],
    );
    assert.equal(mayBeCalledBack(before), false);
    const first = workers.get("one") as { isOccupied: boolean };
    first.isOccupied = true;
    assert.equal(mayBeCalledBack(before), true);
    assert.equal(mayBeCalledBack(workers.get("three") as Peer), false);
    first.isOccupied = false;
  });
});
