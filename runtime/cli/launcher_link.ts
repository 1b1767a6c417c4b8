// The way to the launcher (jspi/launcher, launcher.mjs), a pair of sockets: a word a line, and its end when the launcher is gone.
//
// Not Node's own channel between processes, for which a process loads what starts processes before its own first line, each time.
import { Socket } from "node:net";

// What the launcher has set for this process alone. Node has marked it so that children do not get it.
const given = process.env.BLOCKON_LAUNCHER_FD;
delete process.env.BLOCKON_LAUNCHER_FD;

let socket: Socket | undefined;

/** Whether there is a launcher, which has started this process. */
export const hasLauncher: boolean = given !== undefined;

/** @param gone Told when the launcher is gone. No process stays for that. */
export function watchLauncher(gone: () => void): void {
  if (given === undefined) return;
  socket = new Socket({ fd: Number(given), readable: true, writable: true });
  // Its end is close, too.
  socket.on("error", () => {});
  socket.on("close", gone);
  socket.resume();
  socket.unref();
}

export function tellLauncher(word: "listening"): void {
  socket?.write(`${word}\n`);
}
