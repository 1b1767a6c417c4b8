// What a Worker's top level asks of the host while a snapshot of it is made: nothing that would go on there, or come out otherwise
// the next time. Such a call fails, and is remembered, since the Worker may go on without what it asked for.

/** Of the realm itself: texts, files by their names, clocks and timers, and what is computed. */
const harmless =
  /^(asset|snapshot|file|timer|url)\.|^(asset|log|write|prepared|ready|failed|fatal|now|immediate|random|report|fibers)$|\.(drop|error)$/;

export class SnapshotGuard {
  readonly #asked = new Set<string>();

  /** The names of the operations that were asked for in vain. */
  get asked(): readonly string[] {
    return [...this.#asked];
  }

  check(operation: string): void {
    if (harmless.test(operation)) return;
    this.#asked.add(operation);
    throw new Error(`a snapshot is made of this Worker: its top level cannot ask the host for ${operation}`);
  }
}
