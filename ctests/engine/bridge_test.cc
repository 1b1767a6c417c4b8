#include "jspi/engine/bridge.h"

#include <memory>

#include "ctests/engine/engine_test.h"
#include "ctests/engine/little_memory.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// A realm with the guest's end as `bridge`, and the host with its end as `host`; the handler is `handle`, which echoes.
class BridgeTest : public EngineTest {
 protected:
  BridgeTest() : realm_(NewRealm()) {
    Eval(host_, "var seen = []; var handle = (op, ...values) => { seen = values; return values[0]; };");
    const auto handler = Eval(host_, "(...args) => handle(...args)").As<v8::Function>();
    bridge_ = Register(isolate_, std::make_unique<Bridge>(host_, realm_, handler, 0));
    bridge_->Install("bridge");
    SetGlobal(host_, "host", bridge_->NewHostEnd());
    Eval(realm_, "var seen = []; bridge.listen((op, ...values) => { seen = values; return values[0]; })");
  }

  const v8::Local<v8::Context> realm_;
  Bridge* bridge_;
};

TEST_F(BridgeTest, CarriesTheOperationAndAllValues) {
  Eval(host_, "handle = (...all) => JSON.stringify(all)");
  EXPECT_EQ(EvalText(realm_, "bridge.call('op', 1, 'two', null, true)"), R"(["op",1,"two",null,true])");
  EXPECT_EQ(EvalText(realm_, "bridge.call()"), "[]");
  Eval(realm_, "bridge.listen((...all) => JSON.stringify(all))");
  EXPECT_EQ(EvalText(host_, "host.send('op', 1, 'two', null, true)"), R"(["op",1,"two",null,true])");
}

TEST_F(BridgeTest, CarriesPrimitivesAsTheyAre) {
  for (const char* value : {"undefined", "null", "true", "false", "0", "-0", "1.5", "NaN", "-Infinity", "2 ** 53",
                            "12345678901234567890n", "''", "'text'", R"('\u00e9\u{1f40d}\0')", R"('\ud800')"}) {
    const std::string source = value;
    EXPECT_TRUE(EvalTrue(realm_, "Object.is(bridge.call('echo', " + source + "), " + source + ")")) << source;
    EXPECT_TRUE(EvalTrue(host_, "Object.is(seen[0], " + source + ")")) << source;
    EXPECT_TRUE(EvalTrue(host_, "Object.is(host.send('echo', " + source + "), " + source + ")")) << source;
    EXPECT_TRUE(EvalTrue(realm_, "Object.is(seen[0], " + source + ")")) << source;
  }
}

TEST_F(BridgeTest, CarriesBytesOfEveryKindAsAUint8ArrayOfTheReceiver) {
  const char* is_own =
      "(value) => Object.getPrototypeOf(value) === Uint8Array.prototype && "
      "Object.getPrototypeOf(value.buffer) === ArrayBuffer.prototype && value.byteOffset === 0";
  for (const v8::Local<v8::Context>& context : {host_, realm_}) {
    Eval(context, std::string("var isOwn = ") + is_own);
    Eval(context, "var buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer");
  }
  struct {
    const char* source;
    const char* bytes;
  } const kCases[] = {
      {"buffer", "1,2,3,4,5,6,7,8"},
      {"new Uint8Array(buffer)", "1,2,3,4,5,6,7,8"},
      {"new Uint8Array(buffer, 2, 3)", "3,4,5"},
      {"new DataView(buffer, 6)", "7,8"},
      {"new Uint16Array(buffer, 2, 1)", "3,4"},
      {"new Float64Array(buffer)", "1,2,3,4,5,6,7,8"},
      {"new Uint8Array(0)", ""},
      {"new ArrayBuffer(0)", ""},
      {"new Uint8Array(buffer).subarray(8)", ""},
      {"new Uint8Array(new ArrayBuffer(2, { maxByteLength: 8 }))", "0,0"},
      {"new Uint8Array(new SharedArrayBuffer(2))", "0,0"},
      {"(() => { const b = new Uint8Array(4); structuredCloneOrTransfer(b.buffer); return b; })()", ""},
  };
  const char* transfer = "var structuredCloneOrTransfer = (buffer) => buffer.transfer()";
  Eval(host_, transfer);
  Eval(realm_, transfer);
  for (const auto& test : kCases) {
    const std::string source = test.source;
    EXPECT_EQ(EvalText(realm_, "var back = bridge.call('echo', " + source + "); back.join()"), test.bytes) << source;
    EXPECT_TRUE(EvalTrue(realm_, "isOwn(back)")) << source;
    EXPECT_EQ(EvalText(host_, "seen[0].join()"), test.bytes) << source;
    EXPECT_TRUE(EvalTrue(host_, "isOwn(seen[0])")) << source;
    EXPECT_EQ(EvalText(host_, "host.send('echo', " + source + ").join()"), test.bytes) << source;
    EXPECT_TRUE(EvalTrue(realm_, "isOwn(seen[0])")) << source;
  }
}

