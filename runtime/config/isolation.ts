// isolation, ready_instances, max_instances and reset_instances of [blockon]: what is a Worker's for its life, and what a request's alone.
import type { Reader } from "./reader.ts";

export interface InstanceCounts {
  /** ready_instances: interpreters that wait for what they are to do. */
  readonly ready: number;
  /** max_instances: interpreters at the same time, those that wait included. */
  readonly most: number;
}

const defaults: InstanceCounts = { ready: 2, most: 16 };
/** Each has a thread. */
const mostInstances = 1000;

export interface RequestIsolation extends InstanceCounts {
  /** reset_instances: they are put back after each, and not ended. */
  readonly resets: boolean;
}

export function readCounts(reader: Reader, { ready, most }: InstanceCounts): InstanceCounts {
  const mostThere = reader.integer("max_instances", most, 1, mostInstances);
  const readyThere = reader.integer("ready_instances", Math.min(ready, mostThere), 1, mostInstances);
  if (readyThere > mostThere) {
    reader.fail("ready_instances", readyThere, `no more than max_instances, which is ${mostThere}`);
  }
  return { ready: readyThere, most: mostThere };
}

/** Each request has an interpreter of its own, in which the Worker's module was loaded before. Undefined for
 * one that answers them all. */
export function readIsolation(reader: Reader): RequestIsolation | undefined {
  const { isolation } = reader.table;
  if (isolation !== undefined && isolation !== "worker" && isolation !== "request") {
    reader.fail("isolation", isolation, '"worker" or "request"');
  }
  if (isolation !== "request") {
    for (const key of ["ready_instances", "max_instances", "reset_instances"]) {
      const value = reader.table[key];
      if (value !== undefined) reader.fail(key, value, 'isolation = "request" beside it, or no such key');
    }
    return undefined;
  }
  return { ...readCounts(reader, defaults), resets: reader.boolean("reset_instances", false) };
}
