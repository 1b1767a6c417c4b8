// The codecs beside Node's own TextEncoder and TextDecoder, which are the reference.
#include "jspi/engine/text_codec.h"

#include <memory>
#include <string_view>

#include "ctests/engine/engine_test.h"
#include "ctests/engine/little_memory.h"
#include "jspi/util/utf8.h"

namespace blockon {
namespace {

bool IsValid(std::string_view bytes) {
  return IsValidUtf8(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

class TextCodecTest : public EngineTest {
 protected:
  TextCodecTest() : realm_(NewRealm()) {
    const auto handler = Eval(host_, "() => {}").As<v8::Function>();
    Register(isolate_, std::make_unique<Bridge>(host_, realm_, handler, 0))->Install("codec");
    SetGlobal(host_, "codec", Eval(realm_, "codec"));
    Eval(host_, R"js(
      var utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
      var strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
      var decodeStrict = (decode) => { try { return decode() } catch (error) { return error.name } };
      // The first of the byte sequences that does not decode as Node does, lossy or strict; "" when there is none.
      var firstDifference = (sequences) => {
        for (const bytes of sequences) {
          const array = Uint8Array.from(bytes);
          const same = codec.decodeUtf8(array) === utf8.decode(array) &&
            decodeStrict(() => codec.decodeUtf8(array, true)) === decodeStrict(() => strict.decode(array));
          if (!same) return array.join();
        }
        return "";
      };
    )js");
  }

  const v8::Local<v8::Context> realm_;
};

TEST_F(TextCodecTest, RefusesATextForWhoseBytesThereIsNoMemory) {
  // As a whole, and no longer in pieces, once it was encoded.
  Eval(realm_, R"(var long = "\u20ac".repeat(40 << 20); codec.encodeUtf8(long); undefined)");
  CollectGarbage();
  {
    const LittleMemory little(size_t{64} << 20);
    EXPECT_EQ(EvalError(realm_, "codec.encodeUtf8(long)"), "RangeError: there is no memory for so many bytes");
  }
  EXPECT_EQ(EvalInt(realm_, "codec.encodeUtf8(long).length"), 3 * (40 << 20));
  Eval(realm_, "long = undefined");
}

TEST_F(TextCodecTest, EncodesUtf8) {
  struct {
    const char* text;
    const char* bytes;
  } const kCases[] = {
      {"''", ""},
      {"'az'", "97,122"},
      {R"('\0')", "0"},
      {R"('\u00e9')", "195,169"},
      {R"('\u20ac')", "226,130,172"},
      {R"('\u{1f40d}')", "240,159,144,141"},
      {R"('\u{10ffff}')", "244,143,191,191"},
      {R"('\ud800')", "239,191,189"},
      {R"('a\udc00b')", "97,239,191,189,98"},
      {R"('\udc00\ud800')", "239,191,189,239,191,189"},
      {R"('\ud800\ud800\udc00')", "239,191,189,240,144,128,128"},
      {R"('\ufeff')", "239,187,191"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(EvalText(realm_, std::string("codec.encodeUtf8(") + test.text + ").join()"), test.bytes) << test.text;
  }
}

TEST_F(TextCodecTest, EncodesEveryCodeUnitAsNodeDoes) {
  EXPECT_EQ(EvalText(host_, R"js(
    var different = [];
    for (let unit = 0; unit < 0x10000; unit++) {
      const text = `a${String.fromCharCode(unit)}b`;
      if (Buffer.compare(codec.encodeUtf8(text), new TextEncoder().encode(text)) !== 0) different.push(unit);
    }
    different.join()
  )js"),
            "");
}

TEST_F(TextCodecTest, EncodesIntoAnArrayOfItsRealm) {
  EXPECT_TRUE(EvalTrue(realm_, "Object.getPrototypeOf(codec.encodeUtf8('a')) === Uint8Array.prototype"));
}

TEST_F(TextCodecTest, EncodesStringsOnly) {
  for (const char* value : {"", "1", "undefined", "new String('a')", "{ toString() { throw 1; } }"}) {
    EXPECT_EQ(EvalError(realm_, std::string("codec.encodeUtf8(") + value + ")"), "TypeError: expected a string")
        << value;
  }
}

TEST_F(TextCodecTest, DecodesUtf8) {
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf8(Uint8Array.of(0xe2, 0x82, 0xac, 0x21))"), "\u20ac!");
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf8(Uint8Array.of(0x61, 0xff, 0x62))"),
            "a\ufffd"
            "b");
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf8(new Uint8Array(0))"), "");
  // A surrogate in UTF-8 is three wrong bytes.
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80))"), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(EvalInt(realm_, "codec.decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf)).charCodeAt(0)"), 0xfeff);
}

TEST_F(TextCodecTest, DecodesAllPairsOfBytesAsNodeDoes) {
  EXPECT_EQ(EvalText(host_, R"js(
    firstDifference((function* () { for (let i = 0; i < 0x10000; i++) yield [i >> 8, i & 0xff]; })())
  )js"),
            "");
}

