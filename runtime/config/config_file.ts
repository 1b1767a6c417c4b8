// Which file of a Worker's folder is its configuration.
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { isArtifact } from "../pack/manifest.ts";
import { messageOf, UserError } from "../user_error.ts";
import type { ConfigDocument } from "./document.ts";
import { jsonDocument } from "./json_document.ts";
import { tomlDocument } from "./toml_document.ts";

/** As Cloudflare has them. A folder has one of them. */
export const configFileNames = ["wrangler.toml", "wrangler.json", "wrangler.jsonc"] as const;

const preferred = configFileNames[0];

/** A document of the format that the file's name says. */
export function parseDocument(text: string, file: string): ConfigDocument {
  // An editor may have put a byte order mark at the front.
  const plain = text.replace(/^\uFEFF/, "");
  return file.endsWith(".toml") ? tomlDocument(plain, file) : jsonDocument(plain, file);
}

/** The configuration file in a folder; throws UserError where there is none, or more than one. */
export function findConfigFile(folder: string): string {
  const [file, other] = configFileNames.filter((name) => existsSync(path.join(folder, name)));
  if (file === undefined) {
    if (isArtifact(folder)) {
      throw new UserError(
        `${folder}: this is an artifact of blockon pack, which blockon serve and blockon deploy take. Give the folder of the Worker that it was packed of.`,
      );
    }
    if (!existsSync(folder)) throw new UserError(`${folder}: there is no such folder. Give the folder of a Worker.`);
    if (!statSync(folder).isDirectory()) {
      throw new UserError(`${folder}: this is a file. Give the folder of a Worker, which has its ${preferred}.`);
    }
    throw new UserError(
      `${folder}: no ${configFileNames.join(", ")} in this folder. Give the folder of a Worker, or make ${preferred} there ` +
        "with name, main, compatibility_date and compatibility_flags.",
    );
  }
  if (other !== undefined) {
    throw new UserError(
      `${folder}: there are ${file} and ${other}. Remove ${other} if ${file} has all that the Worker needs, or ${file} if ${other} has.`,
    );
  }
  return path.join(folder, file);
}

export function readDocument(file: string): ConfigDocument {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseDocument(text, file);
}
