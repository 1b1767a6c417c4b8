// Queues by the Pythonic API, in `blockon serve`, `dev` and `test`; and what a configuration of queues may say.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseWorkerConfig } from "../../runtime/config/wrangler.ts";
import { commandEnd } from "./lib/command_end.ts";
import { ServeProcess } from "./lib/serve_process.ts";
import { workerFolder } from "./lib/worker_folder.ts";

const entry = `
import asyncio, datetime
from blockon import OutgoingMessage, QueueError

seen = []

def told(call, *arguments, **options):
    try:
        return repr(call(*arguments, **options))
    except (QueueError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"

async def fetch(request, env):
    jobs = env.JOBS
    if request.path == "/send":
        jobs.send({"a": [1, None, "\u00fc"]})
        jobs.send(b"\\x00\\xff")
        jobs.send("text", content_type="text", delay=datetime.timedelta(0))
        jobs.send_batch([1.5, OutgoingMessage("json"), OutgoingMessage(None)])
        await asyncio.gather(jobs.aio.send("one"), jobs.aio.send_batch(["two"], delay=0))
        return "sent"
    if request.path == "/wrong":
        return [
            told(jobs.send, object()), told(jobs.send, 1, delay="soon"), told(jobs.send, 1, delay=43201),
            told(jobs.send, 1, content_type="text"), told(jobs.send, 1, content_type="v8"), told(jobs.send_batch, "text"),
            told(jobs.send_batch, []), told(jobs.send, "x" * 131072),
        ]
    if request.path == "/fail":
        jobs.send({"fail": request.query_params["how"]})
        return "sent"
    return seen

def queue(batch, env, ctx):
    for message in batch:
        body = message.body
        age = datetime.datetime.now(datetime.UTC) - message.timestamp
        seen.append([batch.queue, repr(body), message.attempts, len(message.id), age < datetime.timedelta(hours=1)])
        match body:
            case {"fail": "raise"} if message.attempts == 1:
                raise ValueError("on purpose")
            case {"fail": "retry"} if message.attempts == 1:
                message.retry(1)
                message.ack()
            case {"fail": "all"} if message.attempts == 1:
                batch.retry_all()
            case {"fail": "wrong"}:
                seen.append(told(message.retry, -1))
                batch.ack_all()
                raise ValueError("after all were done")
`;
const flags = ["blockon_api_2026_11_01"];
const queues = (more: string): string => `
[[queues.producers]]
binding = "JOBS"
queue = "jobs"
[[queues.consumers]]
queue = "jobs"
${more}`;

