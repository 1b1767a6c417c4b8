// The log of a process: JSON lines for programs, plain lines for people, on stderr.
import pino from "pino";
import pretty from "pino-pretty";

export type LogFormat = "text" | "json";
export type Log = pino.Logger;

export function createLog(format: LogFormat): Log {
  if (format === "json") return pino({ base: null }, pino.destination({ dest: 2, sync: true }));
  const stream = pretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.isTTY,
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "worker,id,method,path,status,ms",
    messageFormat: (entry, key) => `${entry.worker === undefined ? "" : `[${entry.worker}] `}${entry[key]}`,
  });
  return pino({ base: null }, stream);
}
