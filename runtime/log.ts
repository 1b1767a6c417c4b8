// The log of a process: JSON lines for programs, plain lines for people, on stderr.
import { isatty } from "node:tty";
import pino from "pino";
import { prettyFactory } from "pino-pretty";

export type LogFormat = "text" | "json";
export type Log = pino.Logger;

export function createLog(format: LogFormat): Log {
  const lines = pino.destination({ dest: 2, sync: true });
  if (format === "json") return pino({ base: null }, lines);
  const pretty = prettyFactory({
    colorize: isatty(2),
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "worker,id,method,path,status,ms",
    messageFormat: (entry, key) => `${entry.worker === undefined ? "" : `[${entry.worker}] `}${entry[key]}`,
  });
  // Not pino-pretty's own stream: its pipes cost a start some milliseconds.
  return pino({ base: null }, { write: (line) => lines.write(pretty(line) ?? "") });
}
