// What `./dev test` does before the first test of Node's runner: tests that run beside each other find what all begin with, and none makes
// it once more.
import { warmCache } from "./warmed_cache.ts";

export async function globalSetup(): Promise<void> {
  await warmCache();
}
