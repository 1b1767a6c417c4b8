// What a Worker may use: [limits], which is Cloudflare's, and [blockon.limits].
import type { Reader } from "./reader.ts";

export interface WorkerLimits {
  /** Milliseconds of processor time for a request; 0 for any. */
  readonly cpuMs: number;
  /** MiB of Python's memory, without the stacks of fibers; 0 for all that there can be. */
  readonly memoryMb: number;
  /** MiB of JavaScript's heap. */
  readonly heapMb: number;
  /** MiB of what it writes to its files. */
  readonly tmpMb: number;
  /** Milliseconds until a response has begun, or a call, a trigger or a batch has ended; 0 for any. */
  readonly wallMs: number;
  /** Requests and WebSockets at the same time; 0 for any. */
  readonly maxRequests: number;
}

/** docs/limits.md says why. */
export const defaultWorkerLimits: WorkerLimits = {
  cpuMs: 30_000,
  memoryMb: 512,
  heapMb: 512,
  tmpMb: 256,
  wallMs: 0,
  maxRequests: 0,
};

/** Python alone has most of it when it starts. */
const leastMemoryMb = 64;
const leastHeapMb = 32;
const leastTmpMb = 1;
const mostMb = 4096;
/** Cloudflare's. */
const mostCpuMs = 300_000;
const dayMs = 86_400_000;
const mostRequests = 1_000_000;

/** @returns The limits, and a line for each unknown key. */
export function readLimits(top: Reader, blockon: Reader): { limits: WorkerLimits; warnings: string[] } {
  const cloudflare = top.subtable("limits", "a table with cpu_ms");
  const own = blockon.subtable("limits", "a table with memory_mb, heap_mb, tmp_mb, wall_ms and max_requests");
  const limits = {
    cpuMs: cloudflare.integer("cpu_ms", defaultWorkerLimits.cpuMs, 1, mostCpuMs),
    memoryMb: own.integer("memory_mb", defaultWorkerLimits.memoryMb, leastMemoryMb, mostMb),
    heapMb: own.integer("heap_mb", defaultWorkerLimits.heapMb, leastHeapMb, mostMb),
    tmpMb: own.integer("tmp_mb", defaultWorkerLimits.tmpMb, leastTmpMb, mostMb),
    wallMs: own.integer("wall_ms", defaultWorkerLimits.wallMs, 0, dayMs),
    maxRequests: own.integer("max_requests", defaultWorkerLimits.maxRequests, 0, mostRequests),
  };
  // Of Cloudflare's, `subrequests` is known and has no meaning here.
  const warnings = [
    ...cloudflare.unknownKeys(new Set(["cpu_ms", "subrequests"])),
    ...own.unknownKeys(new Set(["memory_mb", "heap_mb", "tmp_mb", "wall_ms", "max_requests"])),
  ];
  return { limits, warnings };
}
