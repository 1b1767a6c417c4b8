// What each peer that is a Node process does: a line {"case", "n"} on stdin, a line {"us", "cpuUs"} or {"error"} on stdout.
import { createInterface } from "node:readline";

/** @param {(asked: {case: string, n: number}) => Promise<{us?: number, error?: string}>} measure */
export async function answerLines(measure) {
  for await (const line of createInterface({ input: process.stdin })) {
    const before = process.cpuUsage();
    const answer = await measure(JSON.parse(line));
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${JSON.stringify({ ...answer, cpuUs: user + system })}\n`);
  }
  process.exit(0);
}
