// What forged_arguments_test.cc runs in a realm: calls of all that the engine and the bridge give it, with arguments that fit and that do not.
//
// For each argument there is a letter of what would fit, and now and then anything else stands in its place. A function that is not in the
// table gets anything. Evaluated to an object of two:
//   run(count)     makes so many calls
//   summary()      {NAME: [calls, how many of them returned]}
// What comes back, and what is thrown, must be of this realm; `blame(text)` is told of all else.
//
// Globals: engine, bridge, fibers (a module), seed, tlsCalls ([name, letters] ...), pem ([text ...]), collect(), say(text), blame(text).
(() => {
  const { apply } = Reflect;

  // Numbers: those of mulberry32, so that a seed says all.
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (count) => next() % count;
  const once = (count) => below(count) === 0;
  const pick = (list) => list[below(list.length)];
  const words = new Uint32Array(2);
  const anyDouble = () => {
    words[0] = next();
    words[1] = next();
    return new Float64Array(words.buffer)[0];
  };
  const edges = [0, 1, -1, 2, 3, 4, 7, 8, 16, 255, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 262144]
    .concat([
      2 ** 31 - 1,
      2 ** 31,
      -(2 ** 31),
      2 ** 32 - 1,
      2 ** 32 - 4,
      2 ** 32,
      -(2 ** 32),
      2 ** 53 - 1,
      2 ** 53,
      2 ** 63,
    ])
    .concat([-0, 0.5, -1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE, 1e300]);

  // Of the realm as it was: one of the calls seals it.
  const { Memory } = WebAssembly;
  const SharedBytes = globalThis.SharedArrayBuffer;
  // Memories, of which the first is the interpreter's, as far as this has one.
  const newMemory = (pages, more = {}) => new Memory({ initial: pages, maximum: 16, ...more });
  const kinds = [
    () => newMemory(4),
    () => newMemory(2),
    () => newMemory(1),
    () => newMemory(0),
    () => newMemory(1, { shared: true }),
    () => new Memory({ address: "i64", initial: 2n, maximum: 16n }),
  ];
  const memories = kinds.map((make) => make());
  const mainBytes = () => new Uint8Array(memories[0].buffer);
  const mainWords = () => new Int32Array(memories[0].buffer);
  const changeAMemory = () => {
    const which = below(memories.length);
    if (once(3) && which < 4) {
      const memory = memories[which];
      if (memory.buffer.byteLength <= 4 * 65536) memory.grow(1);
    } else {
      memories[which] = kinds[which]();
    }
  };

  // What calls have returned, by which others can be meant.
  const numbers = [1];
  const keep = (list, value) => {
    if (list.length < 40) list.push(value);
    else list[below(40)] = value;
  };
  const size = () => pick(memories).buffer.byteLength;
  const address = () =>
    pick([() => below(size() + 1), () => 4 * below(size() / 4 + 1), () => size() - below(64), () => below(4096)])();
  const number = () =>
    pick([() => pick(edges), () => pick(numbers), address, () => next() | 0, next, () => below(64), anyDouble])();

  // Objects, made anew each time: some end with the call.
  const rejected = [new Error("one"), undefined, "two"].map((reason) => Promise.reject(reason));
  for (const each of rejected) each.catch(() => {});
  const detached = () => {
    const buffer = new ArrayBuffer(100);
    buffer.transfer();
    return buffer;
  };
  const emptied = () => {
    const view = new Uint8Array(100);
    view.buffer.transfer();
    return view;
  };
  const shrunk = () => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 128 });
    const view = new Uint8Array(buffer, 32, 32);
    buffer.resize(below(64));
    return view;
  };
  const bytes = () =>
    pick([
      () => new Uint8Array(below(100)),
      () => new Uint8Array(memories[0].buffer),
      () => new Uint8Array(pick(memories).buffer),
      () => new Float64Array(below(2000)),
      () => new DataView(new ArrayBuffer(below(5000))),
      () => new Uint8Array(new SharedBytes(64, { maxByteLength: 128 })),
      () => new Uint16Array(new ArrayBuffer(64, { maxByteLength: 128 })),
      emptied,
      shrunk,
    ])();
  const buffers = () =>
    pick([() => new ArrayBuffer(below(9000)), detached, () => pick(memories).buffer, () => new SharedBytes(8)])();
  const text = () =>
    pick([
      () => "",
      () => "127.0.0.1",
      () => "\ud800\udc00\udfff",
      () => "\0",
      () => "\u20ac".repeat(below(3000)),
      () => "x".repeat(below(70000)),
      () => "libnone.so",
      () => "libempty.so",
      () => "__proto__",
    ])();
  const promise = () => pick([() => Promise.resolve(1), () => pick(rejected), () => new Promise(() => {})])();
  // Called from the event loop, where nobody catches what it throws.
  let told = 0;
  const listener = () => {
    const quiet = () => {
      told++;
      if (once(3)) collect();
    };
    return once(4) ? new Proxy(quiet, { apply: quiet }) : quiet;
  };
  const thrower = () => () => {
    throw new RangeError("thrown");
  };
  const traps = () => {
    const revocable = Proxy.revocable({}, {});
    revocable.revoke();
    return revocable.proxy;
  };
  // Does something to a buffer while it is looked at.
  const meddler = (buffer) => ({
    before: buffer,
    get middle() {
      pick([
        () => buffer.transfer(),
        () => buffer.resize(below(200)),
        () => collect(),
        () => {
          throw new Error("met");
        },
      ])();
      return 1;
    },
    behind: new Uint8Array(buffer),
  });
  const object = () =>
    pick([
      () => ({}),
      () => Array(3),
      () => new Date(0),
      () => new Map([[1, new Set([2])]]),
      () => Symbol("one"),
      () => Symbol.iterator,
      () => 12345678901234567890n,
      () => -(2n ** 70n),
      () => new Error("one", { cause: {} }),
      () => traps(),
      () => new Proxy([], {}),
      () => new Proxy({}, { get: thrower(), getPrototypeOf: thrower(), has: thrower() }),
      () => ({ [Symbol.toPrimitive]: thrower() }),
      () => ({ valueOf: () => below(100), toString: () => "7" }),
      () => meddler(new ArrayBuffer(100, { maxByteLength: 200 })),
      () => new WebAssembly.Table({ element: "externref", initial: 1 }),
      () => new WebAssembly.Global({ value: "i32" }, 1),
      () => fibers,
      () => globalThis,
      () => new WeakRef({}),
      () => engine,
    ])();
  const anything = () =>
    pick([
      number,
      number,
      object,
      bytes,
      buffers,
      text,
      promise,
      () => pick(memories),
      listener,
      () => undefined,
      () => null,
      () => true,
      () => false,
    ])();

  const letters = {
    m: () => (once(4) ? pick(memories) : memories[0]),
    a: address,
    n: () => pick([() => below(64), address, () => pick(edges)])(),
    h: () => pick(numbers),
    d: () => below(12) - 1,
    i: () => below(8) - 1,
    // Of the size of the snapshot.
    M: () => (once(2) ? kinds[1]() : letters.m()),
    // Of images there is one. Where it has a module, and its size.
    I: () => (once(4) ? number() : 0),
    V: () => (once(2) ? mainBytes() : bytes()),
    z: () => pick([0, 0, number()]),
    e: () => pick([8, 8, number()]),
    // How long to wait.
    w: () => pick([0, -1, 1, Number.NaN, undefined]),
    s: text,
    v: bytes,
    B: () => pick([bytes, buffers])(),
    p: promise,
    b: () => once(2),
    F: listener,
    o: anything,
  };

  // A place for words that lead to other places: of slices and of limits.
  const layWords = (...all) => {
    const at = 64 + 24 * below(40);
    mainWords().set(all, at / 4);
    return at;
  };
  const place = () => (once(5) ? address() | 0 : 2048 + 4 * below(64));

  // TLS: arguments and results in the format of marshal.
  const handles = { c: [7], x: [7], s: [7] };
  const marshalled = [];
  const put = (type, value) => {
    marshalled.push(type.charCodeAt(0), value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
  };
  const putBytes = (type, characters) => {
    put(type, once(30) ? number() | 0 : characters.length);
    for (let i = 0; i < characters.length; i++) marshalled.push(characters.charCodeAt(i) & 255);
  };
  const mangled = (whole) => {
    if (once(2) || whole === "") return whole;
    const at = below(whole.length);
    return pick([
      () => whole.slice(0, at),
      () => whole.slice(0, at) + String.fromCharCode(below(256)) + whole.slice(at + 1),
      () => whole + whole.slice(at),
    ])();
  };
  const putOne = (letter) => {
    if (once(20)) return pick([() => marshalled.push(78), () => put("(", below(3)), () => put("l", number() | 0)])();
    switch (letter) {
      case "i":
        return put("i", number() | 0);
      case "t":
      case "T":
        return putBytes(
          "u",
          pick(["P-256", "prime256v1", "localhost", "127.0.0.1", "1.2.840.113549", "ALL:@SECLEVEL=0", "é"]),
        );
      case "b":
      case "B":
        return putBytes(
          "s",
          pick([() => mangled(pick(pem)), () => "", () => "\x02h2\x08http/1.1", () => text().slice(0, 99)])(),
        );
      default:
        return put("i", pick(handles[letter] ?? numbers));
    }
  };
  const tlsCall = () => {
    const [name, types] = pick(tlsCalls);
    marshalled.length = 0;
    put("(", once(20) ? number() | 0 : types.length + 1);
    putBytes("u", name);
    for (const letter of types) putOne(letter);
    const at = 8192 + below(100);
    mainBytes().set(marshalled.slice(0, 60000), at);
    const found = call("tls_call", engine.tls_call, [memories[0], at, once(30) ? number() : marshalled.length]);
    if (!Number.isInteger(found)) return;
    const to = 100000 + below(100);
    call("tls_result", engine.tls_result, [memories[0], to, once(10) ? number() : found]);
    const result = mainBytes().subarray(to, to + 11);
    // (True, a number)
    if (result[5] !== 84 || result[6] !== 105) return;
    const handle = new DataView(result.buffer, result.byteOffset).getInt32(7, true);
    const kind = { context_new: "c", connection_new: "x", connection_session: "s" }[name];
    keep(kind === undefined ? numbers : handles[kind], handle);
  };
  // Two ends that talk, by way of a place for each; what one has sent the other one reads, and now and then a byte of it is another.
  const ways = [
    { at: 130000, used: 0 },
    { at: 165000, used: 0 },
  ];
  const tlsStep = () => {
    const side = below(2);
    const [input, output] = side === 0 ? ways : [ways[1], ways[0]];
    const room = 30000 - output.used;
    const fields = [pick(handles.x), below(7), 200000, below(20000), input.at, input.used, once(30) ? 1 : 0];
    fields.push(output.at + output.used, room);
    if (once(8)) fields[below(fields.length)] = number() | 0;
    const step = 4096 + 4 * below(100);
    mainWords().set(fields, step / 4);
    if (once(20)) mainBytes()[input.at + below(input.used + 1)] ^= 1 << below(8);
    call("tls_step", engine.tls_step, [memories[0], once(30) ? number() : step]);
    const [inputUsed, outputUsed] = mainWords().subarray(step / 4 + 11, step / 4 + 13);
    if (outputUsed > 0 && outputUsed <= room) output.used += outputUsed;
    if (inputUsed > 0 && inputUsed <= input.used) {
      mainBytes().copyWithin(input.at, input.at + inputUsed, input.at + input.used);
      input.used -= inputUsed;
    }
    if (once(100)) ways[0].used = ways[1].used = 0;
  };

  // A fiber's life: the gate's two imports are called by wasm alone.
  const instance = new WebAssembly.Instance(fibers, {
    engine,
    test: {
      call: (target) => {
        if (typeof target === "function") target();
      },
    },
  });
  const promising = ["run", "wait", "wait_catching", "through_js", "peek"].map((name) => [
    name,
    WebAssembly.promising(instance.exports[name]),
  ]);
  const fiber = () => {
    const [name, run] = pick(promising);
    const value = once(3) ? anything() : promise();
    const given = name === "peek" || name === "through_js" ? [value] : [once(20) ? -below(9) : below(500), value];
    const ended = call(`wasm ${name}`, run, given);
    ended?.catch?.(() => {});
    if (once(3)) call("wake", engine.wake, [below(500)]);
  };

  // Several interpreters' sockets, of which some are forgotten with all that they have open.
  const sockets = [engine.new_sockets(), engine.new_sockets(), engine.new_sockets()];
  for (const one of sockets) one.socket_attach(memories[0], listener());
  const renewSockets = () => {
    const fresh = call("new_sockets", engine.new_sockets, []);
    // The engine has ended.
    if (fresh === undefined) return;
    call("socket_attach", fresh.socket_attach, [memories[0], listener()]);
    call("socket_open_pair", fresh.socket_open_pair, [0, 1]);
    sockets[below(sockets.length)] = fresh;
  };
  const socketLetters = {
    socket_attach: "mF",
    socket_open: "diii",
    socket_open_pair: "dd",
    socket_duplicate: "dd",
    socket_close: "d",
    socket_connect: "dan",
    socket_bind: "dan",
    socket_receive: "dani",
    socket_send: "dani",
    socket_shutdown: "di",
    socket_name: "diaa",
    socket_get_option: "diiaa",
    socket_set_option: "diian",
    socket_poll: "aiw",
    socket_watch: "dii",
    socket_unwatch: "i",
    socket_refusal: "an",
    lookup_start: "ananiiii",
    lookup_start_name: "ani",
    lookup_await: "hwi",
    lookup_read: "hai",
    lookup_canonical_name: "han",
    lookup_service: "han",
    lookup_drop: "h",
  };
  // What waits at most a millisecond here: the thread is this test's.
  const waits = { socket_poll: 2, lookup_await: 1 };

  const engineLetters = {
    promise_state: "p",
    promise_result: "p",
    memory_release: "man",
    fiber_counts: "ma",
    watch_slices: "ma",
    watch_limits: "ma",
    snapshot_notes: "",
    snapshot_size: "",
    snapshot_map: "M",
    snapshot_save: "ms",
    image_size: "I",
    image_read: "IVzez",
    image_module: "Izeb",
    checkpoint_take: "maa",
    checkpoint_restore: "m",
    library_module: "sb",
    context_enter: "h",
    context_drop: "h",
    trace_transition: "iiii",
    stack_budget: "i",
    wake: "i",
  };
  const bridgeLetters = {
    call: "sooo",
    listen: "F",
    encodeUtf8: "s",
    decodeUtf8: "Bb",
    decodeLatin1: "B",
    decodeUtf16: "B",
    markPrototype: "o",
  };

  const calls = new Map();
  const isForeign = (value) =>
    ((typeof value === "object" && value !== null) || typeof value === "function") && !(value instanceof Object);
  const shown = (value) => {
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value === "string") return `a text of ${value.length}`;
    return typeof value === "object" && value !== null ? "an object" : typeof value;
  };
  const call = (name, target, given) => {
    say(`${name}(${given.map(shown).join(", ")})`);
    const counts = calls.get(name) ?? [0, 0];
    calls.set(name, counts);
    counts[0]++;
    let result;
    try {
      result = apply(target, undefined, given);
      counts[1]++;
    } catch (error) {
      if (!(error instanceof Error)) blame(`${name} throws what is no error of the realm`);
      return undefined;
    }
    if (isForeign(result)) blame(`${name} returns an object of another realm`);
    return result;
  };
  const forge = (fitting) => {
    if (fitting === undefined) return Array.from({ length: below(7) }, anything);
    const given = Array.from(fitting, (letter) => (once(8) ? anything() : letters[letter]()));
    if (once(20)) given.length = below(given.length + 1);
    return given;
  };
  const callOneOf = (functions, table) => {
    const name = pick(Object.keys(functions).filter((each) => typeof functions[each] === "function"));
    const given = forge(table[name]);
    if (name in waits) given[waits[name]] = letters.w();
    const result = call(name, functions[name], given);
    if (typeof result === "number") keep(numbers, result);
  };
  const clone = () => {
    const buffer = new ArrayBuffer(100, { maxByteLength: 200 });
    const value = once(2) ? meddler(buffer) : anything();
    const list = once(3) ? anything() : once(2) ? [buffer] : [buffer, buffers()];
    const copy = once(2) ? () => anything() : thrower();
    call("structuredClone", bridge.structuredClone, [value, list, thrower(), once(20) ? anything() : copy]);
  };
  const watched = () => {
    const at = once(2)
      ? layWords(below(2), below(9), below(2), place(), place(), place())
      : layWords(0, 0, 0, 0, place(), place());
    call("watch_slices", engine.watch_slices, [memories[0], at]);
    call("watch_limits", engine.watch_limits, [memories[0], at]);
  };
  const steps = [
    () => callOneOf(engine, engineLetters),
    () => callOneOf(engine, engineLetters),
    () => callOneOf(engine, engineLetters),
    () => callOneOf(engine, engineLetters),
    () => callOneOf(pick(sockets), socketLetters),
    () => callOneOf(pick(sockets), socketLetters),
    () => callOneOf(bridge, bridgeLetters),
    clone,
    watched,
    tlsCall,
    tlsCall,
    tlsStep,
    tlsStep,
    tlsStep,
    fiber,
  ];

  // Where the stack ends, which is anywhere within a step.
  let left = 0;
  const descend = () => {
    try {
      descend();
    } catch {
      left = 3;
    }
    if (left === 0) return;
    left--;
    try {
      // Not the last: nobody may get to handle what its promise is rejected with.
      steps[below(steps.length - 1)]();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  };

  const run = (count) => {
    for (let i = 0; i < count; i++) {
      pick(steps)();
      if (once(200)) descend();
      if (once(50)) changeAMemory();
      if (once(100)) renewSockets();
      if (once(1000)) collect();
      // What the engine may write is any byte of it.
      mainBytes()[below(mainBytes().length)] = below(256);
    }
  };
  return { run, summary: () => JSON.stringify(Object.fromEntries(calls)), memories, told: () => told };
})();
