#include "jspi/engine/shared_module.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>

#include "ctests/engine/engine_test.h"
#include "jspi/util/keyed_file.h"

namespace blockon {
namespace {

std::unique_ptr<SharedModulesHold> hold;

class SharedModuleTest : public EngineTest {
 protected:
  static void SetUpTestSuite() { hold = std::make_unique<SharedModulesHold>(); }
  static void TearDownTestSuite() { hold = nullptr; }

  SharedModuleTest() {
    char name[] = "/tmp/blockon-module-XXXXXX";
    const int fd = mkstemp(name);
    close(fd);
    file_ = name;
    // (module (func (export "seven") (result i32) (local i32)
    //   (loop (br_if 0 (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000)))) (i32.const 7)))
    const char bytes[] =
        "\0asm\1\0\0\0"
        "\1\5\1\x60\0\1\x7f"
        "\3\2\1\0"
        "\7\x9\1\5seven\0\0"
        "\xa\x18\1\x16\1\1\x7f\3\x40\x20\0\x41\1\x6a\x22\0\x41\xe8\7\x48\xd\0\xb\x41\7\xb";
    // Then a section without a meaning: V8 knows modules by their bytes, and each test is to begin with a new one.
    static char number = 1;  // a name is UTF-8
    const char custom[] = {0, 2, 1, number++};
    std::ofstream(file_, std::ios::binary).write(bytes, sizeof bytes - 1).write(custom, sizeof custom);
  }
  ~SharedModuleTest() override { unlink(file_.c_str()); }

  v8::Local<v8::Context> Realm() {
    const v8::Local<v8::Context> realm = NewRealm();
    EngineOptions options;
    options.wasm = file_;
    NewEngine(realm, options);
    return realm;
  }

