// What `./dev test` does before the first test of Node's runner: tests that run beside each other find what all begin with, and none makes
// it once more. A file that hangs is ended.
import { limitFiles } from "./file_limit.ts";
import { warmCache } from "./warmed_cache.ts";

const secondsForFile = 600;

export async function globalSetup(): Promise<void> {
  await warmCache();
  limitFiles(secondsForFile);
}
