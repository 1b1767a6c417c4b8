// blockon pack: a Worker as one artifact, which a server starts it from.
import path from "node:path";
import { checkOut } from "../pack/files.ts";
import { pack } from "../pack/pack.ts";
import { plainText } from "../plain_text.ts";
import { packReport, packText } from "./pack_text.ts";
import { Steps } from "./steps.ts";

export interface PackOptions {
  readonly out?: string;
  readonly env?: string;
  readonly wheels?: string;
  readonly snapshot: boolean;
  readonly requireSnapshot?: true;
  readonly seedFile?: string;
  readonly json?: true;
}

/** Throws UserError where there is nothing that could be served. */
export async function packCommand(
  folder: string,
  { out, env, wheels, snapshot, requireSnapshot, seedFile, json }: PackOptions,
): Promise<void> {
  const target = path.resolve(out ?? path.join(folder, ".blockon", "artifact"));
  checkOut(target);
  const steps = new Steps(process.stderr);
  const begin = performance.now();
  try {
    const packed = await pack(
      folder,
      { out: target, env, wheels, snapshot: requireSnapshot ? "required" : snapshot, seedFile },
      {
        step: (name) => steps.begin(name),
        warn: (text) => steps.line(`warning: ${text.split("\n").map(plainText).join("\n")}`),
        worker: (text) => steps.line(text),
      },
    );
    steps.end();
    const seconds = (performance.now() - begin) / 1000;
    if (json) process.stdout.write(`${plainText(JSON.stringify(packReport(packed, seconds)))}\n`);
    else process.stdout.write(packText(packed, seconds));
  } catch (error) {
    steps.fail();
    throw error;
  }
}
