// All that the guest can call of the engine, called with what it was not made for: a Worker's Python reaches each import, and wasm that it makes
// calls them with any numbers. Whatever is asked, the answer is a value or an error of the guest's realm, nothing of the host's is in its
// memory, and nobody else's memory has changed. A crash is the end of this process; the presets asan and ubsan see more than that.
//
// The same calls each time. For others, more, and to see the last one before a crash:
//   BLOCKON_FORGED_SEED=7 BLOCKON_FORGED_CALLS=1000000 BLOCKON_FORGED_TRACE=1 NODE --expose-gc ctests/engine/run.cjs BUILD_FOLDER/ctests/engine
//     --gtest_filter=ForgedArgumentsTest.*
#include <node.h>
#include <openssl/rand.h>
#include <unistd.h>
#include <uv.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ctests/engine/engine_test.h"
#include "ctests/engine/own_certificate.h"
#include "jspi/engine/shared_module.h"
#include "jspi/engine/tls/openssl_ptr.h"
#include "jspi/engine/tls/tls_calls.h"
#include "jspi/engine/v8_compat.h"
#include "jspi/util/keyed_file.h"
#include "jspi/util/thread_meter.h"

namespace blockon {
namespace {

constexpr int kCallsAtOnce = 100;
constexpr size_t kSecretSize = 32;

int NumberFrom(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::atoi(text) : otherwise;
}

// What another thread does meanwhile, as the watchdog does: it writes to the memory that was told last.
class Watchdog {
 public:
  explicit Watchdog(uint32_t meter) : thread_([this, meter] { Work(meter); }) {}
  ~Watchdog() {
    ended_ = true;
    thread_.join();
  }

 private:
  void Work(uint32_t meter) {
    for (uint32_t over = 0; !ended_; over++) {
      ThreadMeter::Read(meter);
      ThreadMeter::Ask(meter, over);
      ThreadMeter::Measure(meter);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

std::string PemOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

// A certificate of its own and its key.
std::vector<std::string> NewPem() {
  const OwnCertificate own;
  std::vector<std::string> texts;
  const BioPtr certificate_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), own.certificate.get());
  texts.push_back(PemOf(certificate_text.get()));
  const BioPtr key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_text.get(), own.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  texts.push_back(PemOf(key_text.get()));
  return texts;
}

// V8 waits at its end for each module that somebody has.
std::unique_ptr<SharedModulesHold> hold;

class ForgedArgumentsTest : public EngineTest {
 protected:
  static void SetUpTestSuite() { hold = std::make_unique<SharedModulesHold>(); }
  static void TearDownTestSuite() { hold = nullptr; }

  ForgedArgumentsTest() {
    char name[] = "/tmp/blockon-forged-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~ForgedArgumentsTest() override {
    for (const char* file : {"/an.image", "/a.snapshot", "/another.snapshot", "/empty.so"})
      unlink((folder_ + file).c_str());
    rmdir(folder_.c_str());
  }

  // With all that an engine can have.
  EngineOptions Options() {
    EngineOptions options;
    std::string why;
    const std::string key(kFileKeySize, '0');
    const std::string wasm("\0asm\1\0\0\0", 8);
    std::ofstream(folder_ + "/empty.so", std::ios::binary) << wasm;
    EXPECT_EQ(WriteKeyedFile(folder_ + "/an.image", key, wasm + std::string(5000, '\1')), "");
    options.images = {OpenKeyedFile::Open(folder_ + "/an.image", key, &why)};
    EXPECT_EQ(why, "");
    const std::string held(2 * 65536, '\7');
    EXPECT_EQ(WriteMemoryImage(folder_ + "/a.snapshot", key, "notes", held.data(), held.size(), nullptr), "");
    options.snapshot.image = MemoryImage::Open(folder_ + "/a.snapshot", key, &why);
    EXPECT_EQ(why, "");
    options.snapshot.save_to = folder_ + "/another.snapshot";
    options.snapshot.key = key;
    options.libraries = {"libnone.so", folder_ + "/none.so", "libempty.so", folder_ + "/empty.so"};
    options.wasm = folder_ + "/empty.so";
    options.outbound = *OutboundPolicy::Parse({}, {"*"}, &why);
    return options;
  }

  // The globals of forged_arguments.js, and its object as the global `forged`.
  void Prepare(v8::Local<v8::Context> realm, int seed) {
    const v8::Local<v8::Value> none = v8::Undefined(isolate_);
    const auto blame = [](const v8::FunctionCallbackInfo<v8::Value>& info) {
      ADD_FAILURE() << FromV8(info.GetIsolate(), info[0].As<v8::String>());
    };
    const auto say = [](const v8::FunctionCallbackInfo<v8::Value>& info) {
      if (NumberFrom("BLOCKON_FORGED_TRACE", 0) == 0) return;
      std::fprintf(stderr, "%s\n", FromV8(info.GetIsolate(), info[0].As<v8::String>()).c_str());
    };
    const auto collect = [](const v8::FunctionCallbackInfo<v8::Value>& info) {
      info.GetIsolate()->RequestGarbageCollectionForTesting(v8::Isolate::kFullGarbageCollection);
    };
    SetGlobal(realm, "blame", NewFunction(realm, blame, none));
    SetGlobal(realm, "say", NewFunction(realm, say, none));
    SetGlobal(realm, "collect", NewFunction(realm, collect, none));
    SetGlobal(realm, "seed", v8::Integer::New(isolate_, seed));
    LoadWasm(realm, "fibers");
    std::string lists = "var tlsCalls = [";
    for (const TlsCallTable* table : {&kConnectionCalls, &kContextCalls, &kLibraryCalls}) {
      for (size_t i = 0; i < table->size; i++) {
        lists += std::string("['") + table->rows[i].name + "', '" + table->rows[i].arguments + "'], ";
      }
    }
    lists += "], pem = [";
    for (const std::string& text : NewPem()) lists += "`" + text + "`, ";
    Eval(realm, lists + "];");
    std::ifstream script(BLOCKON_FORGED_ARGUMENTS);
    Eval(realm, "var forged = " + std::string(std::istreambuf_iterator<char>(script), {}));
  }

