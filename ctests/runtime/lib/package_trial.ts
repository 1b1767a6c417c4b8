// A Worker's folder whose packages come from an index of the test's own, with a cache of the test's own. The environment of this process is
// another from begin() to end().
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensurePip } from "../../../runtime/packages/host_pip.ts";
import { parseLock } from "../../../runtime/packages/lock_file.ts";
import { type PackageOptions, packageFolder } from "../../../runtime/packages/python_packages.ts";
import { UserError } from "../../../runtime/user_error.ts";
import { type IndexFile, type PackageIndex, startIndex } from "./package_index.ts";
import type { WheelFile } from "./wheel.ts";

/** As the index has it. */
export const project = (file: WheelFile, uploaded?: string): IndexFile => ({
  ...file,
  project: file.name.split("-")[0] as string,
  ...(uploaded !== undefined && { uploaded }),
});

export const packageSet = (day: string): NonNullable<PackageOptions["packageSet"]> => ({
  flag: `python_3.14_packages_${day.replaceAll("-", "_")}`,
  python: "3.14",
  day,
});

export interface Installed {
  /** What is in the folder. */
  readonly names: readonly string[];
  /** How often an installation began. */
  readonly begun: number;
  readonly notices: readonly string[];
}

export class PackageTrial {
  index!: PackageIndex;
  cache = "";
  /** The Worker's, of one test. */
  folder = "";
  readonly environment: NodeJS.ProcessEnv = { ...process.env };

  async begin(): Promise<void> {
    // From the real index, and kept for all; what else there is comes from the test's.
    const pip = await ensurePip("the test");
    this.cache = mkdtempSync(path.join(os.tmpdir(), "blockon-cache-"));
    const tools = path.join(this.cache, "blockon", "tools");
    mkdirSync(tools, { recursive: true });
    symlinkSync(pip, path.join(tools, path.basename(pip)));
    process.env.XDG_CACHE_HOME = this.cache;
    this.index = await startIndex();
    process.env.PIP_INDEX_URL = this.index.url;
    process.env.PIP_NO_CACHE_DIR = "1";
    process.env.PIP_RETRIES = "0";
    delete process.env.PIP_FIND_LINKS;
    delete process.env.PIP_EXTRA_INDEX_URL;
  }

  async end(): Promise<void> {
    process.env = this.environment;
    await this.index.close();
    rmSync(this.cache, { recursive: true });
  }

  /** Before a test. */
  enter(): void {
    this.folder = mkdtempSync(path.join(os.tmpdir(), "blockon-packages-"));
    this.index.files = [];
    this.index.downloads.length = 0;
  }

  /** After it. */
  leave(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** A file of the folder. */
  readonly write = (name: string, text: string | Buffer): void => {
    mkdirSync(path.dirname(path.join(this.folder, name)), { recursive: true });
    writeFileSync(path.join(this.folder, name), text);
  };

  readonly lockFile = (): string => path.join(this.folder, "pylock.blockon.toml");
  readonly lock = (): ReturnType<typeof parseLock> => parseLock(readFileSync(this.lockFile(), "utf8"), "lock");
  /** NAME VERSION of what is locked. */
  readonly versions = (): string[] => this.lock().packages.map(({ name, version }) => `${name} ${version}`);

  readonly install = async (options: PackageOptions = {}): Promise<Installed> => {
    let begun = 0;
    const notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    const packages = await packageFolder(this.folder, () => begun++, { onNotice, ...options });
    const names = packages === undefined ? [] : readdirSync(packages).filter((name) => !name.endsWith(".dist-info"));
    return { names: names.sort(), begun, notices };
  };

  /** What an installation fails with. */
  readonly refusal = async (options: PackageOptions = {}): Promise<UserError> => {
    try {
      await this.install(options);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error;
    }
    return assert.fail("installed");
  };
}
