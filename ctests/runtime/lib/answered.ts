// Asks a server until it answers as it is to: a save is seen a moment later.
import type { ServeProcess } from "./serve_process.ts";

const mostMs = 60_000;
const pauseMs = 20;

/** Resolves with the text that matches. Throws an Error with the last one when none does in time. */
export async function answered(
  server: ServeProcess,
  target: string,
  pattern: RegExp,
  init: RequestInit = {},
): Promise<string> {
  const end = performance.now() + mostMs;
  for (;;) {
    const text = await (await server.get(target, init)).text();
    if (pattern.test(text)) return text;
    if (performance.now() > end) throw new Error(`no answer matches ${pattern}, the last is ${text}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
