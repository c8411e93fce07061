// One local as its threads find it: a place in the table that each of them has.
//
//   this_thread_locals ──► LocalTable: place ──► serial, value
//                                                          ▲
//   local: place, serial ──► values, by thread ────────────┘
//
// A thread reads and writes its own table alone, without a lock. A value belongs to the local's
// list, under one lock for all locals, and dies with its thread or with the local, whichever ends
// first. Places are used again, serials never: what a dead local has left in a table is not found.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "tandem/core/export.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/detail/this_thread.hpp"

namespace tandem::inline v1::detail {

class LocalKey;

struct TANDEM_API LocalValue {
  virtual ~LocalValue();
};

class LocalTable {
 public:
  // The thread's value; null: it has none.
  LocalValue* find(std::size_t place, std::uint64_t serial) const noexcept {
    if (place >= entries_.size()) return nullptr;
    const Entry& entry = entries_[place];
    return entry.serial == serial ? entry.value : nullptr;
  }

 private:
  friend class LocalKey;
  struct Entry {
    std::uint64_t serial = 0;
    LocalValue* value = nullptr;  // null under the right serial: it is being made
  };

  std::vector<Entry> entries_;
  LocalKey* ending_ = nullptr;  // whose value is being destroyed, as this thread ends
};

class TANDEM_API LocalKey {
 public:
  using Maker = std::function<std::unique_ptr<LocalValue>()>;

  explicit LocalKey(Maker maker);
  LocalKey(const LocalKey&) = delete;
  LocalKey& operator=(const LocalKey&) = delete;
  ~LocalKey();  // destroys the values of all threads

  LocalValue& value() {
    const LocalTable* const table = this_thread_locals;
    LocalValue* const value = table ? table->find(place_, serial_) : nullptr;
    return value ? *value : make();
  }

  // Destroys the calling thread's values, of all locals.
  static void end_thread() noexcept;

 private:
  struct Places;
  static Places& places();
  static const bool ready_at_start;

  LocalValue& make();
  LocalTable::Entry& entry();
  static bool end_value(LocalTable& table, std::size_t place) noexcept;

  const Maker maker_;
  std::size_t place_ = 0;
  std::uint64_t serial_ = 0;

  std::unordered_map<const LocalTable*, std::unique_ptr<LocalValue>> values_;  // guarded by places
  std::uint32_t ending_ = 0;  // values that threads which end are destroying; guarded by places
  seam::atomic<std::uint32_t> ended_{0};  // how many they have destroyed: ~LocalKey() parks on it
};

}  // namespace tandem::inline v1::detail
