// Node's own clients: peer_node.mjs URL fetch|http.
import http from "node:http";
import { answerLines } from "../lib/peer_loop.mjs";

const [url, kind] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
const body = Buffer.alloc(10 * 1024 * 1024);

/** @param {string} path @param {Buffer} [sent] @returns {Promise<number>} the bytes that came */
async function byFetch(path, sent) {
  const response = await fetch(`${url}${path}`, sent && { method: "POST", body: sent });
  return (await response.arrayBuffer()).byteLength;
}

/** @param {string} path @param {Buffer} [sent] @returns {Promise<number>} */
function byHttp(path, sent) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}${path}`, { agent, method: sent ? "POST" : "GET" }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).length));
    });
    request.on("error", reject);
    request.end(sent);
  });
}

const ask = kind === "fetch" ? byFetch : byHttp;
const short = async () => {
  if ((await ask("/short")) !== 13) throw new Error("the server answered something else");
};
const many = (count) => () => Promise.all(Array.from({ length: count }, () => ask("/slow")));

const CASES = {
  http_client: short,
  urllib3: short,
  requests: short,
  httpx: short,
  requests_100: many(100),
  requests_1000: many(1000),
  down_10m: () => ask("/large"),
  up_10m: () => ask("/take", body),
};

await answerLines(async (asked) => {
  const once = CASES[asked.case];
  if (once === undefined) return { error: "no such case" };
  const begin = performance.now();
  for (let i = 0; i < asked.n; i++) await once();
  return { us: (performance.now() - begin) * 1000 };
});