TEST_F(BridgeTest, CopiesBytes) {
  Eval(realm_, "var mine = Uint8Array.of(1, 2); bridge.call('echo', mine); mine[0] = 9");
  EXPECT_EQ(EvalText(host_, "seen[0].join()"), "1,2");
  Eval(host_, "seen[0][1] = 9");
  EXPECT_EQ(EvalText(realm_, "mine.join()"), "9,2");
  Eval(host_, "var kept = Uint8Array.of(5); handle = () => kept");
  EXPECT_EQ(EvalText(realm_, "bridge.call('get')[0] = 6"), "6");
  EXPECT_EQ(EvalText(host_, "kept.join()"), "5");
}

TEST_F(BridgeTest, RefusesEverythingElse) {
  struct {
    const char* source;
    const char* kind;
  } const kCases[] = {
      {"{}", "an object"},
      {"[1]", "an array"},
      {"() => 1", "a function"},
      {"class {}", "a function"},
      {"Symbol('s')", "a symbol"},
      {"Symbol.iterator", "a symbol"},
      {"Promise.resolve(1)", "a promise"},
      {"new Error('e')", "an object"},
      {"new String('boxed')", "an object"},
      {"new Map()", "an object"},
      {"new Proxy(new Uint8Array(1), {})", "an object"},
      {"Object.create(Uint8Array.prototype)", "an object"},
      {"new SharedArrayBuffer(1)", "an object"},
      {"globalThis", "an object"},
  };
  for (const auto& test : kCases) {
    const std::string value = std::string("(") + test.source + ")";
    const std::string rule = std::string(test.kind) + ": only primitives and bytes cross";
    Eval(host_, "seen = 'not called'");
    Eval(realm_, "seen = 'not called'");
    EXPECT_EQ(EvalError(realm_, "bridge.call('op', 1, " + value + ")"),
              "TypeError: argument 2 of the bridge is " + rule);
    EXPECT_EQ(EvalError(host_, "host.send(" + value + ")"), "TypeError: argument 0 of the bridge is " + rule);
    EXPECT_EQ(EvalText(host_, "seen") + EvalText(realm_, "seen"), "not callednot called");

    const std::string returned = "TypeError: the other end of the bridge returned " + rule;
    Eval(host_, "handle = () => " + value);
    EXPECT_EQ(EvalError(realm_, "bridge.call('op')"), returned);
    Eval(realm_, "bridge.listen(() => " + value + ")");
    EXPECT_EQ(EvalError(host_, "host.send('op')"), returned);
    Eval(host_, "handle = (op, ...values) => { seen = values; }");
    Eval(realm_, "bridge.listen((op, ...values) => { seen = values; })");
  }
}

TEST_F(BridgeTest, CarriesNoErrorThatIsTooLongForAString) {
  Eval(host_, "handle = (op, text) => { throw new RangeError(`no ${text}`) }");
  // Of 280 million characters, which are twice as many bytes of UTF-8.
  EXPECT_EQ(EvalText(realm_, R"js(
    let found;
    try {
      bridge.call("op", "\u00e9".repeat(280_000_000));
    } catch (error) {
      found = error;
    }
    [found instanceof RangeError, found.message.slice(0, 5), found.message.length]
  )js"),
            "true,no \u00e9\u00e9,32769");
  CollectGarbage();
}

TEST_F(BridgeTest, RefusesBytesForWhichThereIsNoMemory) {
  Eval(realm_, "var large = new Uint8Array(256 << 20)");
  {
    const LittleMemory little(size_t{64} << 20);
    EXPECT_EQ(EvalError(realm_, "bridge.call('op', large)"),
              "RangeError: argument 1 of the bridge is more bytes than there is memory for");
    EXPECT_EQ(EvalError(realm_, "bridge.call('op', large.buffer)"),
              "RangeError: argument 1 of the bridge is more bytes than there is memory for");
  }
  Eval(host_, "var large = new Uint8Array(256 << 20); handle = () => large");
  {
    const LittleMemory little(size_t{64} << 20);
    EXPECT_EQ(EvalError(realm_, "bridge.call('op')"),
              "RangeError: the other end of the bridge returned more bytes than there is memory for");
  }
  Eval(host_, "large = undefined; handle = (op, value) => value");
  EXPECT_EQ(EvalInt(realm_, "bridge.call('op', large.subarray(0, 5)).length"), 5);
  Eval(realm_, "large = undefined");
}

