#include <node.h>
#include <uv.h>

#include <string>

#include "ctests/engine/engine_test.h"
#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// Errors are in the guest's numbers (jspi/net/guest_errno.h): 6 EAGAIN, 8 EBADF, 21 EFAULT, 28 EINVAL ...
class SocketsTest : public EngineTest {
 protected:
  explicit SocketsTest(const EngineOptions& options = {}) : realm_(NewRealm()), engine_(NewEngine(realm_, options)) {
    Eval(realm_, R"(
      var s = engine.new_sockets();
      var memory = new WebAssembly.Memory({ initial: 1 });
      var bytes = new Uint8Array(memory.buffer);
      var words = new Int32Array(memory.buffer);
      s.socket_attach(memory, () => {});
      var end = 65536;
      // A sockaddr_in at address 64.
      var address = (port, ...host) => { bytes.set([2, 0, port >> 8, port & 255, ...host], 64); return 64; };
      var text = (start, size) => String.fromCharCode(...bytes.subarray(start, start + size));
    )");
  }

  const v8::Local<v8::Context> realm_;
  Engine* const engine_;
};

TEST_F(SocketsTest, CarriesBytesBetweenTheTwoOfAPair) {
  EXPECT_EQ(EvalInt(realm_, "s.socket_open_pair(7, 9)"), 0);
  EXPECT_EQ(EvalInt(realm_, "s.socket_receive(9, 0, 10, 0)"), -6);
  EXPECT_EQ(EvalInt(realm_, "bytes.set([1, 2, 3], 0); s.socket_send(7, 0, 3, 0)"), 3);
  EXPECT_EQ(EvalInt(realm_, "s.socket_receive(9, 100, 10, 2)"), 3) << "a look";
  EXPECT_EQ(EvalInt(realm_, "s.socket_receive(9, 200, 10, 0)"), 3);
  EXPECT_EQ(EvalText(realm_, "bytes.subarray(100, 104) + ' ' + bytes.subarray(200, 204)"), "1,2,3,0 1,2,3,0");
  EXPECT_EQ(EvalInt(realm_, "s.socket_close(7)"), 0);
  EXPECT_EQ(EvalInt(realm_, "s.socket_receive(9, 0, 10, 0)"), 0);
  EXPECT_EQ(EvalInt(realm_, "s.socket_send(9, 0, 3, 0)"), -64) << "EPIPE, and no signal";
  EXPECT_EQ(EvalInt(realm_, "s.socket_close(9)"), 0);
}

TEST_F(SocketsTest, PollsWithoutALoop) {
  Eval(realm_, "s.socket_open_pair(7, 9)");
  EXPECT_EQ(EvalInt(realm_, "words.set([7, 1, 9, 5, 77, 1, -1, 1], 0); s.socket_poll(0, 4, 0)"), 2);
  EXPECT_EQ(EvalText(realm_, "[1, 3, 5, 7].map(i => words[i] >> 16).join()"), "0,4,32,0");
  EXPECT_EQ(EvalInt(realm_, "words.set([7, 1], 0); s.socket_poll(0, 1, 10)"), 0);
  EXPECT_EQ(EvalInt(realm_, "s.socket_poll(end - 8, 2, 0)"), -21);
  EXPECT_EQ(EvalInt(realm_, "s.socket_poll(0, 1 << 30, 0)"), -28);
}

