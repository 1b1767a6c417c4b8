#include "jspi/net/lookup_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "jspi/net/resolver.h"

namespace blockon {
namespace {

class LookupQueueTest : public testing::Test {
 protected:
  using Client = std::shared_ptr<LookupClient>;

  static Client NewClient() { return std::make_shared<LookupClient>(); }

  void Add(const Client& client, const std::string& name, int count = 1) {
    for (int i = 0; i < count; i++) queue_.Add({std::make_shared<Lookup>(Lookup::Question{.host = name}), client});
  }
  // The names of those that begin now.
  std::string Begin() {
    std::string names;
    while (auto entry = queue_.Begin()) {
      names += entry->lookup->question().host;
      running_.push_back(*entry);
    }
    return names;
  }
  // The name of the one that begins when the first of this name has ended.
  std::string End(const std::string& name) {
    const auto ended = std::find_if(running_.begin(), running_.end(),
                                    [&](const auto& one) { return one.lookup->question().host == name; });
    queue_.Ended(ended->client.get());
    running_.erase(ended);
    return Begin();
  }

  LookupQueue queue_;
  std::vector<LookupQueue::Entry> running_;
};

TEST_F(LookupQueueTest, OneClientHasSoManyAndKeepsTheirOrder) {
  const Client client = NewClient();
  for (const char* name : {"1", "2", "3", "4", "5", "6"}) Add(client, name);
  EXPECT_EQ(Begin(), "1234");
  EXPECT_EQ(End("2"), "5");
  EXPECT_EQ(End("5"), "6");
  EXPECT_EQ(End("1"), "");
  EXPECT_EQ(queue_.running(), 3);
  EXPECT_EQ(queue_.waiting(), 0u);
}

TEST_F(LookupQueueTest, SlowClientsLeaveOneToEachOther) {
  const Client slow[] = {NewClient(), NewClient(), NewClient(), NewClient()};
  for (const Client& client : slow) Add(client, "s", 10);
  EXPECT_EQ(Begin(), std::string(LookupQueue::kShared, 's'));
  std::vector<Client> others;
  for (int i = LookupQueue::kShared; i < LookupQueue::kMost; i++) {
    Add(others.emplace_back(NewClient()), "o", 2);
    EXPECT_EQ(Begin(), "o");
  }
  EXPECT_EQ(queue_.running(), LookupQueue::kMost);
  Add(NewClient(), "l");
  EXPECT_EQ(Begin(), "");
  EXPECT_EQ(End("s"), "l") << "it has none, and each of the others has one";
}

TEST_F(LookupQueueTest, ClientsTakeTurns) {
  const Client a = NewClient();
  const Client b = NewClient();
  const Client c = NewClient();
  Add(a, "a", 8);
  Add(b, "b", 8);
  Add(c, "c", 8);
  EXPECT_EQ(Begin(), "abcabcabcabc");
  EXPECT_EQ(End("b"), "b");
  // Where nobody may begin before others have ended, the one whose last began the longest ago comes first.
  std::vector<Client> fill;
  while (queue_.running() < LookupQueue::kMost) {
    Add(fill.emplace_back(NewClient()), "f");
    Begin();
  }
  const Client x = NewClient();
  const Client y = NewClient();
  Add(x, "x", 3);
  Add(y, "y", 3);
  EXPECT_EQ(End("f"), "x");
  EXPECT_EQ(End("x"), "y");
  EXPECT_EQ(End("y"), "x");
  EXPECT_EQ(End("x"), "y");
}

TEST_F(LookupQueueTest, ForgetsOneThatWaits) {
  const Client client = NewClient();
  Add(client, "1", LookupQueue::kMostOfOneClient);
  const auto last = std::make_shared<Lookup>(Lookup::Question{.host = "2"});
  queue_.Add({last, client});
  Begin();
  EXPECT_FALSE(queue_.Remove(running_[0].lookup.get()));
  EXPECT_TRUE(queue_.Remove(last.get()));
  EXPECT_EQ(queue_.waiting(), 0u);
}

}  // namespace
}  // namespace blockon
