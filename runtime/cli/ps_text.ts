// What `blockon ps` prints for people. All text of a Worker's own is made plain, since a terminal acts upon some of it.
import type { Asked } from "../control/client.ts";
import type { IsolateReport, ServerReport, WorkerReport, WorkerUsage } from "../control/report.ts";
import { plainText } from "../plain_text.ts";
import type { FiberEntry, FrameEntry } from "../worker/fiber_list.ts";
import { columns } from "./columns.ts";

const titles = ["FIBER", "KIND", "STATE", "AGE", "WAITS FOR", "AT"] as const;

/** Seconds, as 4.2 s, 3 min 5 s, 2 h 10 min, 3 d 4 h. */
export function ageText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function placeText(frame: FrameEntry | undefined): string {
  if (frame === undefined) return "-";
  return `${frame.file}:${frame.line} ${frame.function}${frame.text === "" ? "" : `: ${frame.text}`}`;
}

function cells(fiber: FiberEntry): string[] {
  const { id, kind, state, age, waitsFor, frames } = fiber;
  return [String(id), kind, state, ageText(age), waitsFor ?? "-", placeText(frames.at(-1))].map(plainText);
}

/** As Python writes a traceback: a call that is repeated from one line stands there so many times at most. */
const mostRepeated = 3;

function tracebackLines({ frames, omittedFrames }: FiberEntry): string[] {
  const lines = omittedFrames > 0 ? [`... ${count(omittedFrames, "outer call")} left out`] : [];
  let place = "";
  let repeated = 0;
  const endRun = (): void => {
    if (repeated > mostRepeated) lines.push(`[the same call ${count(repeated - mostRepeated, "more time")}]`);
  };
  for (const { file, line, function: name, text } of frames) {
    const here = `File "${file}", line ${line}, in ${name}`;
    if (here !== place) {
      endRun();
      repeated = 0;
    }
    place = here;
    repeated++;
    if (repeated > mostRepeated) continue;
    lines.push(here);
    if (text !== "") lines.push(`  ${text}`);
  }
  endRun();
  return lines.map((line) => `        ${plainText(line)}`);
}

/** A line for each fiber, in columns; its traceback below it where that is wanted. */
function fiberLines(fibers: readonly FiberEntry[], stacks: boolean): string[] {
  return columns([titles, ...fibers.map(cells)]).flatMap((line, index) => {
    const fiber = index === 0 ? undefined : fibers[index - 1];
    return [`    ${line}`, ...(stacks && fiber !== undefined ? tracebackLines(fiber) : [])];
  });
}

function usageText({ cpu, resident, memoryMb }: WorkerUsage): string[] {
  const facts = cpu > 0 ? [`CPU ${ageText(cpu)}`] : [];
  if (resident === null) return facts;
  const held = Math.round(resident / 1024 / 1024);
  return [...facts, memoryMb === 0 ? `${held} MiB` : `${held} of ${memoryMb} MiB`];
}

function workerLines(worker: WorkerReport, stacks: boolean): string[] {
  const { name, state, detail, requests, usage, live, fibers } = worker;
  const facts = [detail === null ? state : `${state}: ${detail}`];
  if (requests > 0) facts.push(count(requests, "request"));
  if (live !== null) facts.push(live === 0 ? "no fibers" : count(live, "fiber"));
  facts.push(...usageText(usage));
  const lines = [`  Worker ${plainText(`${name}: ${facts.join(", ")}`)}`];
  if (fibers.length === 0) return lines;
  lines.push(...fiberLines(fibers, stacks));
  if (live !== null && live > fibers.length) lines.push(`    and ${live - fibers.length} younger ones`);
  return lines;
}

/** Nothing of a server that has them one by one. */
function isolateLines(isolates: IsolateReport | undefined): string[] {
  if (isolates === undefined) return [];
  const { ready, starting, hits, misses, resident, evictions } = isolates;
  if (ready + starting + hits + misses + evictions === 0) return [];
  const warm = `${ready} ready${starting > 0 ? `, ${starting} starting` : ""}`;
  return [
    `  isolates: ${resident} of Workers, ${warm}; ${count(hits, "start")} found one ready, ${misses} did not; ${count(evictions, "eviction")}`,
  ];
}

function serverLines(server: ServerReport, stacks: boolean): string[] {
  const process = server.supervisor === null ? `${server.pid}` : `${server.supervisor} (its server ${server.pid})`;
  const about = `${server.name} on ${server.url}, ${server.folder}, for ${ageText(server.age)}`;
  return [
    plainText(`process ${process}: ${about}`),
    ...isolateLines(server.isolates),
    ...server.workers.flatMap((worker) => workerLines(worker, stacks)),
  ];
}

/** Of all servers, as lines with an end each. */
export function psText(asked: readonly Asked[], stacks: boolean): string {
  const lines = asked.flatMap((server) =>
    "report" in server
      ? serverLines(server.report, stacks)
      : [plainText(`process ${server.supervisor ?? server.pid}: nothing is known of it: ${server.problem}`)],
  );
  return lines.map((line) => `${line}\n`).join("");
}
