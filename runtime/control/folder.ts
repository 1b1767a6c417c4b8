// The folder with the sockets of this user's servers: private, so that whoever reaches a socket in it is this user (or root).
//
// A socket is named by the process that listens and by that one's supervisor, if it has one: PID.sock or PID-SUPERVISOR.sock.
import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { codeOf, messageOf, UserError } from "../user_error.ts";

/** Bytes of a socket's path, which Linux keeps in 108 with a zero at the end. */
const mostPathBytes = 107;

export interface SocketFile {
  readonly path: string;
  readonly pid: number;
  readonly supervisor: number | null;
}

function userId(): number {
  if (process.getuid === undefined) throw new Error("this system has no user ids");
  return process.getuid();
}

/** In the order in which a server tries them; by the XDG Base Directory Specification where that is set up. */
export function controlFolders(): string[] {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const folders = [path.join(os.tmpdir(), `blockon-${userId()}`)];
  if (runtime !== undefined && path.isAbsolute(runtime)) folders.unshift(path.join(runtime, "blockon"));
  return folders;
}

/** Whether the folder is there. Throws UserError when it is not this user's alone. */
export function isPrivateFolder(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (!found.isDirectory()) throw new UserError(`${folder} is no folder. Remove it.`);
  if (found.uid !== userId()) throw new UserError(`${folder} belongs to another user (${found.uid}), and is not used.`);
  if ((found.mode & 0o077) !== 0) {
    throw new UserError(`${folder} is open to other users, and is not used. Close it: chmod 700 ${folder}`);
  }
  return true;
}

function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw new UserError(`${folder}: ${messageOf(error)}`, { cause: error });
  }
  isPrivateFolder(folder);
}

/** The path of a socket for this process, in the first folder that can be had. Throws UserError when there is none. */
export function socketPath(pid: number, supervisor: number | null): string {
  const reasons: string[] = [];
  for (const folder of controlFolders()) {
    const file = path.join(folder, `${supervisor === null ? pid : `${pid}-${supervisor}`}.sock`);
    try {
      if (Buffer.byteLength(file) > mostPathBytes) throw new UserError(`${folder}: too long for the path of a socket`);
      makePrivateFolder(folder);
      return file;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons.push(error.message);
    }
  }
  throw new UserError(reasons.join("; "));
}

/** The sockets in a folder, which may not be there. Throws UserError when it is not this user's alone. */
export function socketsIn(folder: string): SocketFile[] {
  if (!isPrivateFolder(folder)) return [];
  const sockets: SocketFile[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = /^(\d+)(?:-(\d+))?\.sock$/.exec(entry.name);
    if (name === null || !entry.isSocket()) continue;
    const supervisor = name[2] === undefined ? null : Number(name[2]);
    sockets.push({ path: path.join(folder, entry.name), pid: Number(name[1]), supervisor });
  }
  return sockets;
}