// Wasm loads and stores at any address, and its host must not mind (the preset ubsan looks).
TEST_F(SocketsTest, ReadsAndWritesAtAnyAddress) {
  Eval(realm_, R"(
    s.socket_open_pair(7, 9);
    var view = new DataView(memory.buffer);
    var number = (at) => view.getInt32(at, true);
  )");
  EXPECT_EQ(EvalText(realm_, R"(
    view.setInt32(1, 7, true); view.setInt16(5, 4, true); view.setInt16(7, 0, true);
    [s.socket_poll(1, 1, 0), view.getInt16(7, true)]
  )"),
            "1,4");
  EXPECT_EQ(EvalText(realm_, R"(
    var many = Array.from({ length: 20 }, (_, i) => 101 + 8 * i);
    for (const at of many) { view.setInt32(at, 7, true); view.setInt32(at + 4, 4, true); }
    [s.socket_poll(101, 20, 0), ...new Set(many.map((at) => view.getInt16(at + 6, true)))]
  )"),
            "20,4");
  EXPECT_EQ(EvalText(realm_,
                     "view.setInt32(301, 4, true); [s.socket_get_option(7, 1, 4, 311, 301), number(301), number(311)]"),
            "0,4,0")
      << "SO_ERROR";
  EXPECT_EQ(EvalText(realm_, "view.setInt32(401, 2, true); [s.socket_name(7, 0, 411, 401), number(401), bytes[411]]"),
            "0,2,1")
      << "AF_UNIX";
  EXPECT_EQ(EvalText(realm_, R"(
    bytes.set([49, 50, 55, 46, 49], 501);
    var lookup = s.lookup_start(501, 5, 0, 0, 2, 1, 0, 0);
    [s.lookup_await(lookup, 0, 0), s.lookup_read(lookup, 601, 1), number(601), bytes.subarray(621, 625)].join()
  )"),
            "1,1,2,127,0,0,1");
}

TEST_F(SocketsTest, TellsOfAClosedSocketFromTheLoopAlone) {
  Eval(realm_, R"(
    var told = [];
    s.socket_attach(memory, (token) => told.push(token));
    s.socket_open_pair(7, 9);
    [5, 6, 8].forEach((token) => s.socket_watch(7, 1, token));
  )");
  EXPECT_EQ(EvalInt(realm_, "s.socket_close(7)"), 0);
  EXPECT_EQ(EvalText(realm_, "told"), "") << "the guest is in a call of its own";
  EXPECT_EQ(engine_->sockets().under_way(), 3u);
  Eval(realm_, "s.socket_unwatch(6)");
  EXPECT_EQ(engine_->sockets().under_way(), 2u);
  uv_run(node::GetCurrentEventLoop(isolate_), UV_RUN_NOWAIT);
  EXPECT_EQ(EvalText(realm_, "told"), "5,8");
  EXPECT_EQ(engine_->sockets().under_way(), 0u);
}

TEST_F(SocketsTest, TellsAllThatAreReadyWhateverOneOfThemDoes) {
  Eval(realm_, R"(
    var told = [];
    s.socket_attach(memory, (token) => {
      told.push(token);
      s.socket_close(9);
    });
    s.socket_open_pair(7, 9);
    s.socket_watch(9, 1, 5);
    s.socket_watch(9, 1, 6);
    s.socket_send(7, 0, 1, 0);
  )");
  uv_run(node::GetCurrentEventLoop(isolate_), UV_RUN_NOWAIT);
  EXPECT_EQ(EvalText(realm_, "told"), "5,6");
  EXPECT_EQ(engine_->sockets().under_way(), 0u);
}

TEST_F(SocketsTest, TakesNoSharedMemory) {
  EXPECT_EQ(
      EvalError(realm_, "s.socket_attach(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }), () => {})"),
      "TypeError: socket_attach needs a WebAssembly.Memory that is not shared and a function");
}

TEST_F(SocketsTest, RefusesDescriptorsThatAreNoSocket) {
  Eval(realm_, "s.socket_open_pair(7, 9); s.socket_close(7)");
  for (const char* call :
       {"s.socket_close(7)", "s.socket_close(0)", "s.socket_close(-1)", "s.socket_receive(7, 0, 1, 0)",
        "s.socket_send(1, 0, 1, 0)", "s.socket_shutdown(2, 0)", "s.socket_connect(7, address(1, 127, 0, 0, 1), 16)",
        "s.socket_bind(7, address(0, 127, 0, 0, 1), 16)", "s.socket_duplicate(7, 11)", "s.socket_watch(7, 1, 1)",
        "s.socket_open_pair(9, 12)", "s.socket_open(9, 2, 1, 0)", "s.socket_open(-2, 2, 1, 0)"}) {
    EXPECT_EQ(EvalInt(realm_, call), -8) << call;
  }
}

