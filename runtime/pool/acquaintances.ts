// Which Workers have had to do with one another, and so may have passed functions: each has an address, by which those call it.
//
// An address is of a Worker as it was set up once. One that is replaced keeps its own, so that a function of it is called where it is, and
// not in the Worker that has taken its place.
import type { ServedHost } from "./served_host.ts";

export type Peer = Pick<ServedHost, "send" | "isOccupied">;

/** By address; each may be gone when it is replaced. */
type Known = Map<string, WeakRef<Peer>>;

const addresses = new WeakMap<Peer, string>();
let lastNumber = 0;
const acquaintances = new WeakMap<Peer, Known>();

function note(worker: Peer, other: Peer, address: string): void {
  const known = acquaintances.get(worker) ?? new Map<string, WeakRef<Peer>>();
  acquaintances.set(worker, known);
  if (known.has(address)) return;
  for (const [each, reference] of known) if (reference.deref() === undefined) known.delete(each);
  known.set(address, new WeakRef(other));
}

/** @param name The Worker's, which is not its own alone. */
export function addressOf(worker: Peer, name: string): string {
  const address = addresses.get(worker) ?? `${name}#${++lastNumber}`;
  addresses.set(worker, address);
  return address;
}

/** Both have an address. */
export function acquaint(one: Peer, other: Peer): void {
  note(one, other, addresses.get(other) as string);
  note(other, one, addresses.get(one) as string);
}

/** Undefined for one that it has had nothing to do with, or that is gone. */
export function acquaintanceOf(worker: Peer, address: string): Peer | undefined {
  return acquaintances.get(worker)?.get(address)?.deref();
}

/** Whether one that may have functions of this Worker's does something, and may call them. */
export function mayBeCalledBack(worker: Peer): boolean {
  return [...(acquaintances.get(worker)?.values() ?? [])].some((reference) => {
    const other = reference.deref();
    return other !== worker && other?.isOccupied === true;
  });
}
