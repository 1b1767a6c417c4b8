#include "data_stack.h"

#include "thread_state_layout.h"

namespace blockon {
namespace {

constexpr size_t kPieceSize = 16 * 1024;
// Kept for who asks next.
constexpr int kMostKept = 64;

struct Piece {
  Piece* next;
};

Piece* kept = nullptr;
int kept_count = 0;
PyObjectArenaAllocator before;

void* Allocate(void*, size_t size) {
  if (size != kPieceSize) return before.alloc(before.ctx, size);
  if (!kept) return PyMem_RawMalloc(kPieceSize);
  Piece* piece = kept;
  kept = piece->next;
  kept_count--;
  return piece;
}

void Free(void*, void* memory, size_t size) {
  if (size != kPieceSize) return before.free(before.ctx, memory, size);
  if (kept_count == kMostKept) return PyMem_RawFree(memory);
  auto* piece = static_cast<Piece*>(memory);
  piece->next = kept;
  kept = piece;
  kept_count++;
}

}  // namespace

bool KeepDataStacks() {
  if (LayoutOf(PyThreadState_Get())->datastack_chunk->previous) return false;
  PyObject_GetArenaAllocator(&before);
  const PyObjectArenaAllocator own = {nullptr, Allocate, Free};
  PyObject_SetArenaAllocator(&own);
  return true;
}

}  // namespace blockon
