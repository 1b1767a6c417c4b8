// The log of a process: JSON lines for programs, plain lines for people, on stderr.
import { isatty } from "node:tty";
import pino from "pino";
import { prettyFactory } from "pino-pretty";

import { plainText } from "./plain_text.ts";

export type LogFormat = "text" | "json";
export type Log = pino.Logger;

/** A Worker's own text would act upon the terminal. Lines and tabs stay. */
const shown = (text: string): string => text.replace(/[^\n\t]+/g, plainText);

export function createLog(format: LogFormat): Log {
  const lines = pino.destination({ dest: 2, sync: true });
  if (format === "json") return pino({ base: null }, lines);
  const pretty = prettyFactory({
    colorize: isatty(2),
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "worker,id,method,path,status,ms",
    messageFormat: (entry, key) =>
      `${entry.worker === undefined ? "" : `[${entry.worker}] `}${shown(String(entry[key]))}`,
  });
  // Not pino-pretty's own stream: its pipes cost a start some milliseconds.
  return pino({ base: null }, { write: (line) => lines.write(pretty(line) ?? "") });
}