TEST_F(TextCodecTest, DecodesLongerSequencesAsNodeDoes) {
  // Every second byte behind the leads whose second byte is limited, with what can follow it.
  EXPECT_EQ(EvalText(host_, R"js(
    firstDifference((function* () {
      for (const lead of [0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5]) {
        for (let second = 0x7f; second <= 0xc0; second++) {
          for (const rest of ["", "80", "bf", "41", "80bf", "bf80", "8041", "80bf80"]) {
            yield [0x61, lead, second, ...Buffer.from(rest, "hex")];
          }
        }
      }
    })())
  )js"),
            "");
}

TEST_F(TextCodecTest, RefusesMalformedUtf8WhenAskedTo) {
  const char* kMessage = "TypeError: The encoded data was not valid for encoding utf-8";
  EXPECT_EQ(EvalError(realm_, "codec.decodeUtf8(Uint8Array.of(0xff), true)"), kMessage);
  EXPECT_EQ(EvalError(realm_, "codec.decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80), true)"), kMessage);
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf8(Uint8Array.of(0xc3, 0xa9), true)"), "\u00e9");
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf8(Uint8Array.of(0xff), false)"), "\ufffd");
}

TEST_F(TextCodecTest, DecodesLatin1) {
  EXPECT_EQ(EvalText(host_, R"js(
    codec.decodeLatin1(Uint8Array.from({ length: 256 }, (_, i) => i)) ===
      String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
  )js"),
            "true");
  EXPECT_EQ(EvalText(realm_, "codec.decodeLatin1(new ArrayBuffer(0))"), "");
}

TEST_F(TextCodecTest, DecodesUtf16) {
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf16(Uint8Array.of(0xac, 0x20, 0x3d, 0xd8, 0x0d, 0xdc))"),
            "\u20ac\U0001f40d");
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf16(new Uint8Array(0))"), "");
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf16(Uint8Array.of(0x61, 0, 0x62))"), "a\ufffd");
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf16(Uint8Array.of(0x61))"), "\ufffd");
  // Lone surrogates stay: only the caller knows whether the next bytes make a pair of them.
  EXPECT_EQ(EvalInt(realm_, "codec.decodeUtf16(Uint8Array.of(0x00, 0xd8)).charCodeAt(0)"), 0xd800);
}

TEST_F(TextCodecTest, DecodesUtf16AtAnOddAddress) {
  EXPECT_EQ(EvalText(realm_, "codec.decodeUtf16(Uint8Array.of(0, 0x61, 0, 0x62, 0).subarray(1))"), "ab");
}

TEST_F(TextCodecTest, DecodesViewsAndBuffers) {
  Eval(realm_, "var buffer = Uint8Array.of(0x61, 0x62, 0x63, 0x64).buffer");
  for (const char* decode : {"decodeUtf8", "decodeLatin1"}) {
    const std::string call = std::string("codec.") + decode;
    EXPECT_EQ(EvalText(realm_, call + "(buffer)"), "abcd");
    EXPECT_EQ(EvalText(realm_, call + "(new Uint8Array(buffer, 1, 2))"), "bc");
    EXPECT_EQ(EvalText(realm_, call + "(new DataView(buffer, 3))"), "d");
    EXPECT_EQ(EvalText(realm_, call + "(new Uint16Array(buffer, 2))"), "cd");
  }
}

TEST_F(TextCodecTest, DecodesNothingElse) {
  Eval(realm_, "var detached = new Uint8Array(4); detached.buffer.transfer()");
  for (const char* decode : {"decodeUtf8", "decodeLatin1", "decodeUtf16"}) {
    const std::string call = std::string("codec.") + decode;
    for (const char* value : {"", "'text'", "[1]", "{}", "new SharedArrayBuffer(2)"}) {
      EXPECT_EQ(EvalError(realm_, call + "(" + value + ")"), "TypeError: expected an ArrayBuffer or a view of one")
          << call << value;
    }
    EXPECT_EQ(EvalError(realm_, call + "(new Uint8Array(new SharedArrayBuffer(2)))"),
              "TypeError: shared memory cannot be decoded");
    EXPECT_EQ(EvalText(realm_, call + "(detached)"), "") << call;
  }
}

TEST_F(TextCodecTest, ThrowsErrorsOfItsRealm) {
  EXPECT_TRUE(
      EvalTrue(realm_, "try { codec.decodeUtf8() } catch (e) { Object.getPrototypeOf(e) === TypeError.prototype }"));
}

TEST(ValidUtf8Test, TakesWellFormedSequences) {
  for (std::string_view bytes :
       {std::string_view(""), std::string_view("ascii \x7f"), std::string_view("\0", 1), std::string_view("\xc2\x80"),
        std::string_view("\xdf\xbf"), std::string_view("\xe0\xa0\x80"), std::string_view("\xed\x9f\xbf"),
        std::string_view("\xee\x80\x80"), std::string_view("\xef\xbf\xbf"), std::string_view("\xf0\x90\x80\x80"),
        std::string_view("\xf4\x8f\xbf\xbf")}) {
    EXPECT_TRUE(IsValid(bytes)) << testing::PrintToString(bytes);
  }
}

TEST(ValidUtf8Test, RefusesMalformedOnes) {
  for (std::string_view bytes :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "ok\xc2"}) {
    EXPECT_FALSE(IsValid(bytes)) << testing::PrintToString(bytes);
  }
}

TEST(ValidUtf8Test, DoesNotReadBehindTheEnd) { EXPECT_FALSE(IsValid(std::string_view("\xe2\x82\xac", 2))); }

}  // namespace
}  // namespace blockon