TEST_F(BridgeTest, GivesTheGuestNoErrorOfTheHost) {
  struct {
    const char* thrown;
    const char* text;
    const char* constructor;
  } const kCases[] = {
      {"new Error('plain')", "Error: plain", "Error"},
      {"new RangeError('range')", "RangeError: range", "RangeError"},
      {"new TypeError('type')", "TypeError: type", "TypeError"},
      {"new SyntaxError('syntax')", "SyntaxError: syntax", "SyntaxError"},
      {"new (class Own extends RangeError { name = 'Own' })('own')", "Error: own", "Error"},
      {"new URIError('uri')", "Error: uri", "Error"},
      {"Object.assign(new Error('coded'), { secret: 'host' })", "Error: coded", "Error"},
      {"new Error('')", "Error: an error of the host", "Error"},
      {"'a string'", "Error: an error of the host", "Error"},
      {"undefined", "Error: an error of the host", "Error"},
      {"{ message: 1 }", "Error: an error of the host", "Error"},
      {"{ message: 'like one', name: 'TypeError' }", "TypeError: like one", "TypeError"},
      {"{ get message() { throw 1; } }", "Error: an error of the host", "Error"},
  };
  for (const auto& test : kCases) {
    Eval(host_, std::string("handle = () => { throw ") + test.thrown + "; }");
    EXPECT_EQ(EvalText(realm_, "var caught; try { bridge.call('op') } catch (e) { caught = e } caught"), test.text);
    EXPECT_TRUE(EvalTrue(realm_, std::string("Object.getPrototypeOf(caught) === ") + test.constructor + ".prototype"))
        << test.thrown;
    EXPECT_TRUE(EvalTrue(realm_, "caught.constructor.constructor === Function")) << test.thrown;
    EXPECT_EQ(EvalText(realm_, "Object.getOwnPropertyNames(caught).sort().join()"), "message,stack") << test.thrown;
  }
}

TEST_F(BridgeTest, GivesTheHostTheTextOfWhatTheGuestThrew) {
  const auto caught = [this](const std::string& thrown) {
    Eval(realm_, "bridge.listen(function listener() { throw " + thrown + "; })");
    return EvalText(host_, R"js(
      var caught; try { host.send('op') } catch (e) { caught = e }
      if (Object.getPrototypeOf(caught) !== Error.prototype) throw new Error("not an error of the host");
      caught.message
    )js");
  };
  const std::string text = caught("new RangeError('mine')");
  EXPECT_TRUE(text.starts_with("RangeError: mine\n    at listener")) << text;
  EXPECT_EQ(caught("'a string'"), "Uncaught a string");
  EXPECT_EQ(caught("null"), "Uncaught null");
  EXPECT_EQ(caught("Object.assign(new Error('x'), { stack: 'own stack' })"), "own stack");
  EXPECT_EQ(caught("Object.defineProperty(new Error('x'), 'stack', { get() { throw 1; } })"), "Uncaught Error: x");
  EXPECT_EQ(caught("Object.assign(new Error('x'), { stack: {} })"), "Uncaught Error: x");
  EXPECT_EQ(caught("Object.assign(new Error('x'), { stack: 'y'.repeat(100000) })"), std::string(64 * 1024, 'y'));
}

TEST_F(BridgeTest, PassesErrorsThroughBothWays) {
  Eval(host_, "handle = () => { throw new RangeError('from the host'); }");
  Eval(realm_, "bridge.listen(() => bridge.call('op'))");
  EXPECT_TRUE(
      EvalTrue(host_, "try { host.send('op') } catch (e) { e.message.startsWith('RangeError: from the host\\n') }"));
}

TEST_F(BridgeTest, WorksOnWhileOneEndWaitsForTheOther) {
  Eval(host_, "handle = (op, n) => (n > 0 ? host.send('down', n - 1) : 'bottom')");
  Eval(realm_, "bridge.listen((op, n) => bridge.call('down', n))");
  EXPECT_EQ(EvalText(realm_, "bridge.call('down', 20)"), "bottom");
}

