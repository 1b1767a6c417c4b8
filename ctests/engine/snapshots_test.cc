#include "jspi/engine/snapshots.h"

#include <unistd.h>

#include <string>

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class SnapshotsTest : public EngineTest {
 protected:
  SnapshotsTest() {
    char name[] = "/tmp/blockon-snapshots-XXXXXX";
    folder_ = mkdtemp(name);
    file_ = folder_ + "/an.image";
  }
  ~SnapshotsTest() override {
    unlink(file_.c_str());
    rmdir(folder_.c_str());
  }

  // A realm whose interpreter's memory may be written to the file.
  v8::Local<v8::Context> Maker() {
    const v8::Local<v8::Context> realm = NewRealm();
    EngineOptions options;
    options.snapshot.save_to = file_;
    options.snapshot.key = key_;
    NewEngine(realm, options);
    return realm;
  }

  void Save() {
    Eval(Maker(), R"(
      var memory = new WebAssembly.Memory({ initial: 2, maximum: 4 });
      var bytes = new Uint8Array(memory.buffer);
      bytes[5] = 1; bytes.fill(2, 70000, 80000); bytes[131071] = 3;
      engine.snapshot_save(memory, "größer");
    )");
  }

  v8::Local<v8::Context> Restored() {
    EngineOptions options;
    std::string why;
    options.snapshot.image = MemoryImage::Open(file_, key_, &why);
    EXPECT_EQ(why, "");
    const v8::Local<v8::Context> realm = NewRealm();
    NewEngine(realm, options);
    return realm;
  }

  std::string folder_;
  std::string file_;
  const std::string key_ = std::string(kImageKeySize, '0');
};

TEST_F(SnapshotsTest, AMemoryBeginsAsAnotherWas) {
  Save();
  const v8::Local<v8::Context> realm = Restored();
  EXPECT_EQ(EvalText(realm, "[engine.snapshot_notes(), engine.snapshot_size()].join()"), "größer,131072");
  Eval(realm, R"(
    var memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    new Uint8Array(memory.buffer).fill(7);
    memory.grow(1);
    engine.snapshot_map(memory);
    var bytes = new Uint8Array(memory.buffer);
    var sum = () => bytes.reduce((sum, byte) => sum + byte);
  )");
  EXPECT_EQ(EvalText(realm, "[bytes[5], bytes[70000], bytes[79999], bytes[131071], sum()].join()"), "1,2,2,3,20004");
  // It is a memory like any other.
  EXPECT_EQ(EvalText(realm, R"(
    memory.grow(2); bytes = new Uint8Array(memory.buffer); bytes[6] = 9; bytes[262143] = 1; [bytes[5], sum()].join()
  )"),
            "1,20014");
  EXPECT_EQ(EvalText(realm, "engine.memory_release(memory, 131072, 131072); bytes[262143]"), "0");
}

TEST_F(SnapshotsTest, TwoMemoriesShareNothingThatIsWritten) {
  Save();
  const v8::Local<v8::Context> realm = Restored();
  EXPECT_EQ(EvalText(realm, R"(
    var [one, two] = [0, 0].map(() => new WebAssembly.Memory({ initial: 2 }));
    engine.snapshot_map(one);
    new Uint8Array(one.buffer).fill(8);
    engine.snapshot_map(two);
    [new Uint8Array(two.buffer)[5], new Uint8Array(two.buffer)[70000], new Uint8Array(one.buffer)[5]].join()
  )"),
            "1,2,8");
}

TEST_F(SnapshotsTest, AnInterpreterWithoutOneHasNone) {
  const v8::Local<v8::Context> realm = NewRealm();
  NewEngine(realm);
  Eval(realm, "var memory = new WebAssembly.Memory({ initial: 1 })");
  EXPECT_EQ(EvalText(realm, "[engine.snapshot_notes(), engine.snapshot_size()].join()"), ",0");
  EXPECT_EQ(EvalError(realm, "engine.snapshot_map(memory)"), "Error: snapshot_map: this realm has no snapshot");
  EXPECT_EQ(EvalError(realm, "engine.snapshot_save(memory, '')"),
            "Error: snapshot_save: no snapshot is to be made of this realm");
}

