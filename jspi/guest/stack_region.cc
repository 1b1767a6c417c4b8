#include "stack_region.h"

#include "engine_api.h"

namespace blockon {
namespace {

constexpr uint32_t kCanaryWord = 0x6b636f62;
constexpr int kRegionsPerSlab = 16;
// Pages of the machine, by which linear memory becomes resident.
constexpr uint32_t kPageSize = 4096;

StackRegion* free_regions = nullptr;
StackRegionStats stats;

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
// that it lies in the page where the region below it begins to grow: a shallow fiber touches one page and not two.
bool GrowPool() {
  const uint32_t descriptors = kRegionsPerSlab * sizeof(StackRegion);
  auto slab = reinterpret_cast<uint32_t>(malloc(descriptors + kPageSize + kRegionsPerSlab * kStackRegionSize));
  if (!slab) return false;
  auto* region = reinterpret_cast<StackRegion*>(slab);
  uint32_t start = ((slab + descriptors + kStackCanarySize + kPageSize - 1) & ~(kPageSize - 1)) - kStackCanarySize;
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
  return ProtectStack(tstate, top(), top() - end(), BLOCKON_FIBER_STACK);
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
  return ProtectStack(PyThreadState_Get(), base, base - emscripten_stack_get_end(), BLOCKON_MAIN_STACK);
}

}  // namespace blockon
