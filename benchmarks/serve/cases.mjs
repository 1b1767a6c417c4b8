// The cases of ./dev bench serve, and how far ours is to reach in each.

/**
 * What wrk asks of a side, at how many connections; `worker` names a folder of workers/; `json` is what it posts, if it does. `counts`: what the
 * case's figure is; `core` is requests a second of the server's processor time, which is the same whatever else the machine does. `seconds`: of a
 * turn. A side that `settles` works on for connections that wrk has closed at a turn's end: the next turn waits until it does not.
 * @typedef {{name: string, unit: "us" | "1/s" | "%", worker: string, path: string, connections: number,
 *   json?: string, seconds?: number, settles?: boolean, counts: "rate" | "core" | "cpu" | "growth", peers: string[], reaches: import("../lib/reaches.mjs").Reach[]}} ServeCase
 */

const HELLO = { worker: "hello", path: "/" };

/** @type {ServeCase[]} */
export const CASES = [
  {
    name: "hello_cpu_us",
    unit: "us",
    ...HELLO,
    connections: 16,
    counts: "cpu",
    peers: ["workerd_python", "workerd_js", "uvicorn"],
    reaches: [{ most: 100 }, { most: 60 }],
  },
  ...[1, 16].map((connections) => ({
    name: `hello_c${connections}`,
    unit: /** @type {const} */ ("1/s"),
    ...HELLO,
    connections,
    counts: /** @type {const} */ ("rate"),
    peers: ["workerd_python", "workerd_js", "uvicorn"],
    reaches: [{ peer: "workerd_python", least: 5 }],
  })),
  {
    name: "fastapi",
    unit: "1/s",
    worker: "fastapi",
    path: "/items/7?q=query",
    connections: 16,
    counts: "core",
    peers: ["uvicorn"],
    reaches: [{ peer: "uvicorn", least: 0.7 }],
  },
  {
    name: "fastapi_post",
    unit: "1/s",
    worker: "fastapi",
    path: "/orders/7?urgent=true",
    connections: 16,
    json: '{"lines": [{"item": "tea", "count": 2}, {"item": "cups", "count": 6, "price": 3.5}], "note": "by the door"}',
    counts: "core",
    peers: ["uvicorn"],
    reaches: [{ peer: "uvicorn", least: 0.7 }],
  },
  {
    name: "sync_requests_500",
    unit: "1/s",
    worker: "upstream",
    path: "/?upstream=UPSTREAM",
    connections: 500,
    seconds: 5,
    settles: true,
    counts: "rate",
    peers: ["uvicorn"],
    reaches: [{ peer: "uvicorn", least: 2 }],
  },
  {
    name: "growth_pct",
    unit: "%",
    ...HELLO,
    connections: 16,
    counts: "growth",
    peers: ["workerd_python", "uvicorn"],
    reaches: [{ most: 2 }],
  },
];

/** Requests at whose ends growth_pct takes the memory. */
export const GROWTH = { from: 20_000, to: 200_000 };
