// The texts of a version mismatch between this addon and the Node that loads it. Free of V8.
#ifndef BLOCKON_JSPI_UTIL_VERSION_CHECK_H_
#define BLOCKON_JSPI_UTIL_VERSION_CHECK_H_

#include <string>
#include <string_view>

namespace blockon {

struct V8Version {
  int major = 0;
  int minor = 0;
};

// The first two numbers of a version such as "14.6.202.34-node.20"; zeros when it is none.
V8Version ParseV8Version(std::string_view text);

// Empty when an addon that was built for `built` may run in `found`: V8 keeps its C++ ABI within major.minor.
// Otherwise what was found, what is expected and what to do.
std::string DescribeV8Mismatch(std::string_view built, std::string_view found);

}  // namespace blockon

#endif  // BLOCKON_JSPI_UTIL_VERSION_CHECK_H_
