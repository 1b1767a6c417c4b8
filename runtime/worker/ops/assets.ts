// The binding of assets for a realm: files by requests, whole.
import { type AssetRequest, answerBinding } from "../../assets/answer.ts";
import type { Assets } from "../../config/assets.ts";
import { codeOf, messageOf } from "../../user_error.ts";
import { type LaterOperations, needNumber, needString, type SendToRealm } from "./operations.ts";

const mostBytes = 100 * 1024 * 1024;

async function bytesOf(body: AsyncIterable<Uint8Array> | Uint8Array): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > mostBytes) throw new RangeError(`by the binding a file has at most ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function assetOperations(send: SendToRealm, assets: Assets): LaterOperations {
  let underWay = 0;
  const answer = async (id: number, request: AssetRequest): Promise<void> => {
    underWay++;
    try {
      const { status, headers, body } = await answerBinding(assets, request);
      send("assets.answer", id, status, JSON.stringify(headers), await bytesOf(body));
    } catch (error) {
      // A system's error has the path in its text, which is none of the Worker's business.
      send(
        "assets.error",
        id,
        error instanceof RangeError ? messageOf(error) : `the file cannot be read (${codeOf(error)})`,
      );
    } finally {
      underWay--;
    }
  };
  return {
    operations: {
      "assets.fetch": (id, method, url, headersJson) => {
        const headers = new Map(JSON.parse(needString(headersJson)) as [string, string][]);
        const header = (name: string): string | undefined => headers.get(name);
        void answer(needNumber(id), { method: needString(method), url: new URL(needString(url)), header });
      },
    },
    underWay: () => underWay,
  };
}
