// Watches a Worker for a standstill: all of its fibers wait, and neither a timer nor an operation of the host is under way that
// could wake one. It is told of in the log, once for each fiber: a later request may still go on with it, so it is no error.
//
// The realm says whether its fibers stand still, by a number that changes when one goes on (jspi/guest/standstill.h). It is asked
// while fibers are alive, a few times in the time that it takes to be told of.

/** What the watch needs to know. */
export interface Watched {
  /** Fibers that are alive. */
  fibers(): number;
  /** Timers and operations of the host that will call the realm. */
  underWay(): number;
  /** -1 unless all fibers wait, else a number for this standstill. */
  standstill(): number;
  /** It has lasted for as long as was to be waited. */
  tell(): void;
}

const looksPerStandstill = 4;

/** Watches until what it returns is called. `seconds`: how long a standstill lasts before it is told of. It keeps no thread alive. */
export function watchStandstill(watched: Watched, seconds: number): () => void {
  let last = -1;
  let looks = 0;
  const look = () => {
    const now = watched.fibers() > 0 && watched.underWay() === 0 ? watched.standstill() : -1;
    looks = now >= 0 && now === last ? looks + 1 : 0;
    last = now;
    if (looks === looksPerStandstill) watched.tell();
  };
  const timer = setInterval(look, (seconds * 1000) / looksPerStandstill).unref();
  return () => clearInterval(timer);
}
