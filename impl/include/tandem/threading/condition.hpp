// Python's threading.Condition.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <typeinfo>

#include "tandem/core/exceptions.hpp"
#include "tandem/core/export.hpp"
#include "tandem/core/fork.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/repr.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/lock.hpp"
#include "tandem/threading/rlock.hpp"

namespace tandem::inline v1 {

namespace detail {

// The standard's Lockable, which tandem's locks are too.
template <class L>
concept Lockable = requires(L& lock) {
  lock.lock();
  { lock.try_lock() } -> std::convertible_to<bool>;
  lock.unlock();
};

// How a condition uses the lock that it was given.
struct LockUse {
  bool (*acquire)(void*, threading::AcquireOptions);
  void (*release)(void*);
  bool (*is_owned)(const void*);
  std::size_t (*release_all)(void*);  // returns what acquire_again() is to be given
  void (*acquire_again)(void*, std::size_t);
  std::string (*repr)(const void*);
};

// acquire() of a lock that has the standard's functions only.
// Throws   as Lock::acquire(); TypeError (a timeout, and the lock knows none).
template <Lockable L>
bool acquire_any(L& lock, threading::AcquireOptions options) {
  const auto until = acquire_deadline(options);
  if (!until) return lock.try_lock();
  if (until->is_never()) return lock.lock(), true;
  if constexpr (requires { lock.try_lock_until(until->when()); })
    return lock.try_lock_until(until->when());
  else
    throw TypeError("this lock has no timeouts");
}

}  // namespace detail

namespace threading {

// A lock with a queue of threads that wait for a change of what the lock guards.
// Neither copied nor moved. Lockable: `with condition:` is std::scoped_lock guard(condition).
// Threads  any number at once; wait() and notify() by the holder of the lock.
// Order    that of the lock.
// Spec     threading.condition
class TANDEM_API Condition {
 public:
  Condition();  // over a lock of its own, an RLock
  // Over that lock: taking either takes both. It must outlive the condition. It may be any: one of
  // tandem's, or one that has the standard's lock(), try_lock() and unlock(). Of these it is not
  // known whether they are held: wait() and notify() trust their caller.
  template <detail::Lockable L>
  requires(!std::derived_from<L, Condition>) explicit Condition(L& lock) noexcept
      : lock_(&lock), use_(&use_of<L>) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  // The lock's own.
  bool acquire(AcquireOptions options = {}) { return use_->acquire(lock_, options); }
  void release() { use_->release(lock_); }
  void lock() { acquire(); }
  bool try_lock() { return acquire({.blocking = false}); }
  void unlock() { release(); }

  // Frees the lock (a recursive one entirely), waits until notified, takes the lock back.
  //   timeout  longest wait; default for ever; zero or less polls
  // Returns false iff nobody notified this thread. There are no spurious wake-ups.
  // Throws   RuntimeError (the lock is not held); OverflowError.
  // Spec     threading.condition.wait
  bool wait(Timeout timeout = {});

  // Waits until predicate() holds, asking it with the lock held: first, and after each wake-up.
  // Returns what it said last.
  // Throws   as wait(), if it has to wait; what the predicate throws.
  // Spec     threading.condition.wait-for
  template <std::predicate P>
  bool wait_for(P predicate, Timeout timeout = {}) {
    if (predicate()) return true;
    const auto until = detail::Deadline::after(timeout);
    wait(timeout);
    while (!predicate()) {
      if (until.passed()) return false;
      wait_until(until);
    }
    return true;
  }

  // Wakes the n threads that have waited longest, or all that there are. They go on once they have
  // the lock.
  // Throws   RuntimeError (the lock is not held).
  // Spec     threading.condition.notify
  void notify(std::ptrdiff_t n = 1);
  void notify_all();

  // Python's repr: "<Condition(<unlocked _thread.lock object at 0x7f12ab>, 0)>", with the number
  // of those that wait.
  TANDEM_API friend std::string to_string(const Condition& condition);
  friend std::ostream& operator<<(std::ostream& out, const Condition& condition) {
    return out << to_string(condition);
  }

 private:
  struct Waiter;

  template <class L>
  static const detail::LockUse use_of;

  bool wait_until(detail::Deadline until);
  void forget_the_lost() noexcept;
  void enqueue(Waiter& waiter) noexcept;
  // Takes the waiter out of the queue; false: somebody has notified it already.
  bool withdraw(Waiter& waiter) noexcept;
  // Notifies the first in the queue. Returns the word that it sleeps on; null: there is none.
  const seam::atomic<std::uint32_t>* pop() noexcept;

  std::optional<RLock> own_;
  void* lock_;
  const detail::LockUse* use_;

  // Its own, since a Lock has no owner: who notifies without holding it must not break the queue.
  mutable detail::Mutex mutex_;
  Waiter* first_ = nullptr;                                // guarded by mutex_
  Waiter* last_ = nullptr;                                 // guarded by mutex_
  std::size_t waiting_ = 0;                                // guarded by mutex_
  std::uint32_t generation_ = detail::process_generation;  // guarded by mutex_: of those who wait
  detail::AdaptiveSpin spin_;
};

template <class L>
constexpr detail::LockUse Condition::use_of{
    [](void* lock, AcquireOptions options) {
      auto& self = *static_cast<L*>(lock);
      if constexpr (requires { self.acquire(options); })
        return self.acquire(options);
      else
        return detail::acquire_any(self, options);
    },
    [](void* lock) { static_cast<L*>(lock)->unlock(); },
    [](const void* lock) {
      const auto& self = *static_cast<const L*>(lock);
      if constexpr (requires { self.is_owned(); })
        return self.is_owned();
      else if constexpr (requires { self.locked(); })
        return self.locked();
      else
        return true;
    },
    [](void* lock) -> std::size_t {
      auto& self = *static_cast<L*>(lock);
      if constexpr (requires { self.release_all(); }) return self.release_all();
      return self.unlock(), 0;
    },
    [](void* lock, std::size_t count) {
      auto& self = *static_cast<L*>(lock);
      if constexpr (requires { self.acquire_again(count); })
        self.acquire_again(count);
      else
        self.lock();
    },
    [](const void* lock) -> std::string {
      const auto& self = *static_cast<const L*>(lock);
      if constexpr (requires { to_string(self); })
        return to_string(self);
      else
        return "<" + detail::type_name(typeid(L)) + " at " + detail::address_text(lock) + ">";
    },
};

}  // namespace threading
}  // namespace tandem::inline v1
