// Which Workers give their isolates up, and when.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { privateMb, type Resident, type ResidentLimits, ResidentWorkers } from "../../runtime/pool/resident_workers.ts";

class Fake implements Resident {
  isRunning = false;
  isStarting = false;
  isOccupied = false;
  lastUsed = 0;
  why: string | undefined;

  evict(why: string): boolean {
    if (!this.isRunning || this.isOccupied) return false;
    this.isRunning = false;
    this.why = why;
    return true;
  }
}

function setUp(limits: ResidentLimits, count: number, measure?: () => number) {
  const log: string[] = [];
  const residents = new ResidentWorkers(limits, { info: (line: string) => log.push(line) } as never, measure);
  const workers = Array.from({ length: count }, () => new Fake());
  for (const [index, worker] of workers.entries()) residents.add(`w${index}`, worker);
  /** As a WorkerHost does. */
  const use = (index: number, at: number): void => {
    const worker = workers[index] as Fake;
    worker.lastUsed = at;
    if (worker.isRunning) return;
    worker.isStarting = true;
    residents.starting();
    worker.isStarting = false;
    worker.isRunning = true;
  };
  const running = (): number[] => workers.flatMap(({ isRunning }, index) => (isRunning ? [index] : []));
  return { residents, workers, log, use, running };
}

describe("Workers that have an isolate", () => {
  it("are no more than there may be: the least recently used makes room", () => {
    const { residents, use, running, log } = setUp({ most: 2 }, 4);
    use(0, 1);
    use(1, 2);
    use(0, 3);
    use(2, 4);
    assert.deepEqual(running(), [0, 2]);
    use(3, 5);
    assert.deepEqual(running(), [2, 3]);
    assert.deepEqual(residents.counts, { resident: 2, evictions: 2 });
    assert.deepEqual(log[0], "the Worker w1 is evicted: there may be 2 isolates");
  });

  it("stay while they have something to do, and go when they have not", () => {
    const { residents, workers, use, running } = setUp({ most: 1 }, 3);
    use(0, 1);
    (workers[0] as Fake).isOccupied = true;
    use(1, 2);
    assert.deepEqual(running(), [0, 1]);
    residents.look();
    assert.deepEqual(running(), [0]);
    use(2, 3);
    (workers[0] as Fake).isOccupied = false;
    residents.look();
    assert.deepEqual(running(), [2]);
  });

  it("take no more memory than there may be, one after the other", () => {
    let held = 100;
    const { residents, use, running, log } = setUp({ memoryMb: 200 }, 4, () => held);
    for (const index of [0, 1, 2]) use(index, index);
    assert.deepEqual(running(), [0, 1, 2]);
    held = 250;
    residents.look();
    assert.deepEqual(running(), [1, 2]);
    residents.look();
    assert.deepEqual(running(), [2]);
    assert.match(log[0] ?? "", /^the Worker w0 is evicted: there may be 200 MiB, and 250 are held$/);
    held = 180;
    // There is no room for what it will take.
    use(3, 9);
    assert.deepEqual(running(), [3]);
  });

  it("go when they were asked nothing for the idle time", () => {
    const { residents, use, running } = setUp({ idleSeconds: 5 }, 3);
    const now = performance.now();
    use(0, now - 6000);
    use(1, now - 4000);
    use(2, now);
    residents.look();
    assert.deepEqual(running(), [1, 2]);
  });
});

it("memory that is a process's alone is measured", () => {
  const before = privateMb();
  const bytes = Buffer.alloc(64 * 1024 * 1024, 1);
  const grown = privateMb() - before;
  assert.ok(before > 5 && grown > 50 && grown < 80, `${before} MiB, and ${grown} more`);
  assert.equal(bytes[0], 1);
});
