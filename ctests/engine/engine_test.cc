#include "ctests/engine/engine_test.h"

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "jspi/engine/v8_compat.h"

namespace blockon {
namespace {

// What run.cjs gives: newRealm(), readFile(name) -> Uint8Array, require(file). Set while the tests run.
v8::Global<v8::Object>* helpers = nullptr;

v8::MaybeLocal<v8::Value> CallHelper(v8::Local<v8::Context> context, const char* name, v8::Local<v8::Value> argument) {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  const v8::Local<v8::Object> object = helpers->Get(isolate);
  v8::Local<v8::Value> function;
  if (!object->Get(context, ToV8(isolate, name)).ToLocal(&function)) return {};
  return function.As<v8::Function>()->Call(context, object, 1, &argument);
}

// Set by an entry of CMakeLists.txt: a full collection before each script. V8's own --gc-interval does nothing in a
// release build.
bool CollectsBeforeScripts() {
  static const bool collects = std::getenv("BLOCKON_TESTS_COLLECT") != nullptr;
  return collects;
}

v8::MaybeLocal<v8::Value> RunScript(v8::Local<v8::Context> realm, std::string_view source) {
  if (CollectsBeforeScripts()) {
    v8::Isolate::GetCurrent()->RequestGarbageCollectionForTesting(v8::Isolate::kFullGarbageCollection);
  }
  const v8::Context::Scope scope(realm);
  v8::Local<v8::Script> script;
  if (!v8::Script::Compile(realm, ToV8(v8::Isolate::GetCurrent(), source)).ToLocal(&script)) return {};
  return script->Run(realm);
}

std::string TextOf(v8::Local<v8::Context> realm, v8::Local<v8::Value> value) {
  v8::Local<v8::String> text;
  if (value.IsEmpty() || !value->ToString(realm).ToLocal(&text)) return "(no text)";
  return FromV8(v8::Isolate::GetCurrent(), text);
}

}  // namespace

EngineTest::EngineTest()
    : isolate_(v8::Isolate::GetCurrent()), scope_(isolate_), host_(isolate_->GetCurrentContext()) {}

// A rejection or a resumption that a test leaves behind belongs to it, not to the next one.
EngineTest::~EngineTest() { Drain(); }

v8::Local<v8::Context> EngineTest::NewRealm() {
  v8::Local<v8::Context> realm;
  const v8::Local<v8::Value> global = CallHelper(host_, "newRealm", v8::Undefined(isolate_)).ToLocalChecked();
  EXPECT_TRUE(ContextOfGlobal(isolate_, global).ToLocal(&realm));
  return realm;
}

Engine* EngineTest::NewEngine(v8::Local<v8::Context> realm, const EngineOptions& options) {
  Engine* engine = Register(isolate_, std::make_unique<Engine>(options));
  if (!engine->Init(realm)) {
    ADD_FAILURE() << "the engine cannot be made";
    return engine;
  }
  NewInterpreter(engine, "engine");
  return engine;
}

void EngineTest::NewInterpreter(Engine* engine, std::string_view name, int max_fibers) {
  v8::Local<v8::Object> imports;
  if (!engine->NewImports(max_fibers).ToLocal(&imports)) FAIL() << "the imports cannot be made";
  SetGlobal(engine->realm(isolate_), name, imports);
}

v8::Local<v8::Value> EngineTest::Eval(v8::Local<v8::Context> realm, std::string_view source) {
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> value;
  if (RunScript(realm, source).ToLocal(&value)) return value;
  ADD_FAILURE() << source << "\nthrows " << TextOf(realm, caught.Exception());
  return v8::Undefined(isolate_);
}

int EngineTest::EvalInt(v8::Local<v8::Context> realm, std::string_view source) {
  const v8::Local<v8::Value> value = Eval(realm, source);
  if (value->IsInt32()) return value.As<v8::Int32>()->Value();
  ADD_FAILURE() << source << "\nis " << TextOf(realm, value) << ", no integer";
  return -1000000;
}

bool EngineTest::EvalTrue(v8::Local<v8::Context> realm, std::string_view source) {
  return Eval(realm, source)->IsTrue();
}

std::string EngineTest::EvalText(v8::Local<v8::Context> realm, std::string_view source) {
  const v8::Local<v8::Value> value = Eval(realm, source);
  const v8::Context::Scope scope(realm);
  return TextOf(realm, value);
}

std::string EngineTest::EvalError(v8::Local<v8::Context> realm, std::string_view source) {
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> value;
  if (RunScript(realm, source).ToLocal(&value)) return "";
  const v8::Context::Scope scope(realm);
  return TextOf(realm, caught.Exception());
}

void EngineTest::SetGlobal(v8::Local<v8::Context> realm, std::string_view name, v8::Local<v8::Value> value) {
  realm->Global()->Set(realm, ToV8(isolate_, name), value).Check();
}

void EngineTest::CollectGarbage() { isolate_->RequestGarbageCollectionForTesting(v8::Isolate::kFullGarbageCollection); }

void EngineTest::LoadWasm(v8::Local<v8::Context> realm, const std::string& name) {
  v8::Local<v8::Value> bytes;
  if (!CallHelper(host_, "readFile", ToV8(isolate_, name + ".wasm")).ToLocal(&bytes)) {
    FAIL() << name << ".wasm cannot be read";
  }
  SetGlobal(realm, name, bytes);
  Eval(realm, name + " = new WebAssembly.Module(" + name + ")");
}

std::string EngineTest::Require(const std::string& file) {
  v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> exports;
  if (!CallHelper(host_, "require", ToV8(isolate_, file)).ToLocal(&exports)) return TextOf(host_, caught.Exception());
  SetGlobal(host_, "loaded", exports);
  return "";
}

namespace {

// (array of strings, helpers) -> exit code. A run without a test is a failure: a filter may have a typing error.
void Run(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const v8::Local<v8::Array> given = info[0].As<v8::Array>();
  std::vector<std::string> arguments = {"blockon_engine_tests"};
  for (uint32_t i = 0; i < given->Length(); i++) {
    arguments.push_back(FromV8(isolate, given->Get(context, i).ToLocalChecked().As<v8::String>()));
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int argc = static_cast<int>(arguments.size());
  testing::InitGoogleTest(&argc, argv.data());
  v8::Global<v8::Object> given_helpers(isolate, info[1].As<v8::Object>());
  helpers = &given_helpers;
  const int exit_code = RUN_ALL_TESTS();
  helpers = nullptr;
  const bool ran = testing::GTEST_FLAG(list_tests) || testing::UnitTest::GetInstance()->test_to_run_count() > 0;
  info.GetReturnValue().Set(ran ? exit_code : 1);
}

}  // namespace
}  // namespace blockon

NODE_MODULE_INIT() {
  static_cast<void>(module);
  const v8::Local<v8::Value> none = v8::Undefined(v8::Isolate::GetCurrent());
  blockon::SetProperty(context, exports, "run", blockon::NewFunction(context, blockon::Run, none));
}