TEST_F(SnapshotsTest, RefusesWhatIsNoMemoryOfItsSize) {
  Save();
  const v8::Local<v8::Context> realm = Restored();
  EXPECT_EQ(EvalError(realm, "engine.snapshot_map(new WebAssembly.Memory({ initial: 1 }))"),
            "Error: snapshot_map: the memory has 65536 bytes, the snapshot 131072");
  const v8::Local<v8::Context> maker = Maker();
  for (const char* argument :
       {"", "{}", "new ArrayBuffer(131072)", "new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true })"}) {
    EXPECT_EQ(EvalError(realm, std::string("engine.snapshot_map(") + argument + ")"),
              "TypeError: snapshot_map needs a WebAssembly.Memory that is not shared");
    EXPECT_EQ(EvalError(maker, std::string("engine.snapshot_save(") + argument + ")"),
              "TypeError: snapshot_save needs a WebAssembly.Memory that is not shared");
  }
  EXPECT_EQ(EvalError(maker, "engine.snapshot_save(new WebAssembly.Memory({ initial: 1 }), 1)"),
            "TypeError: snapshot_save needs notes");
}

TEST_F(SnapshotsTest, SaysWhyItCannotBeWritten) {
  file_ = folder_ + "/none/an.image";
  EXPECT_EQ(EvalError(Maker(), "engine.snapshot_save(new WebAssembly.Memory({ initial: 1 }), '')"),
            "Error: " + file_ + " cannot be written: open: No such file or directory");
}

TEST_F(SnapshotsTest, TheAddonOpensOneByFileAndKey) {
  Save();
  ASSERT_EQ(Require("blockon.node"), "");
  const v8::Local<v8::Context> realm = NewRealm();
  SetGlobal(host_, "realm", realm->Global());
  SetGlobal(host_, "file", v8::String::NewFromUtf8(isolate_, file_.c_str()).ToLocalChecked());
  EXPECT_EQ(EvalText(host_, "var key = '0'.repeat(64); String(loaded.openSnapshot({ file, key }))"), "null");
  EXPECT_EQ(EvalText(host_, R"js(
    loaded.createEngine(realm, { runSync: true, snapshot: { file, key } }).install("engine");
    realm.engine.snapshot_notes()
  )js"),
            "größer");
  EXPECT_EQ(EvalText(host_, "loaded.openSnapshot({ file, key: 'f'.repeat(64) })"),
            "it was made for another build, version or machine");
  EXPECT_EQ(EvalError(host_, "loaded.createEngine(realm, { runSync: true, snapshot: { file, key: 'f'.repeat(64) } })"),
            "Error: the snapshot " + file_ + " cannot be used: it was made for another build, version or machine");
  for (const char* place :
       {"", "{ file }", "{ file, key: 'short' }", "{ file, key: 'X'.repeat(64) }", "{ key }", "1"}) {
    EXPECT_EQ(EvalError(host_, std::string("loaded.openSnapshot(") + place + ")").substr(0, 9), "TypeError") << place;
  }
  EXPECT_EQ(EvalError(host_, "loaded.createEngine(realm, { runSync: true, saveSnapshot: 1 })"),
            "TypeError: a snapshot is named by its file and a key of 64 hexadecimal digits");
}

TEST_F(SnapshotsTest, AMemoryGivesUpWhatItHoldsAgain) {
  Save();
  EngineOptions options;
  std::string why;
  options.snapshot.image = MemoryImage::Open(file_, key_, &why);
  const v8::Local<v8::Context> realm = NewRealm();
  Engine* engine = NewEngine(realm, options);
  GivenUpPages pages;
  EXPECT_EQ(engine->TrimMemory(&pages), "");
  EXPECT_EQ(pages.given_up + pages.kept, 0u);
  Eval(realm, R"(
    var memory = new WebAssembly.Memory({ initial: 2, maximum: 4 });
    engine.snapshot_map(memory);
    memory.grow(1);
    var bytes = new Uint8Array(memory.buffer);
    var written = () => [bytes[5], bytes[6], bytes[70000], bytes[131072]].join();
    bytes[5]++; bytes[5]--; bytes[70000] = 9; bytes[131072] = 1; bytes[131072] = 0;
  )");
  EXPECT_EQ(engine->TrimMemory(&pages), "");
  EXPECT_EQ(pages.kept, 1u);
  EXPECT_GE(pages.given_up, 1u);
  EXPECT_EQ(EvalText(realm, "written()"), "1,0,9,0");
  EXPECT_EQ(EvalText(realm, "bytes[6] = 3; bytes[131072] = 4; written()"), "1,3,9,4");
  // With a checkpoint something else is mapped there.
  Eval(realm, "engine.checkpoint_take(memory)");
  EXPECT_EQ(EvalText(realm, "bytes[6] = 0; written()"), "1,0,9,4");
  EXPECT_EQ(engine->TrimMemory(&pages), "");
  EXPECT_EQ(pages.given_up + pages.kept, 0u);
  EXPECT_EQ(EvalText(realm, "written()"), "1,0,9,4");
  engine->Dispose();
}

}  // namespace
}  // namespace blockon