TEST_F(SocketsTest, OpensStreamsOfTheInternetAlone) {
  EXPECT_EQ(EvalInt(realm_, "s.socket_open(3, 2, 1, 0)"), 0);
  EXPECT_EQ(EvalInt(realm_, "s.socket_open(4, 10, 1 | 2048 | 524288, 6)"), 0);
  for (const char* call : {"s.socket_open(5, 1, 1, 0)", "s.socket_open(5, 16, 1, 0)", "s.socket_open(5, 17, 1, 0)"}) {
    EXPECT_EQ(EvalInt(realm_, call), -5) << call;
  }
  for (const char* call : {"s.socket_open(5, 2, 2, 0)", "s.socket_open(5, 2, 3, 0)", "s.socket_open(5, 2, 1, 132)"}) {
    EXPECT_EQ(EvalInt(realm_, call), -66) << call;
  }
}

TEST_F(SocketsTest, TouchesNothingButTheMemory) {
  Eval(realm_, "s.socket_open_pair(7, 9); s.socket_open(3, 2, 1, 0)");
  for (const char* call :
       {"s.socket_receive(7, end - 1, 2, 0)", "s.socket_receive(7, end + 1, 0, 0)", "s.socket_receive(7, 1, -1, 0)",
        "s.socket_receive(7, -1, 8, 0)", "s.socket_send(7, end - 4, 8, 0)", "s.socket_send(7, -16, 8, 0)",
        "s.socket_connect(3, end - 8, 16)", "s.socket_bind(3, end - 8, 16)",
        "words[0] = 16; s.socket_name(3, 0, end - 4, 0)", "s.socket_name(3, 0, 0, end - 2)",
        "words[0] = -1; s.socket_name(3, 0, 8, 0)", "words[0] = 4; s.socket_get_option(3, 1, 4, end - 2, 0)",
        "s.socket_set_option(3, 1, 2, end - 2, 4)"}) {
    EXPECT_EQ(EvalInt(realm_, call), -21) << call;
  }
  EXPECT_EQ(EvalInt(realm_, "s.socket_connect(3, 64, 1000)"), -28);
  EXPECT_EQ(EvalInt(realm_, "s.socket_connect(3, 64, 0)"), -28);
  EXPECT_LT(EvalInt(realm_, "s.lookup_start(end - 2, 8, 0, 0, 0, 1, 0, 0)"), 0);
}

TEST_F(SocketsTest, BindsNoNameOfTheHost) {
  Eval(realm_, "s.socket_open_pair(7, 9); s.socket_open(3, 2, 1, 0)");
  EXPECT_EQ(EvalInt(realm_, "bytes.set([1, 0, 47, 116, 109, 112, 47, 120, 0], 64); s.socket_bind(7, 64, 9)"), -5);
  EXPECT_EQ(EvalInt(realm_, "s.socket_bind(3, address(80, 127, 0, 0, 1), 16)"), -2);
  EXPECT_EQ(EvalInt(realm_, "s.socket_bind(3, address(0, 127, 0, 0, 1), 16)"), 0);
}

TEST_F(SocketsTest, LooksUpNoNameWithMoreBehindIt) {
  for (const char* name : {"1.1.1.1\\0.example.com", "1.1.1.1 .example.com", "a\\n"}) {
    const std::string call = "var name = '" + std::string(name) +
                             "'; bytes.set([...name].map(c => c.charCodeAt(0)), 0);"
                             "s.lookup_start(0, name.length, 0, 0, 0, 1, 0, 0)";
    EXPECT_EQ(EvalInt(realm_, call), -2) << name;
  }
  EXPECT_EQ(EvalInt(realm_, "s.lookup_start(0, 2000, 0, 0, 0, 1, 0, 0)"), -2);
}

