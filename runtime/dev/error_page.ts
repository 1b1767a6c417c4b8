// What a client of the development server gets where the Worker failed: a page for a browser, text for others.
import type { GuestRequest, GuestResponse } from "../pool/exchange.ts";

const escapes: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character] as string);

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}
pre{font:13px/1.5 ui-monospace,monospace;overflow:auto;padding:1rem;border-left:4px solid #c33;background:#8881}
i{font-style:normal;opacity:.55}`;

function page(title: string, request: GuestRequest, text: string): string {
  const lines = text.split("\n").map((line) => (line.startsWith("  ... ") ? `<i>${escaped(line)}</i>` : escaped(line)));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head>
<body><h1>${escaped(title)}</h1><p><code>${escaped(`${request.method} ${request.url}`)}</code></p>
<pre>${lines.join("\n")}</pre></body></html>
`;
}

export function errorResponse(request: GuestRequest, title: string, text: string): GuestResponse {
  const isBrowser = request.headers.some(([name, value]) => name === "accept" && value.includes("text/html"));
  const body = isBrowser ? page(title, request, text) : `${title}\n\n${text}\n`;
  const type = isBrowser ? "text/html" : "text/plain";
  return {
    status: 500,
    statusText: "",
    headers: [
      ["content-type", `${type}; charset=utf-8`],
      ["cache-control", "no-store"],
    ],
    body: new TextEncoder().encode(body),
  };
}
