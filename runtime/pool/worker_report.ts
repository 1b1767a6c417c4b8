// What `blockon ps` is told of a Worker: what its Python answered, or how it stands where that did not.
import type { WorkerReport } from "../control/report.ts";
import type { Mask } from "../mask.ts";
import { type FiberAnswer, within } from "./fiber_asks.ts";
import { gist } from "./gist.ts";

/** How long a Worker that is asked what its fibers do may take. */
const timeoutMs = 1000;

/** Undefined where nobody was asked, or does not answer in time. */
export async function reportedIn(asked: Promise<FiberAnswer> | undefined): Promise<FiberAnswer | undefined> {
  return asked && (await within(timeoutMs, asked));
}

/** @param why Of a Worker without a thread, why it is gone; undefined of one that has a thread. */
export function workerReport(
  about: Pick<WorkerReport, "name" | "state" | "requests" | "usage">,
  answer: FiberAnswer | undefined,
  why: string | null | undefined,
  mask: Mask,
): WorkerReport {
  if (answer !== undefined && "live" in answer) return { ...about, detail: null, ...answer };
  const unknown = { ...about, live: null, fibers: [] };
  if (why !== undefined) return { ...unknown, detail: why && gist(why) };
  if (answer !== undefined) return { ...unknown, detail: gist(mask(answer.error)) };
  const state = about.state === "running" ? "busy" : about.state;
  return { ...unknown, state, detail: `no answer within ${timeoutMs / 1000} s` };
}
