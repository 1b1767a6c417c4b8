// An address where connecting takes for ever: somebody listens there, accepts nobody, and has no room for more to wait.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";

const ROOM = 1;
const program = `
import socket, sys
with socket.socket() as listener:
    listener.bind(("127.0.0.1", 0))
    listener.listen(${ROOM - 1})
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
`;

export async function startFull() {
  // Node accepts whatever comes. This one ends with its stdin.
  const child = spawn("python3", ["-c", program], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await once(createInterface(child.stdout), "line");
  const waiting = Array.from({ length: ROOM }, () => net.connect(Number(port), "127.0.0.1"));
  await Promise.all(waiting.map((socket) => once(socket, "connect")));
  const close = async () => {
    for (const socket of waiting) socket.destroy();
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  return { known: { port: Number(port) }, close };
}