TEST_F(SocketsTest, KnowsTheOptionsThatReachTheSocketAlone) {
  Eval(realm_, "s.socket_open(3, 2, 1, 0)");
  EXPECT_EQ(EvalInt(realm_, "words[0] = 1; s.socket_set_option(3, 6, 1, 0, 4)"), 0) << "TCP_NODELAY";
  EXPECT_EQ(EvalInt(realm_, "words.set([4, 0], 0); s.socket_get_option(3, 6, 1, 4, 0); words[1]"), 1);
  EXPECT_EQ(EvalInt(realm_, "s.socket_set_option(3, 1, 25, 0, 4)"), -50) << "SO_BINDTODEVICE";
  EXPECT_EQ(EvalInt(realm_, "s.socket_set_option(3, 0, 0, 0, 4)"), -50);
}

TEST_F(SocketsTest, LooksUpNumbersAtOnce) {
  EXPECT_GT(EvalInt(realm_,
                    "bytes.set([...'127.0.0.1'].map(c => c.charCodeAt(0)), 0);"
                    "bytes.set([56, 48], 32); globalThis.l = s.lookup_start(0, 9, 32, 2, 0, 1, 0, 0)"),
            0);
  EXPECT_EQ(EvalInt(realm_, "s.lookup_await(l, 0, 0)"), 1);
  EXPECT_EQ(EvalInt(realm_, "s.lookup_read(l, 1024, 4)"), 1);
  EXPECT_EQ(EvalText(realm_, "words.subarray(256, 260) + ' ' + bytes.subarray(1040, 1048)"),
            "2,1,6,16 2,0,0,80,127,0,0,1");
  EXPECT_LT(EvalInt(realm_, "s.lookup_read(l, end - 8, 4)"), 0);
  EXPECT_LT(EvalInt(realm_, "s.lookup_drop(l); s.lookup_read(l, 1024, 4)"), 0);
  EXPECT_EQ(EvalInt(realm_, "s.lookup_await(12345, 0, 0)"), 1);
}

TEST_F(SocketsTest, LooksUpTheNamesOfAddresses) {
  constexpr const char* kNumeric = "globalThis.l = s.lookup_start_name(address(80, 192, 0, 2, 7), 16, 3)";
  EXPECT_GT(EvalInt(realm_, kNumeric), 0);
  EXPECT_EQ(EvalInt(realm_, "s.lookup_await(l, 0, 0)"), 1);
  EXPECT_EQ(EvalInt(realm_, "s.lookup_read(l, 0, 0)"), 0);
  EXPECT_EQ(EvalText(realm_,
                     "text(128, s.lookup_canonical_name(l, 128, 64)) + ' ' + text(128, s.lookup_service(l, 128, 64))"),
            "192.0.2.7 80");
  EXPECT_EQ(EvalInt(realm_, "s.lookup_canonical_name(l, end - 2, 64)"), 0);
  for (const char* call :
       {"s.lookup_start_name(end - 8, 16, 3)", "s.lookup_start_name(64, 0, 3)", "s.lookup_start_name(64, 1000, 3)",
        "s.lookup_start_name(64, 8, 3)", "bytes[64] = 1; s.lookup_start_name(64, 16, 3)"}) {
    EXPECT_LT(EvalInt(realm_, call), 0) << call;
  }
}

TEST_F(SocketsTest, BelongToOneInterpreter) {
  Eval(realm_, "s.socket_open_pair(7, 9); var other = engine.new_sockets(); other.socket_attach(memory, () => {})");
  EXPECT_EQ(EvalInt(realm_, "other.socket_close(7)"), -8);
}

TEST_F(SocketsTest, CloseWhenNobodyCanReachThem) {
  Eval(realm_,
       "var t = engine.new_sockets(); t.socket_attach(memory, () => t); s.socket_open_pair(7, 9);"
       "t.socket_open_pair(1, 2); t = undefined");
  isolate_->RequestGarbageCollectionForTesting(v8::Isolate::kFullGarbageCollection);
  EXPECT_EQ(EvalInt(realm_, "s.socket_close(7)"), 0) << "the others are there still";
}

