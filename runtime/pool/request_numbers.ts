// The numbers by which a Worker's watchdog and its Python know what the Worker was given: requests and events have ids of their own each.
// 32 bits, in the guest's memory; 0 is none. The realm makes the same (runtime/realm/86-exchanges.js, 87-services.js).

export function numberOfExchange(id: number): number {
  return (id * 2) >>> 0;
}

export function numberOfEvent(id: number): number {
  return (id * 2 + 1) >>> 0;
}
