// Clocks and timers of a realm.
import { type LaterOperations, needNumber, type Operations, type SendToRealm } from "./operations.ts";

export function timerOperations(send: SendToRealm): LaterOperations {
  const timers = new Map<number, NodeJS.Timeout>();
  const operations: Operations = {
    now: () => performance.now(),
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
  return { operations, underWay: () => timers.size };
}
