// What `blockon ps` is told of a Worker with several interpreters, as of one.
import type { WorkerReport } from "../control/report.ts";

/** @param reports Of the interpreters that are to be told of. Ids of fibers are each interpreter's own. */
export function mergedReport(
  about: Pick<WorkerReport, "name" | "state" | "detail" | "requests" | "usage">,
  reports: readonly WorkerReport[],
): WorkerReport {
  const isKnown = reports.every(({ live }) => live !== null);
  return {
    ...about,
    live: isKnown ? reports.reduce((sum, { live }) => sum + (live ?? 0), 0) : null,
    fibers: reports.flatMap(({ fibers }) => fibers),
  };
}