TEST_F(SocketsTest, OutliveACollectionInTheirListener) {
  const auto collect = [](const v8::FunctionCallbackInfo<v8::Value>& info) {
    info.GetIsolate()->RequestGarbageCollectionForTesting(v8::Isolate::kFullGarbageCollection);
  };
  SetGlobal(realm_, "collect", NewFunction(realm_, collect, v8::Undefined(isolate_)));
  // Its listener keeps nothing of it.
  Eval(realm_, R"(
    var told = [];
    (() => {
      const lost = engine.new_sockets();
      lost.socket_attach(memory, (token) => { collect(); told.push(token); });
      lost.socket_open_pair(1, 2);
      for (const token of [5, 6, 7]) lost.socket_watch(1, 4, token);
    })();
  )");
  uv_run(node::GetCurrentEventLoop(isolate_), UV_RUN_NOWAIT);
  EXPECT_EQ(EvalText(realm_, "told"), "5,6,7");
  CollectGarbage();
  // Nor does it tell anybody when it is about to go.
  Eval(realm_, R"(
    (() => {
      const lost = engine.new_sockets();
      lost.socket_attach(memory, (token) => { told.push(token); });
      lost.socket_open_pair(1, 2);
      lost.socket_watch(1, 4, 8);
    })();
  )");
  CollectGarbage();
  uv_run(node::GetCurrentEventLoop(isolate_), UV_RUN_NOWAIT);
  EXPECT_EQ(EvalText(realm_, "told"), "5,6,7");
  EXPECT_EQ(engine_->sockets().under_way(), 0u);
}

TEST_F(SocketsTest, TakesWhatIsNoNumberOfWasmForNone) {
  Eval(realm_, "s.socket_open_pair(7, 9); bytes[0] = 5; s.socket_send(7, 0, 1, 0)");
  for (const char* size : {"NaN", "Infinity", "-Infinity", "2 ** 64", "0.5", "undefined", "{}", "1n"}) {
    EXPECT_EQ(EvalInt(realm_, std::string("s.socket_receive(9, 8, ") + size + ", 0)"), 0) << size;
  }
  EXPECT_EQ(EvalInt(realm_, "s.socket_receive(9, 8, 1, 0)"), 1);
}

TEST_F(SocketsTest, AreRefusedAfterTheEngine) {
  Eval(realm_, "s.socket_open_pair(7, 9)");
  engine_->Dispose();
  EXPECT_EQ(EvalError(realm_, "s.socket_receive(7, 0, 1, 0)"), "Error: blockon: this realm's engine is disposed");
  EXPECT_EQ(EvalError(realm_, "engine.new_sockets()"), "Error: blockon: this realm's engine is disposed");
}

class OutboundTest : public SocketsTest {
 protected:
  OutboundTest() : SocketsTest(DenyPrivate()) {}

 private:
  static EngineOptions DenyPrivate() {
    EngineOptions options;
    std::string error;
    options.outbound = *OutboundPolicy::Parse({}, {"private", "bad.example"}, &error);
    return options;
  }
};

TEST_F(OutboundTest, RefusesAConnectionAndSaysWhy) {
  Eval(realm_, "s.socket_open(3, 2, 1, 0)");
  EXPECT_EQ(EvalInt(realm_, "s.socket_connect(3, address(80, 127, 0, 0, 1), 16)"), -63);
  EXPECT_EQ(EvalText(realm_, "text(0, s.socket_refusal(0, 1000))"),
            "the outbound policy refuses 127.0.0.1:80: denied by the rule 'private'");
  EXPECT_EQ(EvalText(realm_, "text(0, s.socket_refusal(0, 8))"), "the outb");
}

TEST_F(OutboundTest, RefusesAName) {
  EXPECT_LT(EvalInt(realm_,
                    "bytes.set([...'bad.example'].map(c => c.charCodeAt(0)), 0);"
                    "s.lookup_start(0, 11, 0, 0, 0, 1, 0, 0)"),
            0);
  EXPECT_EQ(EvalText(realm_, "text(64, s.socket_refusal(64, 1000))"),
            "the outbound policy refuses bad.example: denied by the rule 'bad.example'");
}

}  // namespace
}  // namespace blockon
