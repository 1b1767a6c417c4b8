#include "jspi/engine/host_lookups.h"

#include <node.h>

#include <chrono>
#include <string>
#include <vector>

#include "ctests/engine/engine_test.h"
#include "ctests/engine/searched_names.h"

namespace blockon {
namespace {

class HostLookupsTest : public EngineTest {
 protected:
  Engine* NewEngineWith(const std::vector<std::string>& allow, const std::vector<std::string>& deny) {
    EngineOptions options;
    std::string error;
    options.outbound = *OutboundPolicy::Parse(allow, deny, &error);
    const v8::Local<v8::Context> realm = NewRealm();
    Engine* engine = NewEngine(realm, options);
    Eval(realm, R"(
      var s = engine.new_sockets();
      var memory = new WebAssembly.Memory({ initial: 1 });
      var bytes = new Uint8Array(memory.buffer);
      s.socket_attach(memory, () => {});
      s.socket_open(3, 2, 1, 0);
      var text = (start, size) => String.fromCharCode(...bytes.subarray(start, start + size));
      var put = (start, text) => { bytes.set([...text].map((c) => c.charCodeAt(0)), start); return text.length; };
      // What a socket's lookup of the name ends in.
      var look = (name) => {
        const number = s.lookup_start(0, put(0, name), 0, 0, 2, 1, 0, 0);
        if (number <= 0) return number;
        while (s.lookup_await(number, 1000, 0) !== 1);
        const found = s.lookup_read(number, 1024, 8);
        s.lookup_drop(number);
        return found;
      };
      var connect = (port, ...host) => {
        bytes.set([2, 0, port >> 8, port & 255, ...host], 64);
        return s.socket_connect(3, 64, 16) === -63 ? text(128, s.socket_refusal(128, 1000)) : 'lets it';
      };
    )");
    realm_ = realm;
    return engine;
  }

  // "ERROR REFUSAL ADDRESSES", when it is there.
  std::string LookUp(Engine* engine, const std::string& host) {
    Eval(host_, "globalThis.told = undefined");
    const v8::Local<v8::Value> callback =
        Eval(host_, "(error, refusal, addresses) => { globalThis.told = [error, refusal, ...addresses].join(' ') }");
    engine->sockets().lookups()->LookUp(host_, host, 4, 0, callback.As<v8::Function>());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (EvalTrue(host_, "told === undefined") && std::chrono::steady_clock::now() < end) {
      uv_run(node::GetCurrentEventLoop(isolate_), UV_RUN_NOWAIT);
    }
    return EvalText(host_, "told");
  }

  static std::string Refusal(Engine* engine, const char* address, uint16_t port) {
    return engine->sockets().lookups()->Refusal(*ParseAddress(address), port);
  }

  v8::Local<v8::Context> realm_;
};

constexpr char kByRule[] = "denied by the rule '*.corp.example:25'";

TEST_F(HostLookupsTest, KnowANameThatTheSystemFound) {
  Engine* engine = NewEngineWith({}, {"*.corp.example:25"});
  EXPECT_EQ(Refusal(engine, kSearchedAddress, 25), "");
  EXPECT_EQ(LookUp(engine, kShortName), "0  192.0.2.77");
  EXPECT_EQ(Refusal(engine, kSearchedAddress, 25), kByRule);
  EXPECT_EQ(Refusal(engine, kSearchedAddress, 26), "");
}

TEST_F(HostLookupsTest, AllowANameThatTheSystemFound) {
  Engine* engine = NewEngineWith({std::string(kSearchedName) + ":80", std::string(kShortName) + ":81"}, {});
  EXPECT_EQ(LookUp(engine, kShortName), "0  192.0.2.77");
  EXPECT_EQ(Refusal(engine, kSearchedAddress, 80), "");
}

TEST_F(HostLookupsTest, KnowWhatSocketsFoundAndTheOtherWayRound) {
  Engine* engine = NewEngineWith({}, {"*.corp.example:25"});
  EXPECT_EQ(EvalInt(realm_, std::string("look('") + kShortName + "')"), 1);
  EXPECT_EQ(Refusal(engine, kSearchedAddress, 25), kByRule);

  engine = NewEngineWith({}, {"*.corp.example:25"});
  LookUp(engine, kShortName);
  EXPECT_EQ(EvalText(realm_, "connect(25, 192, 0, 2, 77)"),
            std::string("the outbound policy refuses 192.0.2.77:25: ") + kByRule);
}

TEST_F(HostLookupsTest, SayWhatIsRefusedAndWhatIsNotThere) {
  Engine* engine = NewEngineWith({}, {"bad.example"});
  EXPECT_EQ(LookUp(engine, "bad.example"),
            "-4 the outbound policy refuses bad.example: denied by the rule 'bad.example'");
  EXPECT_EQ(LookUp(engine, "not a name"), "-2 ");
  EXPECT_EQ(LookUp(engine, "127.0.0.1"), "0  127.0.0.1");
}

TEST_F(HostLookupsTest, TellNobodyAfterTheEngine) {
  Engine* engine = NewEngineWith({}, {});
  Eval(host_, "globalThis.told = 'nothing'");
  const v8::Local<v8::Value> callback = Eval(host_, "() => { globalThis.told = 'something' }");
  searched_name_takes_long = true;
  engine->sockets().lookups()->LookUp(host_, kShortName, 0, 0, callback.As<v8::Function>());
  engine->Dispose();
  searched_name_takes_long = false;
  for (int i = 0; i < 10; i++) uv_run(node::GetCurrentEventLoop(isolate_), UV_RUN_NOWAIT);
  EXPECT_EQ(EvalText(host_, "told"), "nothing");
}

}  // namespace
}  // namespace blockon