  std::string folder_;
};

TEST_F(ForgedArgumentsTest, GetAnAnswerOfTheRealmsAndNothingOfTheHosts) {
  const int seed = NumberFrom("BLOCKON_FORGED_SEED", 1);
  const int calls = NumberFrom("BLOCKON_FORGED_CALLS", 20000);
  const v8::Local<v8::Context> realm = NewRealm();
  const v8::Local<v8::Context> other_realm = NewRealm();
  Engine* engine = NewEngine(realm, Options());
  Engine* other = NewEngine(other_realm);
  const auto handler = Eval(host_, "(op, value) => value").As<v8::Function>();
  Register(isolate_, std::make_unique<Bridge>(host_, realm, handler, 0))->Install("bridge");

  // What is to be found nowhere: of the heap, of the host's JavaScript and of another realm's interpreter.
  std::string secret(kSecretSize, '\0');
  ASSERT_EQ(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), kSecretSize), 1);
  std::vector<std::string> secrets;
  for (size_t i = 1; i <= 200; i++) {
    secrets.emplace_back();
    while (secrets.back().size() < 100 * i) secrets.back() += secret;
  }
  Eval(other_realm, "var memory = new WebAssembly.Memory({ initial: 2 }); engine.checkpoint_take(memory); memory");
  const auto of_other = Eval(other_realm, "memory").As<v8::WasmMemoryObject>()->Buffer()->GetBackingStore();
  for (size_t at = 0; at < of_other->ByteLength(); at += kSecretSize) {
    std::memcpy(static_cast<char*>(of_other->Data()) + at, secret.data(), kSecretSize);
  }
  const std::vector<std::string> kept = secrets;

  Prepare(realm, seed);
  {
    uint32_t meter = 0;
    {
      const v8::Context::Scope scope(host_);
      meter = engine->limits().MeterId(realm);
    }
    const Watchdog watchdog(meter);
    for (int done = 0; done < calls && !HasFailure(); done += kCallsAtOnce) {
      const v8::HandleScope handles(isolate_);
      Eval(realm, "forged.run(" + std::to_string(kCallsAtOnce) + ")");
      uv_run(node::GetCurrentEventLoop(isolate_), UV_RUN_NOWAIT);
      Drain();
      engine->fibers().Sum(isolate_);
      GivenUpPages pages;
      engine->TrimMemory(&pages);
    }
  }

  // Each was called, and had something to answer now and then.
  EXPECT_EQ(EvalText(realm, R"js(
    const counts = JSON.parse(forged.summary());
    const names = [...Object.keys(engine), ...Object.keys(engine.new_sockets()), ...Object.keys(bridge)];
    const of = (name) => (name === "JSTag" ? [1, 1] : counts[name === "suspend" || name === "pass" ? "wasm run" : name]);
    names.filter((name) => !((of(name)?.[1] ?? 0) > 0)).join();
  )js"),
            "")
      << EvalText(realm, "forged.summary()");
  EXPECT_GT(EvalInt(realm, "forged.told()"), 0);
  const auto memories = Eval(realm, "forged.memories").As<v8::Array>();
  for (uint32_t i = 0; i < memories->Length(); i++) {
    const auto store = memories->Get(realm, i).ToLocalChecked().As<v8::WasmMemoryObject>()->Buffer()->GetBackingStore();
    EXPECT_EQ(memmem(store->Data(), store->ByteLength(), secret.data(), kSecretSize), nullptr) << "in memory " << i;
  }
  EXPECT_TRUE(secrets == kept);
  for (size_t at = 0; at < of_other->ByteLength(); at += kSecretSize) {
    ASSERT_EQ(std::memcmp(static_cast<char*>(of_other->Data()) + at, secret.data(), kSecretSize), 0) << at;
  }
  // All goes on.
  EXPECT_GT(EvalInt(other_realm, "engine.checkpoint_restore(memory)"), 0);
  EXPECT_EQ(EvalInt(realm, "engine.promise_state(Promise.resolve())"), 1);
  EXPECT_EQ(EvalText(realm, "bridge.call('op', 'echo')"), "echo");
  engine->Dispose();
  other->Dispose();
  // And after the end of the engine.
  Eval(realm, "forged.run(1000)");
}

TEST_F(ForgedArgumentsTest, WriteNoLineOfATraceForWhichNobodyAsked) {
  const v8::Local<v8::Context> realm = NewRealm();
  Engine* engine = NewEngine(realm);
  testing::internal::CaptureStderr();
  Eval(realm, "engine.trace_transition(1, 0, 99, 1)");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  engine->Dispose();
}

}  // namespace
}  // namespace blockon
