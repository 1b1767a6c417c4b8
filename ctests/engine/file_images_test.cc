#include "jspi/engine/file_images.h"

#include <unistd.h>

#include <string>

#include "ctests/engine/engine_test.h"

namespace blockon {
namespace {

class FileImagesTest : public EngineTest {
 protected:
  FileImagesTest() {
    char name[] = "/tmp/blockon-images-XXXXXX";
    folder_ = mkdtemp(name);
    file_ = folder_ + "/an.image";
    const std::string key(kFileKeySize, '0');
    EXPECT_EQ(WriteKeyedFile(file_, key, "0123456789"), "");
    std::string why;
    EngineOptions options;
    options.images = {OpenKeyedFile::Open(file_, key, &why)};
    EXPECT_EQ(why, "");
    realm_ = NewRealm();
    NewEngine(realm_, options);
  }
  ~FileImagesTest() override {
    unlink(file_.c_str());
    rmdir(folder_.c_str());
  }

  std::string folder_;
  std::string file_;
  v8::Local<v8::Context> realm_;
};

TEST_F(FileImagesTest, ArePartlyReadIntoBytesOfTheRealm) {
  EXPECT_EQ(EvalInt(realm_, "engine.image_size(0)"), 10);
  EXPECT_EQ(EvalText(realm_, R"(
    var bytes = new Uint8Array(6);
    engine.image_read(0, bytes, 1, 3, 5);
    Array.from(bytes).join(" ");
  )"),
            "0 53 54 55 0 0");
  // As Python reads: into its memory.
  EXPECT_EQ(EvalInt(realm_, R"(
    var memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    engine.image_read(0, new Int8Array(memory.buffer), 65533, 3, 7);
    new Uint8Array(memory.buffer)[65535];
  )"),
            '9');
}

TEST_F(FileImagesTest, HaveNoBytesButTheirOwn) {
  EXPECT_EQ(EvalError(realm_, "engine.image_size(1)"), "TypeError: this realm has no such image of files");
  for (const char* image : {"1", "-1", "0.5", "NaN", "'0'", "undefined"}) {
    EXPECT_EQ(EvalError(realm_, std::string("engine.image_read(") + image + ", new Uint8Array(1), 0, 1, 0)"),
              "TypeError: this realm has no such image of files");
  }
  for (const char* places : {"0, 2, 0", "2, 0, 0", "0, 2 ** 53 - 1, 0"}) {
    EXPECT_EQ(EvalError(realm_, std::string("engine.image_read(0, new Uint8Array(1), ") + places + ")"),
              "TypeError: there is no room for so many bytes");
  }
  for (const char* places : {"0, 1, 10", "0, 0, 11", "0, 1, 2 ** 53 - 1"}) {
    EXPECT_EQ(EvalError(realm_, std::string("engine.image_read(0, new Uint8Array(1), ") + places + ")"),
              "Error: an image of files cannot be read: there are no such bytes in it");
  }
  for (const char* rest : {"[1], 0, 1, 0", "new Uint8Array(1), -1, 1, 0", "new Uint8Array(1), 0, 1.5, 0",
                           "new Uint8Array(1), 0, 1, {}", "new Uint8Array(new SharedArrayBuffer(1)), 0, 1, 0"}) {
    EXPECT_EQ(EvalError(realm_, std::string("engine.image_read(0, ") + rest + ")"),
              "TypeError: an image of files is read into bytes that are not shared, by numbers");
  }
}

TEST_F(FileImagesTest, ThatAreTruncatedLaterCannotBeRead) {
  ASSERT_EQ(truncate(file_.c_str(), 20), 0);
  EXPECT_EQ(EvalError(realm_, "engine.image_read(0, new Uint8Array(9), 0, 9, 0)"),
            "Error: an image of files cannot be read: it is truncated");
}

}  // namespace
}  // namespace blockon