TEST_F(BridgeTest, IsBornInTheGuestsRealm) {
  EXPECT_TRUE(EvalTrue(realm_, "Object.getPrototypeOf(bridge) === Object.prototype"));
  EXPECT_EQ(EvalText(realm_, "Object.keys(bridge).join()"),
            "call,listen,encodeUtf8,decodeUtf8,decodeLatin1,decodeUtf16,markPrototype,structuredClone");
  EXPECT_TRUE(EvalTrue(realm_, R"js(
    Object.values(bridge).every(
      (f) => Object.getPrototypeOf(f) === Function.prototype && !Object.hasOwn(f, "prototype"))
  )js"));
  EXPECT_TRUE(EvalTrue(host_, "Object.getPrototypeOf(host) === Object.prototype"));
}

TEST_F(BridgeTest, IsAHiddenPropertyThatCanBeDeleted) {
  EXPECT_FALSE(EvalTrue(realm_, "Object.keys(globalThis).includes('bridge')"));
  EXPECT_TRUE(EvalTrue(realm_, "delete globalThis.bridge && typeof bridge === 'undefined'"));
}

TEST_F(BridgeTest, TakesTheLastListener) {
  Eval(realm_, "bridge.listen(() => 'first'); bridge.listen(() => 'second')");
  EXPECT_EQ(EvalText(host_, "host.send('op')"), "second");
  EXPECT_EQ(EvalError(realm_, "bridge.listen({})"), "TypeError: listen needs a function");
  EXPECT_EQ(EvalError(realm_, "bridge.listen()"), "TypeError: listen needs a function");
  EXPECT_EQ(EvalText(host_, "host.send('op')"), "second");
}

TEST_F(BridgeTest, SaysThatNobodyListens) {
  const v8::Local<v8::Context> realm = NewRealm();
  const auto handler = Eval(host_, "() => {}").As<v8::Function>();
  auto* bridge = Register(isolate_, std::make_unique<Bridge>(host_, realm, handler, 0));
  SetGlobal(host_, "host", bridge->NewHostEnd());
  EXPECT_EQ(EvalError(host_, "host.send('op')"), "Error: the guest does not listen on its bridge yet");
}

// V8's stack of the main thread, without flags.
constexpr uint32_t kStackBytes = 984 * 1024;

TEST_F(BridgeTest, RefusesAGuestThatHasUsedTheStackUpBeforeTheHostRuns) {
  Eval(host_, R"(
    var entered = 0, left = 0;
    var burn = (depth) => depth > 0 ? burn(depth - 1) : 0;
    handle = () => { entered++; burn(500); left++; return true; };
  )");
  const auto handler = Eval(host_, "() => handle()").As<v8::Function>();
  for (const uint32_t stack_bytes : {kStackBytes, 0u}) {
    const v8::Local<v8::Context> realm = NewRealm();
    Bridge* bridge = Register(isolate_, std::make_unique<Bridge>(host_, realm, handler, stack_bytes));
    bridge->Install("bridge");
    Eval(host_, "entered = left = 0");
    Eval(realm, "function deep() { try { bridge.call('op'); } catch (error) { return error; } return deep(); }");
    Eval(realm, "var error; try { error = deep(); } catch (thrown) { error = thrown; }");
    EXPECT_EQ(EvalText(realm, "String(error)"), "RangeError: Maximum call stack size exceeded");
    EXPECT_TRUE(EvalTrue(realm, "error.constructor === RangeError"));
    EXPECT_TRUE(EvalTrue(host_, "entered > 100"));
    // Without a size the bridge cannot know, and an operation is cut off halfway.
    EXPECT_EQ(EvalTrue(host_, "entered === left"), stack_bytes != 0);
  }
}

TEST_F(BridgeTest, IsClosedAfterDispose) {
  Eval(host_, "host.dispose(); host.dispose()");
  EXPECT_EQ(EvalError(realm_, "bridge.call('op')"), "Error: the bridge to the host is closed");
  EXPECT_EQ(EvalError(realm_, "bridge.listen(() => {})"), "Error: the bridge to the host is closed");
  EXPECT_EQ(EvalError(host_, "host.send('op')"), "Error: the bridge to the guest is closed");
  EXPECT_EQ(EvalText(realm_, "bridge.encodeUtf8('a').join()"), "97");
}

TEST_F(BridgeTest, CanBeClosedDuringACall) {
  Eval(host_, "handle = () => { host.dispose(); return Uint8Array.of(1); }");
  EXPECT_EQ(EvalText(realm_, "bridge.call('op').join()"), "1");
  EXPECT_EQ(EvalError(realm_, "bridge.call('op')"), "Error: the bridge to the host is closed");
}

// Neither end can hold up the end of its thread.
TEST_F(BridgeTest, LetsATerminationPass) {
  SetGlobal(host_, "terminate",
            NewFunction(
                host_, [](const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetIsolate()->TerminateExecution(); },
                v8::Undefined(isolate_)));
  Eval(host_, "handle = () => { terminate(); for (;;) {} }");
  Eval(realm_, "var caught = false; bridge.listen(() => { try { bridge.call('op') } catch { caught = true } })");
  {
    v8::TryCatch outer(isolate_);
    v8::Local<v8::Value> send = Eval(host_, "host.send");
    EXPECT_TRUE(send.As<v8::Function>()->Call(host_, v8::Undefined(isolate_), 0, nullptr).IsEmpty());
    EXPECT_TRUE(outer.HasTerminated());
    isolate_->CancelTerminateExecution();
    outer.Reset();
  }
  EXPECT_FALSE(EvalTrue(realm_, "caught"));
}

}  // namespace
}  // namespace blockon
