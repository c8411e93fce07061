#include "tandem/multiprocessing/lock.hpp"

#include <new>
#include <optional>
#include <utility>

#include "multiprocessing/common.hpp"
#include "multiprocessing/holder.hpp"
#include "multiprocessing/robust_lock.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/park.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/platform/seam.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::multiprocessing {

using detail::RobustLock;

namespace {

constexpr std::uint32_t unlocked = 0;   // free
constexpr std::uint32_t held = 1;       // held, nobody sleeps
constexpr std::uint32_t contended = 2;  // held, somebody may sleep

// What a lock whose owner's death frees has in shared memory.
struct Owned {
  RobustLock lock;
  // Who has it; written by the holder alone. All relaxed: a thread finds its own number only where
  // it wrote it itself, and the lock orders everything else.
  seam::atomic<std::uint64_t> holder{0};

  bool is_mine() const noexcept {
    return holder.load(std::memory_order_relaxed) == detail::this_holder();  // relaxed: as above
  }
  bool take(const AcquireOptions& options) {
    if (lock.try_lock() == RobustLock::Taken::no) {
      const auto until = detail::waiting_deadline(options);
      if (!until || lock.lock(*until) == RobustLock::Taken::no) return false;
    }
    holder.store(detail::this_holder(), std::memory_order_relaxed);  // relaxed: as above
    return true;
  }
  void give() noexcept {
    holder.store(0, std::memory_order_relaxed);  // relaxed: as above
    lock.unlock();
  }
  bool is_held() noexcept {
    if (holder.load(std::memory_order_relaxed) == 0) return false;  // relaxed: an answer
    if (is_mine()) return true;
    if (lock.try_lock() == RobustLock::Taken::no) return true;
    give();  // its owner had died
    return false;
  }
  // Whoever drops the last handle on a lock that it has, gives it back.
  bool may_go() noexcept {
    if (is_mine()) give();
    const std::uint64_t by = holder.load(std::memory_order_relaxed);  // relaxed: as above
    return by == 0 || !detail::is_of_this_process(by) || !is_held();
  }
};

// Who has it, as the reprs say; empty: the calling thread has.
std::string other_holder(std::uint64_t holder) {
  return detail::is_of_this_process(holder) ? "SomeOtherThread" : "SomeOtherProcess";
}

}  // namespace

// ---- Lock ----

struct Lock::State {
  seam::atomic<std::uint32_t> word{unlocked};
  const bool for_fork;
  seam::atomic<std::uint64_t> holder{0};  // for reprs; all relaxed
  detail::AdaptiveSpin spin;
  std::optional<Owned> owned;  // of a robust one: all above is not used then

  State(bool fork, bool robust) : for_fork(fork) {
    if (robust) owned.emplace();
  }

  bool try_lock() noexcept {
    std::uint32_t expected = unlocked;
    // acquire pairs with the release in unlock(): what the last holder did is visible here.
    return word.compare_exchange_strong(expected, held, std::memory_order_acquire,
                                        std::memory_order_relaxed);
  }
  bool lock_slowly(detail::Deadline until) noexcept {
    const auto taken = [this] {
      // relaxed: only decides whether to try; try_lock() acquires.
      return word.load(std::memory_order_relaxed) == unlocked && try_lock();
    };
    if (detail::search(spin, taken)) return true;
    // Whoever has slept takes the lock as contended: others may still be asleep.
    // acquire pairs with the release in unlock().
    while (word.exchange(contended, std::memory_order_acquire) != unlocked)
      if (!detail::park_shared(word, contended, until))
        // A last try: unlock() may have woken us just as the time ran out, and that wake is ours.
        return word.exchange(contended, std::memory_order_acquire) == unlocked;  // pairs: as above
    return true;
  }
  // Returns whether it was locked.
  bool unlock() noexcept {
    holder.store(0, std::memory_order_relaxed);  // relaxed: for reprs
    // release pairs with the acquires in try_lock() and lock_slowly().
    const std::uint32_t before = word.exchange(unlocked, std::memory_order_release);
    if (before == contended) detail::unpark_shared(word, 1);
    return before != unlocked;
  }
};

Lock::Lock(LockOptions options) : Lock(get_context(), options) {}
Lock::Lock(const Context& context, LockOptions options)
    : Lock(detail::SharedBlock::allocate(sizeof(State), alignof(State))) {
  new (block_.data()) State(detail::is_for_fork(context), options.robust);
}
Lock::Lock(detail::SharedBlock block) noexcept : block_(std::move(block)) {
  block_.before_gone([](void* data) {
    State& state = *static_cast<State*>(data);
    return !state.owned || state.owned->may_go();
  });
}

