// Which file is meant by a URL's path, and by which path it should be asked for: Cloudflare's html_handling.
//
// A page PAGE is a file PAGE.html or PAGE/index.html. It has one path of its own, with a slash at the end or without; other paths that mean it
// lead there by a redirect.
import type { HtmlHandling } from "../config/assets.ts";
import { type AssetFile, findFile } from "./files.ts";

export type Found = { readonly asset: AssetFile } | { readonly redirect: string };

/** The page's name in front of what a path may have behind it. */
const behind = /(?:\/index\.html|\/index|\.html|\/)$/;

/** In which order the two kinds of file are looked for. */
function kindsFor(ending: string): readonly (".html" | "/index.html")[] {
  switch (ending) {
    case "":
      return [".html", "/index.html"];
    case "/":
      return ["/index.html", ".html"];
    case ".html":
      return [".html"];
    default:
      return ["/index.html"];
  }
}

function pathOf(page: string, kind: ".html" | "/index.html", handling: HtmlHandling): string {
  const slash = handling === "force-trailing-slash" || (handling === "auto-trailing-slash" && kind === "/index.html");
  return page === "" || slash ? `${page}/` : page;
}

export async function findPage(
  directory: string,
  pathname: string,
  handling: HtmlHandling,
): Promise<Found | undefined> {
  const isPage = handling !== "none" && (pathname.endsWith(".html") || pathname.endsWith("/"));
  const exact = isPage ? undefined : await findFile(directory, pathname);
  if (exact !== undefined) return { asset: exact };
  if (handling === "none") return undefined;
  const ending = behind.exec(pathname)?.[0] ?? "";
  const page = pathname.slice(0, pathname.length - ending.length);
  for (const kind of kindsFor(ending)) {
    if (page === "" && kind === ".html") continue;
    const asset = await findFile(directory, `${page}${kind}`);
    if (asset === undefined) continue;
    const proper = pathOf(page, kind, handling);
    return proper === pathname ? { asset } : { redirect: proper };
  }
  return undefined;
}
