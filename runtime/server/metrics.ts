// What a server measures of itself, in Prometheus' text format, on a port of its own.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { IsolateReport } from "../control/report.ts";
import type { ServedHost } from "../pool/served_host.ts";
import { messageOf, UserError } from "../user_error.ts";
import type { Opened } from "./http.ts";

interface Measured {
  readonly name: string;
  readonly host: ServedHost;
}

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class Metrics {
  readonly #registry = new Registry();
  readonly #responses: Counter<"status">;
  readonly #requests: Counter<"worker" | "status">;
  readonly #seconds: Histogram<"worker">;

  /** @param workers Those that there are when it is called. */
  constructor(workers: () => readonly Measured[], isolates: { readonly counts: IsolateReport }) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#responses = new Counter({
      name: "blockon_http_responses_total",
      help: "Responses that were sent, by status; none where the client had gone",
      labelNames: ["status"],
      registers,
    });
    this.#requests = new Counter({
      name: "blockon_worker_requests_total",
      help: "Requests that a Worker has answered, by the status of its response; error where there was none",
      labelNames: ["worker", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "blockon_worker_request_seconds",
      help: "From a request to the head of the Worker's response",
      labelNames: ["worker"],
      buckets: secondsBuckets,
      registers,
    });
    this.#addGauges(workers, registers);
    this.#addIsolates(isolates, registers);
  }

  /** A Worker was given a request. */
  opened(worker: string, { response }: Opened): void {
    const begin = performance.now();
    const ended = (status: string): void => {
      this.#requests.inc({ worker, status });
      this.#seconds.observe({ worker }, (performance.now() - begin) / 1000);
    };
    response.then(
      ({ status }) => ended(String(status)),
      () => ended("error"),
    );
  }

  /** A response was sent, or, without a status, its client has gone before. */
  answered(status: number | undefined): void {
    this.#responses.inc({ status: status === undefined ? "none" : String(status) });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #addGauges(workers: () => readonly Measured[], registers: Registry[]): void {
    const gauge = (name: string, help: string, value: (host: ServedHost) => number): void => {
      new Gauge({
        name,
        help,
        labelNames: ["worker"],
        registers,
        collect() {
          this.reset();
          for (const worker of workers()) this.set({ worker: worker.name }, value(worker.host));
        },
      });
    };
    gauge(
      "blockon_worker_under_way",
      "Requests, calls and triggers that a Worker has not answered",
      (host) => host.underWay,
    );
    gauge("blockon_worker_up", "Whether a Worker is loaded", (host) => Number(host.isRunning));
    gauge("blockon_worker_starts", "How often a Worker's thread was started", (host) => host.starts);
    gauge(
      "blockon_worker_resets",
      "How often an interpreter was put back after its request",
      (host) => host.resets?.done ?? 0,
    );
    gauge(
      "blockon_worker_resets_refused",
      "How often one ended after its request since it could not be put back",
      (host) => host.resets?.refused ?? 0,
    );
    gauge(
      "blockon_worker_cpu_seconds",
      "Processor time of a Worker, of all threads that it had",
      (host) => host.usage.cpu,
    );
    gauge(
      "blockon_worker_memory_bytes",
      "Memory of a Worker's Python that the machine keeps for it",
      (host) => host.usage.resident ?? 0,
    );
    gauge(
      "blockon_worker_memory_limit_bytes",
      "How much Python's heap may have; 0 for any",
      (host) => host.usage.memoryMb * 1024 * 1024,
    );
  }

  #addIsolates(isolates: { readonly counts: IsolateReport }, registers: Registry[]): void {
    const gauge = (name: string, help: string, count: keyof IsolateReport): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(isolates.counts[count]);
        },
      });
    };
    gauge("blockon_isolates_resident", "Workers that have an isolate", "resident");
    gauge("blockon_isolates_ready", "Isolates that are ready and nobody's yet", "ready");
    gauge("blockon_isolates_starting", "Isolates that are being made ready", "starting");
    gauge("blockon_isolate_hits", "Starts of Workers that found an isolate made ready", "hits");
    gauge("blockon_isolate_misses", "Starts of Workers that found none", "misses");
    gauge("blockon_isolate_evictions", "How often a Worker gave its isolate up to make room", "evictions");
  }
}

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Throws UserError when the port cannot be listened on. */
export async function serveMetrics(metrics: Metrics, host: string, port: number): Promise<MetricsServer> {
  const server = http.createServer((request, response) => {
    if (request.url !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.setHeader("content-type", metrics.contentType).end(text),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new UserError(`the metrics cannot be served on port ${port} of ${host}: ${error.message}`, { cause: error }),
      ),
    );
    server.listen(port, host, resolve);
  });
  const { address, family, port: found } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${found}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
