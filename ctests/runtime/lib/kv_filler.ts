// A program whose files have a limit: puts until one fails, then a small one, and tells what came of it as JSON.
import { messageOf } from "../../../runtime/user_error.ts";
import { KvClient } from "./kv_client.ts";

const [folder = ""] = process.argv.slice(2);
const client = await KvClient.open(folder);
const acknowledged: string[] = [];
let problem = "";
for (let n = 0; problem === "" && n < 1000; n++) {
  await client.put(`key${n}`, new Uint8Array(100_000).fill(n)).then(
    () => acknowledged.push(`key${n}`),
    (error: unknown) => {
      problem = messageOf(error);
    },
  );
}
// Not awaited one by one: the great one fails alone.
const together = await Promise.allSettled([
  client.delete("key0"),
  client.put("great", new Uint8Array(20_000_000)),
  client.put("small", "small"),
]);
process.stdout.write(JSON.stringify({ acknowledged, problem, together: together.map(({ status }) => status) }));
await client.close();
