// Requests that call a Worker's handler for scheduled events, as wrangler's server has them, for tests of that handler:
//
//   /__scheduled?cron=*+*+*+*+*                  "Ran scheduled event", whatever came of it
//   /cdn-cgi/handler/scheduled?cron=...&time=    "ok", or "exception" with status 500; format=json has more

import type { GuestResponse } from "../pool/exchange.ts";
import { type Asked, callScheduled, type ScheduledEvent } from "../pool/scheduled.ts";
import { messageOf } from "../user_error.ts";

export interface TestTriggers {
  /** Undefined for any other request. */
  answer(url: URL, worker: Asked): Promise<GuestResponse> | undefined;
}

const shortPath = "/__scheduled";
const longPath = "/cdn-cgi/handler/scheduled";

function response(status: number, text: string, type = "text/plain; charset=utf-8"): GuestResponse {
  return { status, statusText: "", headers: [["content-type", type]], body: new TextEncoder().encode(text) };
}

/** `time` is in milliseconds since 1970; it is now unless given. */
function eventOf(url: URL): ScheduledEvent | undefined {
  const time = url.searchParams.get("time") ?? String(Date.now());
  if (!/^\d{1,15}$/.test(time)) return undefined;
  return { cron: url.searchParams.get("cron") ?? "", scheduledTime: Number(time) };
}

/** @param log Of a handler that fails. */
export function testTriggers(log: (text: string) => void): TestTriggers {
  const call = async (url: URL, worker: Asked): Promise<GuestResponse> => {
    const event = eventOf(url);
    if (event === undefined) return response(400, "time is a number of milliseconds since 1970\n");
    let outcome = "ok";
    let isRetried = true;
    try {
      ({ isRetried } = await callScheduled(worker, event));
    } catch (error) {
      log(`the scheduled trigger "${event.cron}" failed: ${messageOf(error)}`);
      outcome = "exception";
    }
    if (url.pathname === shortPath) return response(200, "Ran scheduled event\n");
    const status = outcome === "ok" ? 200 : 500;
    if (url.searchParams.get("format") !== "json") return response(status, outcome);
    return response(status, JSON.stringify({ outcome, noRetry: !isRetried }), "application/json");
  };
  return {
    answer: (url, worker) => (url.pathname === shortPath || url.pathname === longPath ? call(url, worker) : undefined),
  };
}
