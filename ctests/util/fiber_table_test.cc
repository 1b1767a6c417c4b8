#include "jspi/util/fiber_table.h"

#include <gtest/gtest.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <map>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "jspi/util/trace.h"

namespace blockon {

class Fiber {};

// Found by GoogleTest, for its messages.
static void PrintTo(FiberState state, std::ostream* out) { *out << FiberStateName(state); }

namespace {

constexpr FiberState kFresh = FiberState::kFresh;
constexpr FiberState kRunning = FiberState::kRunning;
constexpr FiberState kSuspended = FiberState::kSuspended;
constexpr FiberState kResuming = FiberState::kResuming;
constexpr FiberState kDone = FiberState::kDone;
constexpr FiberState kStates[] = {kFresh, kRunning, kSuspended, kResuming, kDone};

// The arrows of the picture in fiber_state.h, once more.
const std::set<std::pair<FiberState, FiberState>> kArrows = {
    {kFresh, kRunning},    {kRunning, kSuspended}, {kSuspended, kResuming},
    {kResuming, kRunning}, {kRunning, kDone},      {kFresh, kDone},
};

// The table's array: of one at a time.
void* array = nullptr;
bool out_of_memory = false;

void* Reallocate(void* memory, size_t size) {
  EXPECT_EQ(memory, array);
  if (out_of_memory) return nullptr;
  return array = std::realloc(memory, size);
}

// With one limit for all its fibers but those that may pass it.
class Table : public FiberTable<Reallocate> {
 public:
  explicit Table(int limit = 20000) : limit_(limit) {}
  ~Table() {
    std::free(array);
    array = nullptr;
    out_of_memory = false;
  }

  int New(bool beyond_limit = false) { return FiberTable::New(&fiber_, beyond_limit ? INT_MAX : limit_); }
  bool IsLive(int id) const {
    EXPECT_TRUE(Find(id) == nullptr || Find(id) == &fiber_);
    return Find(id) != nullptr;
  }
  int live() const { return counts().live; }
  int peak() const { return counts().peak; }
  int64_t created() const { return counts().created; }
  std::array<int, kFiberStateCount> by_state() const { return std::to_array(counts().by_state); }

