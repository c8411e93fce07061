// Python's multiprocessing.Lock and multiprocessing.RLock.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"

namespace tandem::inline v1::multiprocessing {

// Python's keyword arguments of acquire(), of locks and semaphores.
struct AcquireOptions {
  bool block = true;  // false: a single try, whatever the timeout
  Timeout timeout{};  // longest wait; default for ever; zero or less: a single try
};

struct LockOptions {
  // The lock belongs to the thread that has it: nobody else may release it, and it is free again
  // when that thread, or its process, has ended. Ours.
  bool robust = false;
};

// A mutual exclusion lock between processes. Without an owner unless it is robust: any thread of
// any process may release it; who is killed while it has the lock has it for ever, as in Python.
// A handle: a copy is the same lock; it reaches other processes as an argument of Process and the
// like. Lockable: `with lock:` is std::scoped_lock guard(lock).
// Threads  any number at once, of any process.
// Order    what was done before release() is visible to the next one after its acquire().
// Spec     multiprocessing.lock
class TANDEM_API Lock {
 public:
  explicit Lock(LockOptions options = {});
  explicit Lock(const Context& context, LockOptions options = {});

  // Takes the lock, waiting until it is free. Returns false iff it was not free (in time).
  // Throws   OverflowError (only if it has to wait).
  bool acquire(AcquireOptions options = {}) const;
  // Frees the lock and wakes one of those that wait.
  // Throws   ValueError (it is not locked); AssertionError (robust, and another's).
  void release() const;
  // Whether somebody holds it. Stale as soon as it is read.
  bool locked() const noexcept;

  void lock() const { acquire(); }
  bool try_lock() const { return acquire({.block = false}); }
  void unlock() const { release(); }

  friend bool operator==(const Lock&, const Lock&) noexcept = default;
  // Python's repr: "<Lock(owner=None)>", with the names of process and thread that have it, or
  // SomeOtherThread, SomeOtherProcess.
  TANDEM_API friend std::string to_string(const Lock& lock);
  friend std::ostream& operator<<(std::ostream& out, const Lock& lock) {
    return out << to_string(lock);
  }

  // Not for users: how it crosses to a process that is being started.
  // Throws   RuntimeError (to any other; or made for fork, and the process is not forked).
  void pickle(v1::pickle::Output& output) const;
  static Lock unpickle(v1::pickle::Input& input);

 private:
  friend struct std::hash<Lock>;
  friend class Condition;
  struct State;

  explicit Lock(detail::SharedBlock block) noexcept;
  State& state() const noexcept;
  bool is_mine() const noexcept;

  detail::SharedBlock block_;
};

// A lock that the thread which has it may take again, and must release as often. It is free again
// when that thread, or its process, has ended (Python's is lost).
// A handle, as Lock. Lockable.
// Threads  any number at once, of any process.
// Order    as of Lock.
// Spec     multiprocessing.rlock
class TANDEM_API RLock {
 public:
  RLock();
  explicit RLock(const Context& context);

  // Takes the lock, waiting while another thread has it. Returns false iff it did (until the end).
  // Throws   OverflowError (only if it has to wait).
  bool acquire(AcquireOptions options = {}) const;
  // Takes one acquire() back; the last one frees the lock.
  // Throws   AssertionError (the calling thread does not have it).
  void release() const;
  // Whether somebody holds it. Stale as soon as it is read.
  bool locked() const noexcept;

  void lock() const { acquire(); }
  bool try_lock() const { return acquire({.block = false}); }
  void unlock() const { release(); }

  friend bool operator==(const RLock&, const RLock&) noexcept = default;
  // Python's repr: "<RLock(None, 0)>", "<RLock(MainProcess, 2)>".
  TANDEM_API friend std::string to_string(const RLock& lock);
  friend std::ostream& operator<<(std::ostream& out, const RLock& lock) {
    return out << to_string(lock);
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const;
  static RLock unpickle(v1::pickle::Input& input);

 private:
  friend struct std::hash<RLock>;
  friend class Condition;
  struct State;

  explicit RLock(detail::SharedBlock block) noexcept;
  State& state() const noexcept;
  bool is_mine() const noexcept;
  std::uint32_t release_all() const;
  void acquire_again(std::uint32_t count) const;

  detail::SharedBlock block_;
};

inline auto Context::Lock() const { return multiprocessing::Lock(*this); }
inline auto Context::RLock() const { return multiprocessing::RLock(*this); }

}  // namespace tandem::inline v1::multiprocessing

template <>
struct std::hash<tandem::multiprocessing::Lock> {
  std::size_t operator()(const tandem::multiprocessing::Lock& lock) const noexcept {
    return std::hash<void*>{}(lock.block_.data());
  }
};
template <>
struct std::hash<tandem::multiprocessing::RLock> {
  std::size_t operator()(const tandem::multiprocessing::RLock& lock) const noexcept {
    return std::hash<void*>{}(lock.block_.data());
  }
};
