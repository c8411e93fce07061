#include "tandem/threading/local.hpp"

#include <mutex>

#include "platform/thread.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/park.hpp"

namespace tandem::inline v1::detail {

LocalValue::~LocalValue() = default;

struct LocalKey::Places final : ForkAware {
  Mutex mutex;
  std::vector<LocalKey*> keys;    // by place; null: free. Guarded by mutex
  std::vector<std::size_t> free;  // guarded by mutex
  std::uint64_t last_serial = 0;  // guarded by mutex

  Places() : ForkAware(ForkStage::threading) {}

 private:
  void before_fork() noexcept override { mutex.lock(); }
  void after_fork_in_parent() noexcept override { mutex.unlock(); }
  // What the other threads were destroying stays half-way. Their other values die with the local.
  void after_fork_in_child() noexcept override {
    const LocalTable* const own = this_thread_locals;
    for (LocalKey* const key : keys)
      if (key) key->ending_ = own && own->ending_ == key ? 1 : 0;
    mutex.unlock();
  }
};

LocalKey::Places& LocalKey::places() {
  static Places& forever = *new Places;  // never destroyed: threads end after statics do
  return forever;
}
[[maybe_unused]] const bool LocalKey::ready_at_start = (places(), true);

LocalKey::LocalKey(Maker maker) : maker_(std::move(maker)) {
  Places& all = places();
  std::scoped_lock guard(all.mutex);
  if (all.free.empty()) {
    all.free.reserve(all.keys.size() + 1);  // so that giving a place back never throws
    all.keys.push_back(nullptr);
    all.free.push_back(all.keys.size() - 1);
  }
  place_ = all.free.back();
  all.free.pop_back();
  all.keys[place_] = this;
  serial_ = ++all.last_serial;
}

// A value may be what keeps this local: then its thread is just destroying it, and does not come
// back to it.
LocalKey::~LocalKey() {
  std::unique_lock guard(places().mutex);
  LocalTable* const own = this_thread_locals;
  if (own && own->ending_ == this) {
    own->ending_ = nullptr;
    --ending_;
  }
  while (!values_.empty() || ending_ > 0) {
    if (values_.empty()) {
      const std::uint32_t ended = ended_.load(std::memory_order_relaxed);  // relaxed: the mutex's
      guard.unlock();
      park(ended_, ended, Deadline::never());
    } else {
      auto dead = values_.extract(values_.begin());
      guard.unlock();
      dead.mapped().reset();  // what it destroys may use locals, this one too
      if (dead.key() == this_thread_locals) entry() = {};
    }
    guard.lock();
  }
  places().keys[place_] = nullptr;
  places().free.push_back(place_);
}

// Where the calling thread finds its value.
LocalTable::Entry& LocalKey::entry() {
  if (!this_thread_locals) {
    this_thread_locals = new LocalTable;
    platform::at_thread_end(end_thread);
  }
  auto& entries = this_thread_locals->entries_;
  if (place_ >= entries.size()) entries.resize(place_ + 1);
  return entries[place_];
}

LocalValue& LocalKey::make() {
  if (entry().serial == serial_)
    throw RuntimeError("a thread's value of a local cannot be used before it is made");
  entry() = {serial_, nullptr};
  try {
    auto made = maker_();  // may make other values, so that the entry has moved
    LocalValue& value = *made;
    {
      std::scoped_lock guard(places().mutex);
      values_.emplace(this_thread_locals, std::move(made));
    }
    entry().value = &value;
    return value;
  } catch (...) {
    entry() = {};
    throw;
  }
}

void LocalKey::end_thread() noexcept {
  LocalTable* const table = this_thread_locals;
  if (!table) return;
  // By number, and until there is none: what a value destroys may make others.
  for (bool again = true; again;) {
    again = false;
    for (std::size_t place = 0; place < table->entries_.size(); ++place)
      if (table->entries_[place].serial != 0) again = end_value(*table, place) || again;
  }
  this_thread_locals = nullptr;
  delete table;
}

// Returns whether there was a value, of a local that lives.
bool LocalKey::end_value(LocalTable& table, std::size_t place) noexcept {
  Places& all = places();
  std::unique_lock guard(all.mutex);
  LocalKey* const key = all.keys[place];
  const bool alive = key && key->serial_ == table.entries_[place].serial;
  auto dead = alive ? key->values_.extract(&table) : decltype(values_)::node_type();
  if (dead.empty()) {  // the local is being destroyed, or was
    table.entries_[place] = {};
    return false;
  }
  table.ending_ = key;
  ++key->ending_;
  guard.unlock();
  dead.mapped().reset();
  guard.lock();
  table.entries_[place] = {};
  if (!std::exchange(table.ending_, nullptr)) return true;  // the local went with its value
  --key->ending_;
  const auto& word = key->ended_;
  key->ended_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the mutex orders it
  guard.unlock();
  unpark_all(word);  // by its address only: the local may be gone
  return true;
}

}  // namespace tandem::inline v1::detail
