#include "jspi/net/resolver.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace blockon {
namespace {

// Answers names at once, but "slow" ones: those when the gate is opened. Lives as long as the process, as its resolver's threads do.
class Gate {
 public:
  Resolver& resolver() { return resolver_; }

  // False when not so many are held up in time.
  bool AwaitHeld(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return held_ >= count; });
  }
  int held() {
    const std::lock_guard lock(mutex_);
    return held_;
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  void Answer(const Lookup& lookup) {
    if (lookup.question().host != "slow") return;
    std::unique_lock lock(mutex_);
    held_++;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    held_--;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int held_ = 0;
  bool open_ = false;
  Resolver resolver_{[this](Lookup& lookup) { Answer(lookup); }};
};

class ResolverTest : public testing::Test {
 protected:
  using Client = std::shared_ptr<LookupClient>;

  ~ResolverTest() override { gate_.Open(); }

  std::shared_ptr<Lookup> Start(const Client& client, const char* name) {
    return gate_.resolver().Start({.host = name}, client, [] {});
  }

  static constexpr int kLong = 60'000;
  static inline std::vector<std::unique_ptr<Gate>>& kept_ = *new std::vector<std::unique_ptr<Gate>>;
  Gate& gate_ = *kept_.emplace_back(std::make_unique<Gate>());
};

TEST_F(ResolverTest, FourSlowClientsHoldUpNoOther) {
  const Client slow[] = {std::make_shared<LookupClient>(), std::make_shared<LookupClient>(),
                         std::make_shared<LookupClient>(), std::make_shared<LookupClient>()};
  std::vector<std::shared_ptr<Lookup>> lookups;
  for (int i = 0; i < 3 * LookupQueue::kMostOfOneClient; i++) {
    for (const Client& client : slow) lookups.push_back(Start(client, "slow"));
  }
  ASSERT_TRUE(gate_.AwaitHeld(LookupQueue::kShared));
  const auto other = std::make_shared<LookupClient>();
  for (int i = 0; i < 20; i++) ASSERT_TRUE(Start(other, "fast")->Wait(kLong)) << i;
  EXPECT_EQ(gate_.held(), LookupQueue::kShared);
  gate_.Open();
  for (const auto& lookup : lookups) EXPECT_TRUE(lookup->Wait(kLong));
}

TEST_F(ResolverTest, OneThatIsLetGoOfBeforeItBeganNeverDoes) {
  const auto client = std::make_shared<LookupClient>();
  std::vector<std::shared_ptr<Lookup>> slow;
  for (int i = 0; i < LookupQueue::kMostOfOneClient; i++) slow.push_back(Start(client, "slow"));
  ASSERT_TRUE(gate_.AwaitHeld(LookupQueue::kMostOfOneClient));
  const auto dropped = Start(client, "fast");
  const auto kept = Start(client, "fast");
  gate_.resolver().Cancel(dropped.get());
  gate_.Open();
  EXPECT_TRUE(kept->Wait(kLong));
  for (const auto& lookup : slow) EXPECT_TRUE(lookup->Wait(kLong));
  EXPECT_FALSE(dropped->done());
}

}  // namespace
}  // namespace blockon