 private:
  const int limit_;
  Fiber fiber_;
};

// The shortest way from Fresh to a state.
std::vector<FiberState> WayTo(FiberState state) {
  switch (state) {
    case kFresh:
      return {};
    case kRunning:
      return {kRunning};
    case kSuspended:
      return {kRunning, kSuspended};
    case kResuming:
      return {kRunning, kSuspended, kResuming};
    case kDone:
      return {kRunning, kDone};
  }
  return {};
}

int NewIn(Table* table, FiberState state) {
  const int id = table->New();
  for (FiberState step : WayTo(state)) EXPECT_TRUE(table->Transition(id, step));
  EXPECT_EQ(table->StateOf(id), state);
  return id;
}

TEST(FiberStateTest, NamesEveryState) {
  EXPECT_STREQ(FiberStateName(kFresh), "Fresh");
  EXPECT_STREQ(FiberStateName(kRunning), "Running");
  EXPECT_STREQ(FiberStateName(kSuspended), "Suspended");
  EXPECT_STREQ(FiberStateName(kResuming), "Resuming");
  EXPECT_STREQ(FiberStateName(kDone), "Done");
  EXPECT_STREQ(FiberStateName(static_cast<FiberState>(kFiberStateCount)), "?");
}

TEST(FiberStateTest, HasTheNumbersThatTheGuestUses) {
  for (int i = 0; i < kFiberStateCount; i++) EXPECT_EQ(static_cast<int>(kStates[i]), i);
}

// Invariant 1, over all pairs of states.
class TransitionTest : public testing::TestWithParam<std::tuple<FiberState, FiberState>> {};

TEST_P(TransitionTest, IsAllowedOnlyAlongTheArrows) {
  const auto [from, to] = GetParam();
  const bool legal = kArrows.contains({from, to});
  EXPECT_EQ(IsLegalTransition(from, to), legal);

  Table table;
  const int id = NewIn(&table, from);
  const int current = table.current();
  const int live = table.live();
  const auto by_state = table.by_state();
  ASSERT_EQ(table.Transition(id, to), legal);
  EXPECT_EQ(table.StateOf(id), legal ? to : from);
  if (!legal) {
    EXPECT_EQ(table.current(), current);
    EXPECT_EQ(table.live(), live);
    EXPECT_EQ(table.by_state(), by_state);
  }
}

INSTANTIATE_TEST_SUITE_P(AllPairs, TransitionTest,
                         testing::Combine(testing::ValuesIn(kStates), testing::ValuesIn(kStates)),
                         [](const testing::TestParamInfo<TransitionTest::ParamType>& info) {
                           return std::string(FiberStateName(std::get<0>(info.param))) + "To" +
                                  FiberStateName(std::get<1>(info.param));
                         });

TEST(FiberTableTest, RefusesStatesThatDoNotExist) {
  Table table;
  for (FiberState from : {kFresh, kSuspended, kRunning}) {
    const int id = NewIn(&table, from);
    EXPECT_FALSE(table.Transition(id, static_cast<FiberState>(kFiberStateCount)));
    EXPECT_FALSE(table.Transition(id, static_cast<FiberState>(255)));
    EXPECT_EQ(table.StateOf(id), from);
  }
}

TEST(FiberTableTest, RefusesIdsThatNameNoFiber) {
  Table table;
  const int id = table.New();
  for (int unknown : {0, -1, INT_MIN, id + 1, INT_MAX}) {
    EXPECT_FALSE(table.IsLive(unknown)) << unknown;
    EXPECT_EQ(table.StateOf(unknown), kDone) << unknown;
    for (FiberState to : kStates) EXPECT_FALSE(table.Transition(unknown, to)) << unknown;
  }
  EXPECT_TRUE(table.IsLive(id));
  EXPECT_EQ(table.StateOf(id), kFresh);
}

// Invariant 2.
TEST(FiberTableTest, GivesEachLiveFiberItsOwnPositiveId) {
  Table table;
  std::set<int> ids;
  for (int i = 0; i < 1000; i++) {
    const int id = table.New();
    EXPECT_GT(id, 0);
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
  EXPECT_EQ(table.live(), 1000);
}

TEST(FiberTableTest, KeepsAnIdOverSuspensions) {
  Table table;
  const int id = NewIn(&table, kRunning);
  for (int i = 0; i < 3; i++) {
    ASSERT_TRUE(table.Transition(id, kSuspended));
    const int other = NewIn(&table, kDone);
    EXPECT_NE(other, id);
    ASSERT_TRUE(table.Transition(id, kResuming));
    ASSERT_TRUE(table.Transition(id, kRunning));
    EXPECT_EQ(table.current(), id);
  }
}

TEST(FiberTableTest, ReusesTheIdsThatWereFreedLongestAgo) {
  Table table;
  const int a = table.New(), b = table.New(), c = table.New(), d = table.New();
  for (int id : {c, a, d}) ASSERT_TRUE(table.Transition(id, kDone));
  EXPECT_EQ(table.New(), c);
  // Freed while the queue is half used up: it comes after those that wait in it.
  ASSERT_TRUE(table.Transition(b, kDone));
  EXPECT_EQ(table.New(), a);
  EXPECT_EQ(table.New(), d);
  EXPECT_EQ(table.New(), b);
  const int fresh = table.New();
  EXPECT_FALSE((std::set<int>{a, b, c, d}.contains(fresh)));
}

TEST(FiberTableTest, StartsAReusedIdAnew) {
  Table table;
  const int id = NewIn(&table, kDone);
  EXPECT_FALSE(table.IsLive(id));
  ASSERT_EQ(table.New(), id);
  EXPECT_EQ(table.StateOf(id), kFresh);
  EXPECT_TRUE(table.IsLive(id));
}

// Invariant 3.
TEST(FiberTableTest, LetsOneFiberRunAtATime) {
  Table table;
  const int suspended = NewIn(&table, kSuspended);
  const int fresh = table.New();
  const int running = NewIn(&table, kRunning);
  EXPECT_EQ(table.current(), running);
  EXPECT_FALSE(table.Transition(suspended, kResuming));
  EXPECT_FALSE(table.Transition(fresh, kRunning));
  EXPECT_EQ(table.StateOf(suspended), kSuspended);
  EXPECT_EQ(table.StateOf(fresh), kFresh);

  ASSERT_TRUE(table.Transition(running, kSuspended));
  EXPECT_EQ(table.current(), 0);
  ASSERT_TRUE(table.Transition(suspended, kResuming));
  EXPECT_EQ(table.current(), suspended);
  EXPECT_FALSE(table.Transition(fresh, kRunning));
  EXPECT_FALSE(table.Transition(running, kResuming));
  ASSERT_TRUE(table.Transition(suspended, kRunning));
  ASSERT_TRUE(table.Transition(suspended, kDone));
  EXPECT_EQ(table.current(), 0);
  EXPECT_TRUE(table.Transition(fresh, kRunning));
}

TEST(FiberTableTest, EndsAFreshFiberWithoutTouchingTheCurrentOne) {
  Table table;
  const int running = NewIn(&table, kRunning);
  const int fresh = table.New();
  EXPECT_TRUE(table.Transition(fresh, kDone));
  EXPECT_EQ(table.current(), running);
}

// Invariant 4.
TEST(FiberTableTest, RefusesMoreFibersThanTheLimit) {
  Table table(2);
  const int first = table.New();
  const int second = table.New();
  EXPECT_GT(second, 0);
  EXPECT_EQ(table.New(), 0);
  EXPECT_EQ(table.live(), 2);
  EXPECT_EQ(table.created(), 2);
  ASSERT_TRUE(table.Transition(first, kDone));
  EXPECT_EQ(table.New(), first);
  EXPECT_EQ(table.New(), 0);
}

TEST(FiberTableTest, PassesTheLimitWhereItIsAskedTo) {
  Table table(3);
  for (int i = 0; i < 3; i++) EXPECT_GT(table.New(), 0);
  EXPECT_EQ(table.New(), 0);
  EXPECT_EQ(table.New(true), 4);
  EXPECT_EQ(table.live(), 4);
  EXPECT_EQ(table.New(), 0);
}

TEST(FiberTableTest, KnowsWhoAFiberIs) {
  FiberTable<Reallocate> table;
  Fiber first, second;
  const int id = table.New(&first, 2);
  const int other = table.New(&second, 2);
  EXPECT_EQ(table.Find(id), &first);
  EXPECT_EQ(table.Find(other), &second);
  ASSERT_TRUE(table.Transition(id, kDone));
  EXPECT_EQ(table.Find(id), nullptr);
  EXPECT_EQ(table.Find(other), &second);
  ASSERT_EQ(table.New(&second, 2), id);
  EXPECT_EQ(table.Find(id), &second);
  std::free(array);
  array = nullptr;
}

TEST(FiberTableTest, TakesAFiberThroughItsLife) {
  Table table;
  const int id = table.New();
  for (FiberState state : {kRunning, kSuspended, kResuming, kRunning, kSuspended, kResuming, kRunning}) {
    ASSERT_TRUE(table.Transition(id, state));
    EXPECT_EQ(table.StateOf(id), state);
    EXPECT_EQ(table.current(), state == kSuspended ? 0 : id);
  }
  ASSERT_TRUE(table.Transition(id, kDone));
  EXPECT_FALSE(table.IsLive(id));
  EXPECT_EQ(table.created(), 1);
}

TEST(FiberTableTest, IsAsItWasWhereItCannotGrow) {
  Table table;
  std::set<int> ids;
  for (int i = 0; i < 63; i++) ids.insert(table.New());
  ASSERT_TRUE(table.Transition(1, kRunning));
  out_of_memory = true;
  for (bool beyond_limit : {false, true}) EXPECT_EQ(table.New(beyond_limit), 0);
  EXPECT_EQ(table.live(), 63);
  EXPECT_EQ(table.peak(), 63);
  EXPECT_EQ(table.created(), 63);
  EXPECT_EQ(table.by_state(), (std::array<int, kFiberStateCount>{62, 1, 0, 0, 0}));
  EXPECT_EQ(table.current(), 1);
  // Transitions need no memory, and one that goes makes room.
  ASSERT_TRUE(table.Transition(1, kDone));
  EXPECT_EQ(table.New(), 1);
  EXPECT_EQ(table.New(), 0);
  out_of_memory = false;
  EXPECT_TRUE(ids.insert(table.New()).second);
  for (int id : ids) EXPECT_EQ(table.StateOf(id), kFresh) << id;
}

TEST(FiberTableTest, IsEmptyWhereItsFirstArrayCannotBeMade) {
  Table table;
  out_of_memory = true;
  EXPECT_EQ(table.New(), 0);
  EXPECT_EQ(table.live(), 0);
  EXPECT_EQ(table.StateOf(1), kDone);
  EXPECT_FALSE(table.Transition(1, kRunning));
  out_of_memory = false;
  EXPECT_EQ(table.New(), 1);
}

TEST(FiberTableTest, CountsFibersByState) {
  Table table;
  EXPECT_EQ(table.by_state(), (std::array<int, kFiberStateCount>{0, 0, 0, 0, 0}));
  NewIn(&table, kSuspended);
  NewIn(&table, kSuspended);
  NewIn(&table, kDone);
  table.New();
  NewIn(&table, kRunning);
  EXPECT_EQ(table.by_state(), (std::array<int, kFiberStateCount>{1, 1, 2, 0, 0}));
  EXPECT_EQ(table.live(), 4);
  EXPECT_EQ(table.created(), 5);
}

TEST(FiberTableTest, RemembersThePeak) {
  Table table;
  const int first = table.New();
  const int second = table.New();
  for (int id : {first, second}) ASSERT_TRUE(table.Transition(id, kDone));
  EXPECT_EQ(table.live(), 0);
  EXPECT_EQ(table.peak(), 2);
  table.New();
  EXPECT_EQ(table.peak(), 2);
  EXPECT_EQ(table.created(), 3);
}

// A long walk beside a model that is only a map from ids to states.
TEST(FiberTableTest, AgreesWithAModel) {
  constexpr int kLimit = 8;
  Table table(kLimit);
  std::map<int, FiberState> model;
  std::mt19937 random(20240607);
  int64_t created = 0;
  int accepted = 0;
  for (int step = 0; step < 20000; step++) {
    if (random() % 4 == 0) {
      const int id = table.New();
      ASSERT_EQ(id == 0, model.size() == kLimit);
      if (id == 0) continue;
      ASSERT_TRUE(model.emplace(id, kFresh).second);
      created++;
    } else {
      const int id = static_cast<int>(random() % (kLimit + 2));
      const FiberState to = kStates[random() % kFiberStateCount];
      bool busy = false;
      for (const auto& [other, state] : model) busy |= other != id && (state == kRunning || state == kResuming);
      const auto found = model.find(id);
      const bool legal = found != model.end() && kArrows.contains({found->second, to}) &&
                         !(busy && (to == kRunning || to == kResuming));
      ASSERT_EQ(table.Transition(id, to), legal) << "step " << step;
      accepted += legal;
      if (legal) found->second = to;
      if (legal && to == kDone) model.erase(found);
    }
    std::array<int, kFiberStateCount> by_state{};
    int current = 0;
    for (const auto& [id, state] : model) {
      by_state[static_cast<size_t>(state)]++;
      if (state == kRunning || state == kResuming) current = id;
      ASSERT_EQ(table.StateOf(id), state);
    }
    ASSERT_EQ(table.by_state(), by_state);
    ASSERT_EQ(table.current(), current);
    ASSERT_EQ(table.live(), static_cast<int>(model.size()));
    ASSERT_EQ(table.created(), created);
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace blockon
