// UTF-8, UTF-16 and Latin-1 for a Worker's realm, which has no TextEncoder of V8's: the work under its TextEncoder and TextDecoder.
//
// The callbacks run on the isolate's thread, in the realm that called, and run no JavaScript. Input that is not bytes or not a
// string is a TypeError. Malformed UTF-8 is replaced as the Encoding Standard says, or
// refused when asked to; surrogates of UTF-16 stay as they are.
#ifndef BLOCKON_JSPI_ENGINE_TEXT_CODEC_H_
#define BLOCKON_JSPI_ENGINE_TEXT_CODEC_H_

#include <v8.h>

namespace blockon {

// (string) -> Uint8Array: UTF-8; a lone surrogate becomes U+FFFD.
void EncodeUtf8Callback(const v8::FunctionCallbackInfo<v8::Value>& info);
// (bytes, boolean fatal) -> string, or a TypeError when `fatal` and the bytes are not UTF-8.
void DecodeUtf8Callback(const v8::FunctionCallbackInfo<v8::Value>& info);
// (bytes) -> string: each byte the character of that number (ISO 8859-1).
void DecodeLatin1Callback(const v8::FunctionCallbackInfo<v8::Value>& info);
// (bytes) -> string: UTF-16LE; an odd last byte becomes U+FFFD.
void DecodeUtf16Callback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TEXT_CODEC_H_
