#include "stack_region.h"

#include "engine_api.h"

extern "C" uint32_t blockon_stack_pointer();  // stack_switch.s

namespace blockon {
namespace {

constexpr uint32_t kCanaryWord = 0x6b636f62;
constexpr int kRegionsPerSlab = 16;
// Pages of the machine, by which linear memory becomes resident.
constexpr uint32_t kPageSize = 4096;
// Free regions that stay resident, so that some fibers come and go without the system.
constexpr int kKeptResident = 16;
// Regions that are given back at a time: about 0.5 ms.
constexpr int kTrimBatch = 256;
// Milliseconds until regions that were released are given back, and between batches.
constexpr double kTrimDelay = 100;
constexpr double kBatchDelay = 5;

// A stack: what was released last comes first.
StackRegion* free_regions = nullptr;
StackRegionStats stats;
// The fewest that were free since the last trim: so many at the end of the list were of no use since then.
int fewest_pooled = 0;
bool poison = false;

// Below `top`, of the `available` bytes, what V8's stack of this kind can follow.
bool ProtectStack(PyThreadState* tstate, uint32_t top, uint32_t available, blockon_stack_kind kind) {
  const uint32_t budget = blockon_stack_budget(kind);
  const uint32_t size = available < budget ? available : budget;
  return PyUnstable_ThreadState_SetStackProtection(tstate, reinterpret_cast<void*>(top - size), size) == 0;
}

void WriteCanary(const StackRegion& region) {
  auto* word = reinterpret_cast<uint32_t*>(region.start);
  for (uint32_t i = 0; i < kStackCanarySize / sizeof(uint32_t); i++) word[i] = kCanaryWord;
}

// One malloc for several regions: their descriptors first, then the stacks. Each region's canary fills the end of a page, so
// that it lies in the page where the region below it begins to grow: a shallow fiber touches one page and not two. The last page
// is padded, so that it too belongs to the slab alone.
bool GrowPool() {
  const uint32_t descriptors = kRegionsPerSlab * sizeof(StackRegion);
  auto slab = reinterpret_cast<uint32_t>(
      PyMem_RawMalloc(descriptors + kPageSize + kRegionsPerSlab * kStackRegionSize + kStackCanarySize));
  if (!slab) return false;
  auto* region = reinterpret_cast<StackRegion*>(slab);
  uint32_t start = ((slab + descriptors + kStackCanarySize + kPageSize - 1) & ~(kPageSize - 1)) - kStackCanarySize;
  for (int i = 0; i < kRegionsPerSlab; i++, region++, start += kStackRegionSize) {
    *region = StackRegion();
    region->start = start;
    region->index = static_cast<unsigned char>(i);
    region->next_free = free_regions;
    free_regions = region;
    stats.pooled++;
  }
  return true;
}

// Gives a free region's pages back to the system: they read as zeros from then on. The pages at its two ends are shared with its
// neighbours, by the canaries.
void Discard(StackRegion* region) {
  const bool free_below = region->index > 0 && !region[-1].in_use;
  const bool free_above = region->index == kRegionsPerSlab - 1 || !region[1].in_use;
  const uint32_t from = region->end() - (free_below ? kPageSize : 0);
  const uint32_t to = region->end() + kStackRegionSize - (free_above ? 0 : kPageSize);
  blockon_memory_release(from, to - from);
  region->touched = false;
  stats.resident--;
}

}  // namespace

bool StackRegion::CanaryIntact() const {
  const auto* word = reinterpret_cast<const uint32_t*>(start);
  for (uint32_t i = 0; i < kStackCanarySize / sizeof(uint32_t); i++) {
    if (word[i] != kCanaryWord) return false;
  }
  return true;
}

bool StackRegion::Protect(PyThreadState* tstate) const {
  return ProtectStack(tstate, top(), top() - end(), BLOCKON_FIBER_STACK);
}

StackRegion* AcquireStackRegion() {
  if (!free_regions && !GrowPool()) return nullptr;
  StackRegion* region = free_regions;
  free_regions = region->next_free;
  region->next_free = nullptr;
  region->in_use = true;
  stats.pooled--;
  stats.in_use++;
  if (stats.pooled < fewest_pooled) fewest_pooled = stats.pooled;
  if (region->touched) stats.resident--;
  WriteCanary(*region);
  return region;
}

void ReleaseStackRegion(StackRegion* region) {
  if (poison) memset(reinterpret_cast<void*>(region->end()), kPoison, kStackRegionSize - kStackCanarySize);
  region->next_free = free_regions;
  free_regions = region;
  region->in_use = false;
  region->touched = true;
  stats.in_use--;
  stats.pooled++;
  stats.resident++;
  if (stats.resident > kKeptResident) blockon_schedule_trim(kTrimDelay);
}

void PoisonStackRegions(bool on) { poison = on; }

// The frames of this function and of its callers are above the stack pointer, but for the 128 bytes below it that a function
// that calls no other may use.
void PoisonBelowStack(const StackRegion& region) {
  if (!poison) return;
  const uint32_t free_end = blockon_stack_pointer() - 128;
  if (free_end > region.end()) memset(reinterpret_cast<void*>(region.end()), kPoison, free_end - region.end());
}

StackRegionStats GetStackRegionStats() { return stats; }

bool ProtectMainStack() {
  const uint32_t base = emscripten_stack_get_base();
  return ProtectStack(PyThreadState_Get(), base, base - emscripten_stack_get_end(), BLOCKON_MAIN_STACK);
}

}  // namespace blockon

// On the event loop's stack, some time after blockon_schedule_trim().
extern "C" __attribute__((visibility("default"))) void blockon_trim() {
  using namespace blockon;
  const int used = stats.pooled - fewest_pooled;
  int skip = used > kKeptResident ? used : kKeptResident;
  int left = kTrimBatch;
  StackRegion* region = free_regions;
  for (; region && left > 0; region = region->next_free) {
    if (skip-- > 0 || !region->touched) continue;
    Discard(region);
    left--;
  }
  if (left == 0 && region) return blockon_schedule_trim(kBatchDelay);
  fewest_pooled = stats.pooled;
  if (stats.resident > kKeptResident) blockon_schedule_trim(kTrimDelay);
}
