#include "stack_region.h"

namespace blockon {
namespace {

constexpr uint32_t kCanaryWord = 0x6b636f62;
constexpr int kRegionsPerSlab = 8;
constexpr uint32_t kStackAlignment = 16;
// The part of the main stack that CPython may use: the rest of its 10 MiB is beyond V8's own stack.
constexpr uint32_t kMainStackBudget = 256 * 1024;

StackRegion* free_regions = nullptr;
StackRegionStats stats;

void WriteCanary(const StackRegion& region) {
  auto* word = reinterpret_cast<uint32_t*>(region.start);
  for (uint32_t i = 0; i < kStackCanarySize / sizeof(uint32_t); i++) word[i] = kCanaryWord;
}

// One malloc for several regions: their descriptors first, then the stacks.
bool GrowPool() {
  const uint32_t descriptors = kRegionsPerSlab * sizeof(StackRegion);
  auto slab = reinterpret_cast<uint32_t>(
      malloc(descriptors + kStackAlignment + kRegionsPerSlab * kStackRegionSize));
  if (!slab) return false;
  auto* region = reinterpret_cast<StackRegion*>(slab);
  uint32_t start = (slab + descriptors + kStackAlignment - 1) & ~(kStackAlignment - 1);
  for (int i = 0; i < kRegionsPerSlab; i++, region++, start += kStackRegionSize) {
    region->start = start;
    region->next_free = free_regions;
    free_regions = region;
    stats.pooled++;
  }
  return true;
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
  return PyUnstable_ThreadState_SetStackProtection(tstate, reinterpret_cast<void*>(limit()),
                                                   top() - limit()) == 0;
}

StackRegion* AcquireStackRegion() {
  if (!free_regions && !GrowPool()) return nullptr;
  StackRegion* region = free_regions;
  free_regions = region->next_free;
  region->next_free = nullptr;
  stats.pooled--;
  stats.in_use++;
  WriteCanary(*region);
  return region;
}

void ReleaseStackRegion(StackRegion* region) {
  region->next_free = free_regions;
  free_regions = region;
  stats.in_use--;
  stats.pooled++;
}

StackRegionStats GetStackRegionStats() { return stats; }

bool ProtectMainStack() {
  const uint32_t base = emscripten_stack_get_base();
  const uint32_t size = base - emscripten_stack_get_end();
  const uint32_t budget = size < kMainStackBudget ? size : kMainStackBudget;
  return PyUnstable_ThreadState_SetStackProtection(
             PyThreadState_Get(), reinterpret_cast<void*>(base - budget), budget) == 0;
}

}  // namespace blockon
