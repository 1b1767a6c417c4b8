#include "jspi/util/trace.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace blockon {
namespace {

TEST(TraceTest, ParsesTheListOfNames) {
  struct {
    const char* list;
    bool fibers, bridge;
  } const kCases[] = {
      {"", false, false},
      {"fibers", true, false},
      {"bridge", false, true},
      {"fibers,bridge", true, true},
      {"bridge,fibers", true, true},
      {"bridge,bridge", false, true},
      {",bridge,", false, true},
      {"unknown,fibers", true, false},
      {"unknown", false, false},
      {"fiber", false, false},
      {"fibersbridge", false, false},
      {"Fibers", false, false},
      {"fibers bridge", false, false},
  };
  for (const auto& test : kCases) {
    const TraceFlags flags = ParseTrace(test.list);
    EXPECT_EQ(flags.fibers, test.fibers) << test.list;
    EXPECT_EQ(flags.bridge, test.bridge) << test.list;
  }
}

// The environment is read once a process, so each of these has a process of its own.
TEST(TraceDeathTest, ReadsTheEnvironmentOnce) {
  const auto check = [] {
    setenv("BLOCKON_TRACE", "fibers", 1);
    const bool first = Trace().fibers && !Trace().bridge;
    setenv("BLOCKON_TRACE", "bridge", 1);
    std::exit(first && Trace().fibers && !Trace().bridge ? 0 : 1);
  };
  EXPECT_EXIT(check(), testing::ExitedWithCode(0), "");
}

TEST(TraceDeathTest, IsOffWithoutTheVariable) {
  const auto check = [] {
    unsetenv("BLOCKON_TRACE");
    std::exit(Trace().fibers || Trace().bridge ? 1 : 0);
  };
  EXPECT_EXIT(check(), testing::ExitedWithCode(0), "");
}

TEST(TraceDeathTest, WritesOneLineForATransition) {
  const auto write = [](bool allowed) {
    TraceTransition(7, FiberState::kRunning, FiberState::kSuspended, allowed);
    std::exit(0);
  };
  EXPECT_EXIT(write(true), testing::ExitedWithCode(0), "^blockon: fiber 7 Running -> Suspended\n$");
  EXPECT_EXIT(write(false), testing::ExitedWithCode(0), "^blockon: fiber 7 Running -> Suspended refused\n$");
}

}  // namespace
}  // namespace blockon