  std::string file_;
};

TEST_F(SharedModuleTest, IsOfTheRealmThatAsks) {
  for (const v8::Local<v8::Context>& realm : {Realm(), Realm()}) {
    EXPECT_TRUE(EvalTrue(realm, "var module = engine.wasm_module(); module instanceof WebAssembly.Module"));
    EXPECT_EQ(EvalInt(realm, "new WebAssembly.Instance(module).exports.seven()"), 7);
  }
}

TEST_F(SharedModuleTest, IsCompiledOnce) {
  EXPECT_TRUE(EvalTrue(Realm(), "engine.wasm_module() instanceof WebAssembly.Module"));
  unlink(file_.c_str());
  EXPECT_TRUE(EvalTrue(Realm(), "engine.wasm_module() !== engine.wasm_module()"));
}

TEST_F(SharedModuleTest, OfALibraryIsWithoutDataThatTheMemoryHas) {
  // (module (memory (export "m") 1) (data (i32.const 0) "ab"))
  const char bytes[] = "\0asm\1\0\0\0\5\3\1\0\1\7\5\1\1m\2\0\13\10\1\0\101\0\13\2ab";
  std::ofstream(file_, std::ios::binary).write(bytes, sizeof bytes - 1);
  const v8::Local<v8::Context> realm = NewRealm();
  EngineOptions options;
  options.libraries = {"one", file_};
  NewEngine(realm, options);
  const auto first = [&](const std::string& has_it) {
    const std::string module = "engine.library_module('one', " + has_it + ")";
    return EvalInt(realm, "new Uint8Array(new WebAssembly.Instance(" + module + ").exports.m.buffer)[0]");
  };
  EXPECT_EQ(first("true"), 0);
  EXPECT_EQ(first("false"), 'a');
}

TEST_F(SharedModuleTest, OfALibraryHasDataThatItsCodeAsksFor) {
  // (module (memory (export "m") 1) (data "ab") (func (export "f") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 2))))
  const char bytes[] =
      "\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\5\3\1\0\1\7\11\2\1m\2\0\1f\0\0\14\1\1"
      "\12\16\1\14\0\101\0\101\0\101\2\374\10\0\0\13\13\5\1\1\2ab";
  std::ofstream(file_, std::ios::binary).write(bytes, sizeof bytes - 1);
  const v8::Local<v8::Context> realm = NewRealm();
  EngineOptions options;
  options.libraries = {"one", file_};
  NewEngine(realm, options);
  EXPECT_EQ(EvalInt(realm, R"(
    var { m, f } = new WebAssembly.Instance(engine.library_module('one', true)).exports;
    f();
    new Uint8Array(m.buffer)[1])"),
            'b');
}

TEST_F(SharedModuleTest, TellsWhatLibrariesAskForWhoseDataAMemoryHas) {
  // (module (import "env" "f" (func)) (import "GOT.mem" "d" (global (mut i32))))
  const char bytes[] = "\0asm\1\0\0\0\1\4\1\140\0\0\2\26\2\3env\1f\0\0\7GOT.mem\1d\3\177\1";
  std::ofstream(file_, std::ios::binary).write(bytes, sizeof bytes - 1);
  const v8::Local<v8::Context> realm = NewRealm();
  EngineOptions options;
  options.libraries = {"one", file_};
  NewEngine(realm, options);
  const auto told = [&](const std::string& names) {
    return EvalTrue(realm, "JSON.stringify(engine.library_symbols()) === '" + names + "'");
  };
  EXPECT_TRUE(EvalTrue(realm, "engine.library_module('one', false) instanceof WebAssembly.Module"));
  EXPECT_TRUE(told("[[],[]]"));
  EXPECT_TRUE(EvalTrue(realm, "engine.library_module('one', true) instanceof WebAssembly.Module"));
  EXPECT_TRUE(told(R"([["f"],["d"]])"));
  hold = nullptr;
  hold = std::make_unique<SharedModulesHold>();
  EXPECT_TRUE(told("[[],[]]"));
}

TEST_F(SharedModuleTest, IsForgottenWhenNobodyHoldsIt) {
  EXPECT_TRUE(EvalTrue(Realm(), "engine.wasm_module() instanceof WebAssembly.Module"));
  hold = nullptr;
  hold = std::make_unique<SharedModulesHold>();
  unlink(file_.c_str());
  EXPECT_EQ(EvalError(Realm(), "engine.wasm_module()"),
            "Error: " + file_ + " cannot be read: No such file or directory");
}

TEST_F(SharedModuleTest, SaysWhyThereIsNone) {
  std::ofstream(file_, std::ios::binary) << "no wasm";
  EXPECT_EQ(EvalError(Realm(), "engine.wasm_module()").substr(0, 14), "CompileError: ");
  unlink(file_.c_str());
  EXPECT_EQ(EvalError(Realm(), "engine.wasm_module()"),
            "Error: " + file_ + " cannot be read: No such file or directory");
  const v8::Local<v8::Context> realm = NewRealm();
  NewEngine(realm);
  EXPECT_EQ(EvalText(realm, "typeof engine.wasm_module"), "undefined");
}

TEST_F(SharedModuleTest, IsCompiledWhereItsCodeCannotBeUsed) {
  const v8::Local<v8::Context> realm = Realm();
  const v8::Context::Scope scope(realm);
  const CodePlace place{file_ + ".code", std::string(kFileKeySize, 'a')};
  EXPECT_EQ(SaveSharedModule(file_, place), file_ + " is not compiled");
  EXPECT_EQ(LoadSharedModule(isolate_, file_, place), "open: No such file or directory");
  for (const std::string& bytes : {std::string(), std::string(1000, '\0'), std::string("no code")}) {
    ASSERT_EQ(WriteKeyedFile(place.file, place.key, bytes), "");
    EXPECT_EQ(LoadSharedModule(isolate_, file_, place),
              "V8 does not take it: it is of another version of V8, other flags or another processor");
  }
  unlink(place.file.c_str());
  EXPECT_EQ(EvalInt(realm, "new WebAssembly.Instance(engine.wasm_module()).exports.seven()"), 7);
  // It is compiled: there is nothing to be loaded any more.
  EXPECT_EQ(LoadSharedModule(isolate_, file_, place), "");
}

TEST_F(SharedModuleTest, TakesTheCodeThatWasSaved) {
  const CodePlace place{file_ + ".code", std::string(kFileKeySize, 'a')};
  const v8::Local<v8::Context> realm = Realm();
  const v8::Context::Scope scope(realm);
  v8::V8::SetFlagsFromString("--wasm-tiering-budget=1");
  EXPECT_EQ(EvalInt(realm, R"(
    var { seven } = new WebAssembly.Instance(engine.wasm_module()).exports;
    for (let i = 0; i < 100; i++) seven();
    seven())"),
            7);
  v8::V8::SetFlagsFromString("--wasm-tiering-budget=13000000");
  // The compiler has threads of its own.
  std::string why;
  for (int i = 0; i < 1000; i++) {
    why = SaveSharedModule(file_, place);
    if (why != "V8 has optimized none of it") break;
    usleep(10'000);
  }
  ASSERT_EQ(why, "");
  hold = nullptr;
  hold = std::make_unique<SharedModulesHold>();
  EXPECT_EQ(LoadSharedModule(isolate_, file_, place), "");
  unlink(place.file.c_str());
  EXPECT_EQ(EvalInt(realm, "new WebAssembly.Instance(engine.wasm_module()).exports.seven()"), 7);
}

// Whether the thread waits for a file to be opened.
bool IsOpening(pid_t thread) {
  long call = -1;
  std::ifstream("/proc/self/task/" + std::to_string(thread) + "/syscall") >> call;
  return call == SYS_openat;
}

TEST_F(SharedModuleTest, IsMadeWhileNobodyWaitsWhoWantsAnother) {
  // Who opens a pipe waits for who writes into it: its module is being made for as long.
  const std::string pipe = file_ + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::future<bool> other = std::async(std::launch::async, [this, &pipe, maker = gettid()] {
    for (int i = 0; i < 60'000 && !IsOpening(maker); i++) usleep(1000);
    std::future<std::string> saved = std::async(std::launch::async, [this] {
      return SaveSharedModule(file_, {file_ + ".code", std::string(kFileKeySize, 'a')});
    });
    const bool is_opening = IsOpening(maker);
    const bool is_done = saved.wait_for(std::chrono::minutes(1)) == std::future_status::ready;
    close(open(pipe.c_str(), O_WRONLY | O_CLOEXEC));
    return is_opening && is_done && saved.get() == file_ + " is not compiled";
  });
  const v8::Local<v8::Context> realm = NewRealm();
  EngineOptions options;
  options.wasm = pipe;
  NewEngine(realm, options);
  EXPECT_EQ(EvalError(realm, "engine.wasm_module()").substr(0, 14), "CompileError: ");
  EXPECT_TRUE(other.get());
  unlink(pipe.c_str());
}

// The wasm behind ten other bytes of an image.
class ImageModuleTest : public SharedModuleTest {
 protected:
  ImageModuleTest() {
    std::ifstream stream(file_, std::ios::binary);
    const std::string wasm{std::istreambuf_iterator<char>(stream), {}};
    size_ = wasm.size();
    image_ = file_ + ".image";
    const std::string key(kFileKeySize, '0');
    EXPECT_EQ(WriteKeyedFile(image_, key, "0123456789" + wasm), "");
    std::string why;
    options_.images = {OpenKeyedFile::Open(image_, key, &why)};
    EXPECT_EQ(why, "");
  }
  ~ImageModuleTest() override { unlink(image_.c_str()); }

  v8::Local<v8::Context> RealmWithImage() {
    const v8::Local<v8::Context> realm = NewRealm();
    NewEngine(realm, options_);
    return realm;
  }
  std::string Asking(uint64_t at) const {
    return "engine.image_module(0, " + std::to_string(at) + ", " + std::to_string(size_) + ")";
  }

  std::size_t size_;
  std::string image_;
  EngineOptions options_;
};

TEST_F(ImageModuleTest, IsCompiledOnceAndOfTheRealmThatAsks) {
  const std::string instance = "new WebAssembly.Instance(" + Asking(10) + ").exports.seven()";
  EXPECT_EQ(EvalInt(RealmWithImage(), instance), 7);
  // It is not read again.
  ASSERT_EQ(truncate(image_.c_str(), 0), 0);
  const auto realm = RealmWithImage();
  EXPECT_TRUE(EvalTrue(realm, Asking(10) + " instanceof WebAssembly.Module"));
  EXPECT_EQ(EvalInt(realm, instance), 7);
}

TEST_F(ImageModuleTest, SaysWhyThereIsNone) {
  const auto realm = RealmWithImage();
  // It is not remembered that there was none.
  for (int i = 0; i < 2; i++) EXPECT_EQ(EvalError(realm, Asking(9)).substr(0, 14), "CompileError: ");
  for (const char* place : {"11, ", "2 ** 53 - 1, "}) {
    EXPECT_EQ(EvalError(realm, std::string("engine.image_module(0, ") + place + std::to_string(size_) + ")"),
              "Error: an image of files cannot be read: there are no such bytes in it");
  }
  EXPECT_EQ(EvalError(realm, "engine.image_module(0, -1, 8)"),
            "TypeError: a module is a part of an image of files, by numbers");
  EXPECT_EQ(EvalError(realm, "engine.image_module(1, 0, 8)"), "TypeError: this realm has no such image of files");
  ASSERT_EQ(truncate(image_.c_str(), 20), 0);
  EXPECT_EQ(EvalError(realm, Asking(10)), "Error: an image of files cannot be read: it is truncated");
}

}  // namespace
}  // namespace blockon
