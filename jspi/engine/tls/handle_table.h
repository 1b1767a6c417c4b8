// What a guest names by a number: contexts, connections, sessions.
//
// A number is given once in the life of a table, and the first is random: one that memory of another run remembers (a
// snapshot) names nothing here, most likely, and never crashes. Isolate's thread.
#ifndef BLOCKON_JSPI_ENGINE_TLS_HANDLE_TABLE_H_
#define BLOCKON_JSPI_ENGINE_TLS_HANDLE_TABLE_H_

#include <openssl/rand.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>

namespace blockon {

template <typename T>
class HandleTable {
 public:
  // So many objects at most.
  explicit HandleTable(size_t limit) : limit_(limit) {
    uint32_t start = 0;
    // Without randomness numbers begin at 1, which is as good but for snapshots.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&start), sizeof start) != 1) start = 0;
    last_ = static_cast<int32_t>(start % (1u << 30));
  }

  // > 0; 0 when there are so many, or all numbers are used up.
  int32_t Add(std::shared_ptr<T> object) {
    if (objects_.size() >= limit_ || last_ == std::numeric_limits<int32_t>::max()) return 0;
    objects_.emplace(++last_, std::move(object));
    return last_;
  }

  // Null for a number that names nothing.
  std::shared_ptr<T> Find(int64_t number) const {
    const auto found = objects_.find(number);
    return found == objects_.end() ? nullptr : found->second;
  }

  // The same, for the time until the table changes.
  T* Get(int64_t number) const {
    const auto found = objects_.find(number);
    return found == objects_.end() ? nullptr : found->second.get();
  }

  void Remove(int64_t number) { objects_.erase(number); }
  void Clear() { objects_.clear(); }
  size_t size() const { return objects_.size(); }
  size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  std::unordered_map<int64_t, std::shared_ptr<T>> objects_;
  int32_t last_;
};

}  // namespace blockon

#endif  // BLOCKON_JSPI_ENGINE_TLS_HANDLE_TABLE_H_
