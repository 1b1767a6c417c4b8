// Tells when files of a Worker's folder have changed: the Worker's own, and those that say how it is set up.
import path from "node:path";
import { watch as watchFiles } from "chokidar";
import { configFileNames } from "../config/config_file.ts";
import { isOwnFile } from "../packages/guest_files.ts";
import { lockFileName } from "../packages/lock_file.ts";
import { vendorFolder } from "../packages/python_packages.ts";
import { messageOf } from "../user_error.ts";

export interface Change {
  /** Names in the folder. */
  readonly files: readonly string[];
  /** Whether the configuration, secrets, requirements or packages are among them. */
  readonly isSetup: boolean;
}

/** An editor saves by several steps, and a tool several files: they are one change. */
const quietMs = 20;
/** Packages are put in one after the other. */
const quietPackagesMs = 500;

const setupFiles: ReadonlySet<string> = new Set([...configFileNames, "requirements.txt", "pyproject.toml"]);
const isVendored = (name: string): boolean => name.split(path.sep)[0] === vendorFolder;
const isSecretFile = (name: string): boolean => /^\.(?:dev\.vars|env)(?:\.|$)/.test(name);

export interface Watching {
  close(): Promise<void>;
}

/** Resolves when it watches. */
export async function watchFolder(
  folder: string,
  onChange: (change: Change) => void,
  onProblem: (text: string) => void,
): Promise<Watching> {
  const watcher = watchFiles(folder, {
    ignoreInitial: true,
    ignored: (file) => {
      const relative = path.relative(folder, file);
      // Of packages which there are, and not each of their thousands of files.
      if (isVendored(relative)) return relative.split(path.sep).length > 2;
      return relative !== "" && !isSecretFile(relative) && !relative.split(path.sep).every(isOwnFile);
    },
  });
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  watcher.on("all", (_event, file) => {
    const name = path.relative(folder, file);
    if (name === "" || name === lockFileName) return;
    changed.add(name);
    clearTimeout(timer);
    const tell = (): void => {
      const files = [...changed].sort();
      changed.clear();
      onChange({
        files,
        isSetup: files.some((each) => setupFiles.has(each) || isSecretFile(each) || isVendored(each)),
      });
    };
    timer = setTimeout(tell, [...changed].some(isVendored) ? quietPackagesMs : quietMs);
  });
  watcher.on("error", (error) => {
    onProblem(
      `files of ${folder} cannot be watched: ${messageOf(error)}. Raise fs.inotify.max_user_watches, or set ` +
        "CHOKIDAR_USEPOLLING=1 in the environment.",
    );
  });
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  return {
    close: async () => {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