async function seen(server: ServeProcess, count: number): Promise<unknown[]> {
  for (;;) {
    const found = (await (await server.get("/")).json()) as unknown[];
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("queues by the Pythonic API", () => {
  it("are sent to and taken from", async () => {
    const folder = workerFolder(entry, flags, queues("max_batch_timeout = 0\n"));
    const server = await ServeProcess.start(folder.path);
    try {
      assert.equal(await (await server.get("/send")).text(), "sent");
      const bodies = (await seen(server, 8)).map((each) => (each as unknown[])[1] as string);
      const expected = [
        "{'a': [1, None, '\u00fc']}",
        "b'\\x00\\xff'",
        "'text'",
        "1.5",
        "'json'",
        "None",
        "'one'",
        "'two'",
      ];
      assert.deepEqual(bodies.sort(), expected.sort());
      assert.deepEqual((await seen(server, 8))[0], ["jobs", "{'a': [1, None, '\u00fc']}", 1, 32, true]);
      const wrong = (await (await server.get("/wrong")).json()) as string[];
      const patterns = [
        /^TypeError: Object of type object/,
        /^TypeError: a delay is a number of seconds or a timedelta, not str/,
        /^QueueError: Queue: delaySeconds is 43201/,
        /^TypeError: with the content_type 'text' a message is text, not int/,
        /^QueueError: content_type is 'v8'/,
        /^TypeError: send_batch takes several messages, not str/,
        /^QueueError: Queue: 0 messages/,
        /^QueueError: Queue: a message has at most 131072 bytes/,
      ];
      for (const [index, pattern] of patterns.entries()) assert.match(wrong[index] as string, pattern);
      let count = 8;
      for (const how of ["raise", "retry", "all"]) {
        await server.get(`/fail?how=${how}`);
        count += 2;
        const attempts = (await seen(server, count)).slice(-2).map((each) => (each as unknown[])[2]);
        assert.deepEqual(attempts, [1, 2], how);
      }
      await server.get("/fail?how=wrong");
      assert.match(String((await seen(server, count + 2)).at(-1)), /ValueError: Queue: delaySeconds is -1/);
      await server.logged(/the handler of the queue jobs failed: [\s\S]*after all were done/);
    } finally {
      await server.stop();
      folder.remove();
    }
  });

  it("go on in blockon dev when a file is saved", async () => {
    const folder = workerFolder(entry, flags, queues("max_batch_timeout = 0\n"));
    const server = await ServeProcess.dev(folder.path);
    try {
      await server.get("/fail?how=raise");
      assert.equal((await seen(server, 2)).length, 2);
      await server.logged(/the handler of the queue jobs failed: [\s\S]*on purpose/);
      folder.write("src/entry.py", entry.replace("seen = []", "seen = ['anew']"));
      while (((await (await server.get("/")).json()) as unknown[])[0] !== "anew");
      await server.get("/fail?how=retry");
      assert.equal((await seen(server, 3)).length, 3);
    } finally {
      await server.stop();
      folder.remove();
    }
  });

  it("are tested by batches that a test makes", async () => {
    const folder = workerFolder(entry, flags, queues(""));
    folder.write(
      "tests/test_entry.py",
      `import pytest
from blockon import env

def test_batches(client):
    import entry
    result = client.queue("jobs", [{"fail": "retry"}, b"\\xff", "text"])
    assert (result.acked, result.retried) == ([b"\\xff", "text"], [{"fail": "retry"}])
    assert [each[1] for each in entry.seen] == ["{'fail': 'retry'}", "b'\\\\xff'", "'text'"]
    assert client.queue("jobs", [{"fail": "retry"}], attempts=2).acked == [{"fail": "retry"}]
    with pytest.raises(ValueError, match="on purpose"):
        client.queue("jobs", [{"fail": "raise"}])
    env.JOBS.send("is kept until the tests end")
`,
    );
    const { code, out, err } = await commandEnd(["test", folder.path]);
    assert.equal(code, 0, out + err);
    folder.remove();
  });
});

describe("a configuration of queues", () => {
  const parse = (toml: string) =>
    parseWorkerConfig(
      `name = "w"\nmain = "entry.py"\ncompatibility_date = "2026-10-01"\ncompatibility_flags = ["python_workers"]\n${toml}`,
      "wrangler.toml",
      { today: "2026-11-29" },
    );

  it("has Cloudflare's keys and defaults", () => {
    const { queues: found, warnings } = parse(
      `${queues('max_batch_size = 100\nmax_batch_timeout = 30\nmax_retries = 10\ndead_letter_queue = "dead"\nretry_delay = 5\nmax_concurrency = 2\n')}
[[queues.consumers]]
queue = "dead"
what = 1
`,
    );
    assert.deepEqual(found.producers, { JOBS: { queue: "jobs", delaySeconds: 0 } });
    const [jobs, dead] = found.consumers;
    assert.deepEqual(
      { ...jobs, place: "" },
      {
        queue: "jobs",
        maxBatchSize: 100,
        maxBatchTimeout: 30,
        maxRetries: 10,
        maxConcurrency: 2,
        retryDelay: 5,
        deadLetterQueue: "dead",
        place: "",
      },
    );
    assert.deepEqual([dead?.maxBatchSize, dead?.maxBatchTimeout, dead?.maxRetries], [10, 5, 3]);
    assert.deepEqual(warnings, [
      'wrangler.toml:20: the key "queues.consumers[1].what" is not known to this runtime and has no effect here',
    ]);
  });

  it("is refused where it is wrong, by line", () => {
    const wrong: [toml: string, expected: RegExp][] = [
      ["[[queues.producers]]\nqueue = 'q'\n", /"binding" is missing/],
      [
        "[[queues.producers]]\nbinding = 'Q'\nqueue = 'A B'\n",
        /"queue" is the string "A B"; expected up to 63 small letters/,
      ],
      ["[[queues.producers]]\nbinding = 'Q'\nqueue = 'q'\ndelivery_delay = 43201\n", /an integer from 0 to 43200/],
      ["[[queues.consumers]]\nqueue = 'q'\nmax_batch_size = 101\n", /an integer from 1 to 100/],
      ["[[queues.consumers]]\nqueue = 'q'\nmax_batch_timeout = 61\n", /an integer from 0 to 60/],
      ["[[queues.consumers]]\nqueue = 'q'\nmax_retries = 1.5\n", /an integer from 0 to 100/],
      [
        "[[queues.consumers]]\nqueue = 'q'\ntype = 'http_pull'\n",
        /"type" is the string "http_pull"; expected "worker"/,
      ],
      ["[[queues.consumers]]\nqueue = 'q'\ndead_letter_queue = 'q'\n", /would never end/],
      [
        "[[queues.consumers]]\nqueue = 'q'\n[[queues.consumers]]\nqueue = 'q'\n",
        /:8: the queue q has a consumer above/,
      ],
    ];
    for (const [toml, expected] of wrong) assert.throws(() => parse(toml), expected);
  });

  it("has one consumer for a queue in a server", async () => {
    const one = workerFolder(entry, flags, queues(""));
    const other = workerFolder(entry, flags, queues(""));
    other.write(
      "wrangler.toml",
      `name = "other"\nmain = "src/entry.py"\ncompatibility_date = "2026-11-01"\ncompatibility_flags = ["python_workers"]\n${queues("")}`,
    );
    const { code, err } = await commandEnd(["serve", one.path, other.path, "--port", "0"]);
    assert.equal(code, 1);
    assert.match(err, /the Worker test takes the messages of the queue jobs already; a queue has one consumer/);
    one.remove();
    other.remove();
  });
});
