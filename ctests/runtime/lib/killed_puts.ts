// What a server has acknowledged by the time that it is killed in the middle of it.
import type { ServeProcess } from "./serve_process.ts";
import { serverPid } from "./server_processes.ts";

/**
 * Starts a server and puts key after key at once until it is killed, twice.
 * @param acknowledgement The answer to a put.
 * @returns The keys that were acknowledged.
 */
export async function acknowledgedOverKills(
  start: () => Promise<ServeProcess>,
  acknowledgement: string,
): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let round = 0; round < 2; round++) {
    const server = await start();
    await server.logged(/ready after/);
    const pid = serverPid(server);
    const target = acknowledged.length + 150;
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let n = 0; ; n++) {
          const key = `${round}-${lane}-${n}`;
          try {
            const response = await server.get(`/${key}`, { method: "PUT" });
            if ((await response.text()) === acknowledgement) acknowledged.push(key);
          } catch {
            return; // Killed: this one was not acknowledged.
          }
          if (acknowledged.length === target) process.kill(pid, "SIGKILL");
        }
      }),
    );
    await server.exited();
  }
  return acknowledged;
}
