// PostgreSQL and Redis as Debian has them, each in a folder of its own for temporary files, on a free port of loopback. They end with
// this process, however that ends.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const START_MS = 60_000;
const IS_ROOT = process.getuid() === 0;

/** The name and password that both ask for; Redis' is that of its user `default`. */
const user = "tester";
const password = "pass word";

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Until it says that it is ready. Throws, with what it said, when it has ended or takes too long.
 * @param {import("node:child_process").ChildProcess} child
 */
async function ready(child) {
  let said = "";
  const { promise, resolve, reject } = Promise.withResolvers();
  const failed = (why) => reject(new Error(`${child.spawnargs.join(" ")} ${why}: ${said}`));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      said = `${said}${data}`.slice(-4000);
      if (/ready to accept connections/i.test(said)) resolve();
    });
  }
  child.once("error", (error) => failed(`was not started, ${error.message}`));
  child.once("exit", (code, signal) => failed(`ended, ${signal ?? code}`));
  const timer = setTimeout(() => failed("is not ready"), START_MS);
  await promise.finally(() => clearTimeout(timer));
}

/**
 * @param {string} name
 * @param {(folder: string, port: number) => Promise<string[]>} prepare gives the command
 */
async function started(name, prepare) {
  const folder = mkdtempSync(path.join(os.tmpdir(), `blockon-${name}-`));
  const port = await freePort();
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let child;
  const close = async () => {
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGINT"); // which for PostgreSQL is the fast way
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    // The kernel sends the signal when this process is gone.
    child = spawn("setpriv", ["--pdeathsig=INT", ...(await prepare(folder, port))], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    await ready(child);
  } catch (error) {
    await close();
    throw error;
  }
  return { known: { host: "127.0.0.1", port, user, password }, close };
}

/** The newest version's folder with its programs. */
function postgresql() {
  const versions = "/usr/lib/postgresql";
  const [newest] = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : [];
  if (newest === undefined) throw new Error("PostgreSQL is not installed: ./dev test does that");
  return path.join(versions, newest, "bin");
}

export function startPostgresql() {
  return started("postgresql", async (folder, port) => {
    const secret = path.join(folder, "password");
    const pem = path.join(folder, "server.pem");
    writeFileSync(secret, password);
    copyFileSync(new URL("../tls/server.pem", import.meta.url), pem);
    // It does not run as root: there it runs as the user that Debian has for it.
    const identity = IS_ROOT ? ["--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
    if (IS_ROOT) {
      const [uid, gid] = await Promise.all(
        ["-u", "-g"].map(async (flag) => (await run("id", [flag, "postgres"])).stdout),
      );
      for (const each of [folder, secret, pem]) chownSync(each, Number(uid), Number(gid));
    }
    chmodSync(pem, 0o600);
    const programs = postgresql();
    const data = path.join(folder, "data");
    const kind = ["--no-sync", "--locale=C", "--encoding=UTF8", "--auth=scram-sha-256"];
    const initdb = [path.join(programs, "initdb"), ...kind, `--username=${user}`, `--pwfile=${secret}`, data];
    await run("setpriv", [...identity, ...initdb]);
    const options = [
      ["listen_addresses", "127.0.0.1"],
      ["port", port],
      ["unix_socket_directories", ""],
      ["fsync", "off"],
      ["max_connections", 30],
      ["ssl", "on"],
      ["ssl_cert_file", pem],
      ["ssl_key_file", pem],
    ];
    const given = options.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    return [...identity, path.join(programs, "postgres"), "-D", data, ...given];
  });
}

export function startRedis() {
  return started("redis", async (folder, port) => {
    // The package redis-tools has the server by another name, and starts none when it is installed.
    const program = path.join(folder, "redis-server");
    const source = "/usr/bin/redis-check-rdb";
    if (!statSync(source, { throwIfNoEntry: false })) throw new Error("Redis is not installed: ./dev test does that");
    symlinkSync(source, program);
    const options = { bind: "127.0.0.1", port, dir: folder, save: "", requirepass: password };
    return [program, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])];
  });
}
