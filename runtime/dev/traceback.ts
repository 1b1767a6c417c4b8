// Python's tracebacks for the author of a Worker: its own frames, with paths from its folder, and what lies between them in a line.
import { workerMount } from "../packages/guest_files.ts";
import { vendorFolder } from "../packages/python_packages.ts";

const ownMount = `${workerMount}/`;
const packageMount = `${ownMount}${vendorFolder}/`;
const frameHead = /^ {2}File "([^"]*)", line \d+(?:, in .*)?$/;

/** Whose the code of a file is; undefined for the Worker's own. */
function ownerOf(file: string): string | undefined {
  if (file.startsWith(packageMount)) return file.slice(packageMount.length).split(/[/.]/, 1)[0];
  if (file.startsWith(ownMount)) return undefined;
  if (file.startsWith("/blockon/sdk/")) return "workers";
  if (/^\/lib\/python[\d.]*(?:\.zip)?\/blockon\//.test(file)) return "blockon";
  return "Python";
}

interface Part {
  /** Undefined for the Worker's own, and for what is no frame. */
  readonly owner: string | undefined;
  readonly isFrame: boolean;
  readonly lines: string[];
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  for (const line of text.split("\n")) {
    const head = frameHead.exec(line);
    const last = parts.at(-1);
    if (head !== null) {
      const owner = ownerOf(head[1] as string);
      parts.push({ owner, isFrame: true, lines: [owner === undefined ? line.replace(ownMount, "") : line] });
    } else if (last?.isFrame && line.startsWith("    ")) {
      last.lines.push(line);
    } else {
      parts.push({ owner: undefined, isFrame: false, lines: [line] });
    }
  }
  return parts;
}

/** A text without tracebacks, or one in which no frame is the Worker's, is as it was. */
export function shortTraceback(text: string): string {
  const parts = partsOf(text);
  if (!parts.some(({ isFrame, owner }) => isFrame && owner === undefined)) return text;
  const lines: string[] = [];
  let cut = 0;
  let owners = new Set<string>();
  const tellCut = (): void => {
    if (cut > 0) lines.push(`  ... ${cut} ${cut === 1 ? "frame" : "frames"} of ${[...owners].join(", ")}`);
    cut = 0;
    owners = new Set();
  };
  for (const part of parts) {
    if (part.owner === undefined) {
      tellCut();
      lines.push(...part.lines);
    } else {
      cut += 1;
      owners.add(part.owner);
    }
  }
  tellCut();
  return lines.join("\n");
}
