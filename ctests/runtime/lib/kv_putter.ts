// A program that puts until it is killed: KEY is printed when it is acknowledged. Arguments: the state folder, the first number.
import { KvClient } from "./kv_client.ts";

const [folder = "", first = "0"] = process.argv.slice(2);
const client = await KvClient.open(folder);
const lanes = 8;
await Promise.all(
  Array.from({ length: lanes }, async (_, lane) => {
    for (let n = Number(first) + lane; ; n += lanes) {
      await client.put(`key${n}`, `value${n}`.padEnd(1000, "."));
      process.stdout.write(`key${n}\n`);
    }
  }),
);
