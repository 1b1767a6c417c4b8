// What an attempt may get hold of: things of the host that no Worker is given, each with a secret of its own.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { BroadcastChannel } from "node:worker_threads";
import { wheel } from "../lib/wheel.ts";

/**
 * How an attempt proves that it got out.
 * - host: code of its own ran where Node's `process` is, and told its number
 * - code: a string became code, in whatever realm
 * - file, environment, socket: it tells what only a file, a variable, a unix socket of the host says
 * - path: it tells where things are on the host
 * - written: it left a file on the host
 * - message: a message of its own came to another thread
 */
export type Evidence = "host" | "code" | "file" | "environment" | "socket" | "path" | "written" | "message";

/** A library for Pyodide, with a function `secret` that returns this text. */
function sideModule(text: string): Buffer {
  const sized = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const section = (number: number, bytes: string): Buffer =>
    Buffer.concat([Buffer.from([number]), sized(Buffer.from(bytes, "latin1"))]);
  const size = String.fromCharCode(text.length + 1);
  return Buffer.concat([
    Buffer.from("\0asm\x01\0\0\0", "latin1"),
    section(0, `\x08dylink.0\x01\x04${size}\0\0\0`),
    section(1, "\x01\x60\0\x01\x7f"),
    section(2, "\x02\x03env\x06memory\x02\0\x01\x03env\x0d__memory_base\x03\x7f\0"),
    section(3, "\x01\0"),
    section(7, "\x01\x06secret\0\0"),
    section(10, "\x01\x04\0\x23\0\x0b"),
    section(11, `\x01\0\x23\0\x0b${size}${text}\0`),
  ]);
}

const root = path.resolve(import.meta.dirname, "../../..");

export class Canaries {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), "blockon-escapes-"));
  readonly file = path.join(this.folder, "secret.txt");
  readonly socket = path.join(this.folder, "socket");
  readonly environmentName = "BLOCKON_TEST_CANARY";
  readonly channel = `blockon-test-${randomUUID()}`;
  readonly #secrets = { file: randomUUID(), environment: randomUUID(), socket: randomUUID() };
  readonly #messages = new Set<string>();
  readonly #server = http.createServer((_request, response) => response.end(this.#secrets.socket));
  readonly #broadcast = new BroadcastChannel(this.channel);
  #traces = 0;

  async open(): Promise<void> {
    writeFileSync(this.file, this.#secrets.file);
    // To be imported, installed and linked from where they are.
    const source = `secret = ${JSON.stringify(this.#secrets.file)}\n`;
    writeFileSync(path.join(this.folder, "canary_module.py"), source);
    const { bytes } = wheel("canary_wheel", "1.0", { files: { "canary_wheel.py": source } });
    writeFileSync(path.join(this.folder, "canary_wheel-1.0-py3-none-any.whl"), bytes);
    writeFileSync(path.join(this.folder, "canary.so"), sideModule(this.#secrets.file));
    process.env[this.environmentName] = this.#secrets.environment;
    this.#broadcast.onmessage = (event) => this.#messages.add(String((event as MessageEvent).data));
    this.#server.listen(this.socket);
    await once(this.#server, "listening");
  }

  close(): void {
    this.#broadcast.close();
    this.#server.close();
    delete process.env[this.environmentName];
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What an attempt is told, besides its code. */
  facts() {
    const { file, folder, socket, environmentName, channel } = this;
    const trace = path.join(folder, `trace-${++this.#traces}`);
    return { file, folder, socket, environmentName, channel, trace, nonce: randomUUID(), mark: `@${randomUUID()}@` };
  }

  /** Whether what an attempt found, or left, is the evidence. */
  proves(evidence: Evidence, found: string, { trace, nonce }: Facts): boolean {
    switch (evidence) {
      case "host":
        return found === `host:${process.pid}`;
      case "code":
        return found === `code:${nonce.length}:${nonce}`;
      case "path":
        return [root, process.execPath, "node:internal", "file:///"].some((each) => found.includes(each));
      case "written":
        return existsSync(trace);
      case "message":
        return this.#messages.has(nonce);
      default:
        return found.includes(this.#secrets[evidence]);
    }
  }
}

export type Facts = ReturnType<Canaries["facts"]>;
