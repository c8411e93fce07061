#include "tandem/core/fork.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "platform/thread.hpp"
#include "tandem/platform/seam.hpp"

namespace tandem::inline v1::detail {

std::uint32_t process_generation = 0;

#ifndef NDEBUG
namespace {

// Those that this thread holds, but for what a fork() took: the last, which knows the one before.
constinit thread_local ForkSafeMutex* last_held = nullptr;
[[maybe_unused]] const bool last_held_of_each_thread = seam::thread_word(last_held);

}  // namespace
#endif

// The lists only grow, at their beginning, so they can be walked without a lock.
class ForkStages {
 public:
  static ForkStages& get() {
    static ForkStages& forever = *new ForkStages;  // never destroyed: statics fork, too
    return forever;
  }

  void add(ForkStage stage, ForkAware& node) {
    // While a process forks, nothing of the library's own is added. Users' hooks may run then, and
    // for them it is open.
    std::unique_lock guard(forking_, std::defer_lock);
    if (stage != ForkStage::users) guard.lock();
    auto& first = first_[static_cast<std::size_t>(stage)];
    const auto age = made_.fetch_add(1, std::memory_order_relaxed);  // relaxed: a number
    node.order_ = (std::uint64_t{static_cast<std::uint32_t>(stage)} << 32) | (UINT32_MAX - age);
    node.next_ = first.load(std::memory_order_relaxed);  // relaxed: the CAS decides
    // release pairs with the acquire in each().
    while (!first.compare_exchange_weak(node.next_, &node, std::memory_order_release,
                                        std::memory_order_relaxed)) {
    }
  }

 private:
  using Call = void (ForkAware::*)() noexcept;

  ForkStages() {
    platform::on_fork([] { get().before(); }, [] { get().after(&ForkAware::after_fork_in_parent); },
                      [] {
                        ++process_generation;
                        get().after(&ForkAware::after_fork_in_child);
                      });
  }

  void before() noexcept {
    each(ForkStage::users, &ForkAware::before_fork);
    assert(!last_held && "this thread has a lock that its fork() waits for");
    forking_.lock();
    for (const auto stage : {ForkStage::executors, ForkStage::threading, ForkStage::core})
      each(stage, &ForkAware::before_fork);
  }
  void after(Call call) noexcept {
    for (const auto stage : {ForkStage::core, ForkStage::threading, ForkStage::executors})
      each(stage, call);
    forking_.unlock();
    each(ForkStage::users, call);
  }
  void each(ForkStage stage, Call call) noexcept {
    // acquire pairs with the release in add().
    ForkAware* node = first_[static_cast<std::size_t>(stage)].load(std::memory_order_acquire);
    for (; node; node = node->next_) (node->*call)();
  }

  Mutex forking_;  // from before() to after(): one fork() at a time, and nobody joins the lists
  std::array<seam::atomic<ForkAware*>, 4> first_{};  // by stage; forking_ guards all but users'
  seam::atomic<std::uint32_t> made_{0};
};

namespace {
[[maybe_unused]] const ForkStages& stages_at_start = ForkStages::get();
}  // namespace

ForkAware::ForkAware(ForkStage stage) { ForkStages::get().add(stage, *this); }

#ifdef NDEBUG

void ForkSafeMutex::lock() noexcept { Mutex::lock(); }
void ForkSafeMutex::unlock() noexcept { Mutex::unlock(); }

#else

void ForkSafeMutex::lock() noexcept {
  for (const ForkSafeMutex* held = last_held; held; held = held->held_before_)
    assert(held->comes_before(*this) && "a fork() takes these locks in another order");
  Mutex::lock();
  held_before_ = std::exchange(last_held, this);
}

void ForkSafeMutex::unlock() noexcept {
  ForkSafeMutex** place = &last_held;
  for (; *place != this; place = &(*place)->held_before_) assert(*place);
  *place = held_before_;
  Mutex::unlock();
}

#endif

}  // namespace tandem::inline v1::detail
