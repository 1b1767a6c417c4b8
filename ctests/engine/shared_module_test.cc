#include "jspi/engine/shared_module.h"

#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>

#include "ctests/engine/engine_test.h"

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
    // (module (func (export "seven") (result i32) i32.const 7))
    const char bytes[] =
        "\0asm\1\0\0\0"
        "\1\5\1\x60\0\1\x7f"
        "\3\2\1\0"
        "\7\x9\1\5seven\0\0"
        "\xa\6\1\4\0\x41\7\xb";
    std::ofstream(file_, std::ios::binary).write(bytes, sizeof bytes - 1);
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

}  // namespace
}  // namespace blockon
