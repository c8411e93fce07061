#include "multiprocessing/finalizer.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "multiprocessing/finalizers.hpp"
#include "multiprocessing/process_state.hpp"
#include "platform/thread.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/log.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using namespace v1::detail;

struct Finalizer::Entry {
  int priority;
  std::function<void()> function;
  std::uint32_t generation = process_generation;
  seam::atomic<std::uint32_t> called{0};  // 1: the function has come back; who waits parks on it
  std::uint64_t caller = 0;               // the thread that calls it
};

class Finalizers {
 public:
  static Finalizers& get() {
    static Finalizers& forever = *new Finalizers;  // never destroyed: statics have finalizers, too
    return forever;
  }

  void add(std::shared_ptr<Finalizer::Entry> entry) {
    const std::scoped_lock guard(mutex_);
    entries_.push_back(std::move(entry));
  }

  // False: somebody calls it, or has done so.
  bool take_back(const std::shared_ptr<Finalizer::Entry>& entry) {
    const std::scoped_lock guard(mutex_);
    return std::erase(entries_, entry) != 0;
  }

  void run(int lowest_priority) {
    while (const auto entry = next(lowest_priority)) call(*entry);
  }

 private:
  using Entries = std::vector<std::shared_ptr<Finalizer::Entry>>;

  // The youngest of those with the highest priority.
  std::shared_ptr<Finalizer::Entry> next(int lowest_priority) {
    const std::scoped_lock guard(mutex_);
    Entries::iterator best = entries_.end();
    for (auto each = entries_.begin(); each != entries_.end(); ++each)
      if ((*each)->generation == process_generation && (*each)->priority >= lowest_priority &&
          (best == entries_.end() || (*each)->priority >= (*best)->priority))
        best = each;
    if (best == entries_.end()) return nullptr;
    auto entry = std::move(*best);
    entries_.erase(best);
    entry->caller = platform::thread_ident();
    return entry;
  }

  static void call(Finalizer::Entry& entry) noexcept {
    try {
      entry.function();
    } catch (...) {
      log("Exception ignored in finalizer:\n" + exception_text(std::current_exception()));
    }
    // release pairs with the acquire in ~Finalizer().
    entry.called.store(1, std::memory_order_release);
    unpark_all(entry.called);
  }

  ForkSafeMutex mutex_{ForkStage::core};
  Entries entries_;  // guarded by mutex_; in the order in which they were made
};

namespace {
[[maybe_unused]] const Finalizers& finalizers_at_start = Finalizers::get();
}

Finalizer::Finalizer(int priority, std::function<void()> function)
    : entry_(std::make_shared<Entry>()) {
  entry_->priority = priority;
  entry_->function = std::move(function);
  ProcessBook::get().register_exit_hook();
  Finalizers::get().add(entry_);
}

Finalizer::~Finalizer() {
  if (Finalizers::get().take_back(entry_)) return;
  if (entry_->caller == platform::thread_ident() || entry_->generation != process_generation)
    return;
  // acquire pairs with the release in call(): what the function did is visible.
  while (entry_->called.load(std::memory_order_acquire) == 0)
    park(entry_->called, 0, Deadline::never());
}

void run_finalizers(int lowest_priority) { Finalizers::get().run(lowest_priority); }
void run_remaining_finalizers() { run_finalizers(std::numeric_limits<int>::min()); }

}  // namespace tandem::inline v1::multiprocessing::detail
