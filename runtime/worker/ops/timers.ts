// Clocks and timers of a realm.
import { type LaterOperations, needNumber, type Operations, type SendToRealm } from "./operations.ts";

/** Milliseconds from a time on that process.hrtime() gave. Not of Node's `performance`, which takes longer to load than a realm's clocks to set. */
export function millisecondsSince(begin: [number, number]): number {
  const [seconds, nanoseconds] = process.hrtime(begin);
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** @param begin When the realm's clock began, as process.hrtime() has it; now if not given. */
export function timerOperations(send: SendToRealm, begin: [number, number] = process.hrtime()): LaterOperations {
  const timers = new Map<number, NodeJS.Timeout>();
  const operations: Operations = {
    now: () => millisecondsSince(begin),
    "timer.start": (idValue, msValue) => {
      const id = needNumber(idValue);
      const fire = () => {
        timers.delete(id);
        send("timer", id);
      };
      timers.set(id, setTimeout(fire, needNumber(msValue)));
    },
    "timer.stop": (idValue) => {
      const id = needNumber(idValue);
      clearTimeout(timers.get(id));
      timers.delete(id);
    },
    immediate: (idValue) => {
      setImmediate(send, "immediate", needNumber(idValue));
    },
  };
  const end = (): void => {
    for (const timer of timers.values()) clearTimeout(timer);
    timers.clear();
  };
  return { operations, underWay: () => timers.size, end };
}