Lock::State& Lock::state() const noexcept { return block_.as<State>(); }

bool Lock::acquire(AcquireOptions options) const {
  State& state = this->state();
  if (state.owned) return state.owned->take(options);
  if (!state.try_lock()) {
    const auto until = detail::waiting_deadline(options);
    if (!until || !state.lock_slowly(*until)) return false;
  }
  state.holder.store(detail::this_holder(), std::memory_order_relaxed);  // relaxed: for reprs
  return true;
}

void Lock::release() const {
  State& state = this->state();
  if (state.owned && state.owned->is_mine()) return state.owned->give();
  if (state.owned && state.owned->is_held())
    throw AssertionError("attempt to release robust lock not owned by thread");
  if (state.owned || !state.unlock()) throw ValueError("semaphore or lock released too many times");
}

bool Lock::locked() const noexcept {
  State& state = this->state();
  if (state.owned) return state.owned->is_held();
  return state.word.load(std::memory_order_relaxed) != unlocked;  // relaxed: an answer, no order
}

bool Lock::is_mine() const noexcept {
  State& state = this->state();
  if (state.owned) return state.owned->is_mine();
  // relaxed: a thread finds its own number only where it wrote it itself
  return state.holder.load(std::memory_order_relaxed) == detail::this_holder();
}

void Lock::pickle(v1::pickle::Output& output) const {
  detail::assert_spawning(output, "Lock", state().for_fork);
  block_.pickle(output);
}
Lock Lock::unpickle(v1::pickle::Input& input) { return Lock(detail::SharedBlock::unpickle(input)); }

std::string to_string(const Lock& lock) {
  auto& state = lock.state();
  const auto& holder = state.owned ? state.owned->holder : state.holder;
  const std::string owner = lock.is_mine()   ? detail::holder_name()
                            : !lock.locked() ? "None"
                                             // relaxed: for people
                                             : other_holder(holder.load(std::memory_order_relaxed));
  return "<Lock(owner=" + owner + ")>";
}

// ---- RLock ----

struct RLock::State {
  const bool for_fork;
  std::uint32_t count = 0;  // the owner's
  Owned owned;

  explicit State(bool fork) : for_fork(fork) {}
};

RLock::RLock() : RLock(get_context()) {}
RLock::RLock(const Context& context)
    : RLock(detail::SharedBlock::allocate(sizeof(State), alignof(State))) {
  new (block_.data()) State(detail::is_for_fork(context));
}
RLock::RLock(detail::SharedBlock block) noexcept : block_(std::move(block)) {
  block_.before_gone([](void* data) { return static_cast<State*>(data)->owned.may_go(); });
}

RLock::State& RLock::state() const noexcept { return block_.as<State>(); }
bool RLock::is_mine() const noexcept { return state().owned.is_mine(); }
bool RLock::locked() const noexcept { return state().owned.is_held(); }

bool RLock::acquire(AcquireOptions options) const {
  State& state = this->state();
  if (state.owned.is_mine()) return ++state.count, true;
  if (!state.owned.take(options)) return false;
  state.count = 1;
  return true;
}

void RLock::release() const {
  State& state = this->state();
  if (!state.owned.is_mine())
    throw AssertionError("attempt to release recursive lock not owned by thread");
  if (--state.count == 0) state.owned.give();
}

std::uint32_t RLock::release_all() const {
  State& state = this->state();
  const std::uint32_t count = std::exchange(state.count, 0);
  state.owned.give();
  return count;
}

void RLock::acquire_again(std::uint32_t count) const {
  State& state = this->state();
  state.owned.take({});
  state.count = count;
}

void RLock::pickle(v1::pickle::Output& output) const {
  detail::assert_spawning(output, "RLock", state().for_fork);
  block_.pickle(output);
}
RLock RLock::unpickle(v1::pickle::Input& input) {
  return RLock(detail::SharedBlock::unpickle(input));
}

std::string to_string(const RLock& lock) {
  auto& state = lock.state();
  if (lock.is_mine())
    return "<RLock(" + detail::holder_name() + ", " + std::to_string(state.count) + ")>";
  if (!lock.locked()) return "<RLock(None, 0)>";
  // relaxed: for people
  const std::string owner = other_holder(state.owned.holder.load(std::memory_order_relaxed));
  return "<RLock(" + owner + ", nonzero)>";
}

}  // namespace tandem::inline v1::multiprocessing
