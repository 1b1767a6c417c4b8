// [blockon.sandbox]: code that the Worker has run for somebody, each run in an interpreter of its own.
import { type InstanceCounts, readCounts } from "./isolation.ts";
import type { Reader } from "./reader.ts";

export const sandboxIsolations = ["thread", "process"] as const;

/** What each run has for itself: a thread of the server's process, or a process. */
export type SandboxIsolation = (typeof sandboxIsolations)[number];

export interface SandboxSettings extends InstanceCounts {
  /** max_seconds: how long a run may take, whatever it asks for. */
  readonly mostSeconds: number;
  /** max_memory: MiB of Python's memory. */
  readonly mostMemory: number;
  /** Of runs that do not say otherwise. */
  readonly isolation: SandboxIsolation;
}

const defaults: InstanceCounts = { ready: 1, most: 4 };
const defaultSeconds = 30;
const defaultMemory = 256;
/** What a snapshot's memory takes, and a little more; and what wasm can address. */
const leastMemory = 64;
const mostMemory = 4095;
const knownKeys = new Set(["isolation", "max_instances", "max_memory", "max_seconds", "ready_instances"]);

/** @param blockon The table [blockon]. */
export function readSandbox(blockon: Reader): { sandbox: SandboxSettings | undefined; warnings: string[] } {
  if (blockon.table.sandbox === undefined) return { sandbox: undefined, warnings: [] };
  const reader = blockon.subtable("sandbox", "a table, which may be empty: [blockon.sandbox]");
  const memory = reader.table.max_memory ?? defaultMemory;
  if (!Number.isInteger(memory) || (memory as number) < leastMemory || (memory as number) > mostMemory) {
    reader.fail("max_memory", memory, `MiB, an integer from ${leastMemory} to ${mostMemory}`);
  }
  const seconds = reader.seconds("max_seconds", defaultSeconds);
  if (seconds === 0) reader.fail("max_seconds", seconds, "more than 0 seconds");
  const isolation = sandboxIsolations.find((each) => each === (reader.table.isolation ?? "thread"));
  if (isolation === undefined) return reader.fail("isolation", reader.table.isolation, '"thread" or "process"');
  const sandbox = { ...readCounts(reader, defaults), mostSeconds: seconds, mostMemory: memory as number, isolation };
  return { sandbox, warnings: reader.unknownKeys(knownKeys) };
}
