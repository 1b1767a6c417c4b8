// What a Worker may use: [limits], which is Cloudflare's, and [blockon.limits].
import type { Reader } from "./reader.ts";

export interface WorkerLimits {
  /** Milliseconds of processor time for a request; 0 for any. */
  readonly cpuMs: number;
  /** MiB of Python's memory, without the stacks of fibers; 0 for all that there can be. */
  readonly memoryMb: number;
  /** MiB of JavaScript's heap. */
  readonly heapMb: number;
}

/** docs/limits.md says why. */
export const defaultWorkerLimits: WorkerLimits = { cpuMs: 30_000, memoryMb: 512, heapMb: 512 };

/** Python alone has most of it when it starts. */
const leastMemoryMb = 64;
const leastHeapMb = 32;
const mostMb = 4096;
/** Cloudflare's. */
const mostCpuMs = 300_000;

function number(
  reader: Reader,
  key: string,
  otherwise: number,
  { least, most }: { least: number; most: number },
): number {
  const value = reader.table[key];
  if (value === undefined) return otherwise;
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  return reader.fail(key, value, `an integer from ${least} to ${most}, as in ${key} = ${otherwise}`);
}

/** @returns The limits, and a line for each unknown key. */
export function readLimits(top: Reader, blockon: Reader): { limits: WorkerLimits; warnings: string[] } {
  const cloudflare = top.subtable("limits", "a table with cpu_ms");
  const own = blockon.subtable("limits", "a table with memory_mb and heap_mb");
  const limits = {
    cpuMs: number(cloudflare, "cpu_ms", defaultWorkerLimits.cpuMs, { least: 1, most: mostCpuMs }),
    memoryMb: number(own, "memory_mb", defaultWorkerLimits.memoryMb, { least: leastMemoryMb, most: mostMb }),
    heapMb: number(own, "heap_mb", defaultWorkerLimits.heapMb, { least: leastHeapMb, most: mostMb }),
  };
  // Of Cloudflare's, `subrequests` is known and has no meaning here.
  const warnings = [
    ...cloudflare.unknownKeys(new Set(["cpu_ms", "subrequests"])),
    ...own.unknownKeys(new Set(["memory_mb", "heap_mb"])),
  ];
  return { limits, warnings };
}
