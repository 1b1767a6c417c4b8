// A JavaScript module that runs beside a Worker, outside of its realm: its `start()` gives a URL for the Worker to ask.
import { pathToFileURL } from "node:url";

export interface Companion {
  readonly url: string;
  close(): Promise<void>;
}

/** Throws what the module throws, and an Error when it exports no function start. */
export async function startCompanion(file: string): Promise<Companion> {
  const module = (await import(pathToFileURL(file).href)) as { start?: () => Promise<Companion> };
  if (typeof module.start !== "function") throw new Error("it does not export a function start");
  return module.start();
}
