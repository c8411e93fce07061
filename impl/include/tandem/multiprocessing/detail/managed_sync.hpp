// What a manager's server holds behind the proxies of locks, queues and the like: those of
// threading and queue, used by the threads of the server.
#pragma once
#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "tandem/core/export.hpp"
#include "tandem/core/mutex.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/detail/caller.hpp"
#include "tandem/pickle.hpp"
#include "tandem/queue.hpp"
#include "tandem/threading.hpp"

namespace tandem::inline v1::multiprocessing::detail {

// A Timeout on its way: for ever, too large, or so many nanoseconds.
struct SentTimeout {
  bool is_forever = true;
  bool is_too_large = false;
  std::int64_t nanoseconds = 0;
};
inline SentTimeout to_send(Timeout timeout) {
  if (timeout.is_forever() || timeout.is_too_large())
    return {timeout.is_forever(), timeout.is_too_large(), 0};
  return {false, false, timeout.limit().count()};
}
inline Timeout as_sent(const SentTimeout& sent) {
  if (sent.is_forever) return {};
  if (sent.is_too_large) return std::chrono::hours::max();
  return std::chrono::nanoseconds(sent.nanoseconds);
}

// A wait for a client that may be killed meanwhile: in parts, between which it is looked after.
//   attempt  waits no longer than it is told; returns whether there was what it waits for
// Returns whether there was.
// Throws   BrokenPipeError (the client is gone); what attempt throws.
template <class Attempt>
bool wait_for_caller(SentTimeout timeout, Attempt attempt) {
  using v1::detail::Deadline;
  using clock = Deadline::clock;
  constexpr clock::duration none(0), longest(Caller::look_interval);
  const Timeout whole = as_sent(timeout);
  const Caller* const caller = Caller::current();
  if (!caller || whole.is_too_large() || (!whole.is_forever() && whole.limit() <= longest))
    return attempt(whole);
  const auto until = Deadline::after(whole);
  for (;;) {
    if (attempt(Timeout(std::clamp(until.when() - clock::now(), none, longest)))) return true;
    if (until.passed()) return false;
    caller->check();
  }
}

// The same, or a single attempt.
template <class Attempt>
bool wait_for_caller(bool block, SentTimeout timeout, Attempt attempt) {
  return block ? wait_for_caller(timeout, attempt) : attempt(as_sent(timeout));
}

// A Lock, an RLock or a semaphore.
class TANDEM_API ManagedLock : public std::enable_shared_from_this<ManagedLock> {
 public:
  ManagedLock(const ManagedLock&) = delete;
  ManagedLock& operator=(const ManagedLock&) = delete;
  virtual ~ManagedLock();
  virtual bool acquire(bool blocking, SentTimeout timeout) = 0;
  virtual void release() = 0;
  virtual std::string repr() const = 0;
  // A condition over it. Throws   TypeError (it is a semaphore).
  virtual std::unique_ptr<threading::Condition> condition() = 0;

 protected:
  ManagedLock() = default;
};

enum class LockKind : unsigned char { LOCK, RLOCK, SEMAPHORE, BOUNDED_SEMAPHORE };
// Throws   ValueError (a semaphore's value is negative).
TANDEM_API std::shared_ptr<ManagedLock> make_managed_lock(LockKind kind, std::int64_t value);

class TANDEM_API ManagedCondition {
 public:
  // Over a lock of its own, an RLock, or over that.
  explicit ManagedCondition(std::shared_ptr<ManagedLock> lock);
  bool acquire(bool blocking, SentTimeout timeout);
  void release();
  bool wait(SentTimeout timeout);
  void notify(std::ptrdiff_t n);
  void notify_all();
  std::string repr() const;

 private:
  const std::shared_ptr<ManagedLock> lock_;
  const std::unique_ptr<threading::Condition> condition_;
};

class TANDEM_API ManagedEvent {
 public:
  bool is_set() const;
  void set();
  void clear();
  bool wait(SentTimeout timeout);
  std::string repr() const;

 private:
  // An Event that a wait in parts misses nothing of.
  mutable threading::Condition condition_;
  bool is_set_ = false;  // guarded by condition_
};

class TANDEM_API ManagedBarrier {
 public:
  ManagedBarrier(std::int64_t parties, v1::pickle::PortableCall action, SentTimeout timeout);
  std::size_t wait(std::optional<SentTimeout> timeout);
  void reset();
  void abort();
  std::size_t parties() const;
  std::size_t n_waiting() const;
  bool broken() const;
  std::string repr() const;

 private:
  threading::Barrier barrier_;
};

template <class T>
class ManagedQueue {
 public:
  explicit ManagedQueue(std::ptrdiff_t maxsize) : queue_(maxsize) {}
  void put(T item, bool block, SentTimeout timeout) {
    const auto attempt = [&](Timeout part) {
      try {
        queue_.put(std::move(item), {.block = block, .timeout = part});
        return true;
      } catch (const queue::Full&) {
        return false;
      }
    };
    if (!wait_for_caller(block, timeout, attempt)) throw queue::Full();
  }
  // An item of whose client nothing is left stays the next one. Not one that cannot be copied.
  T get(bool block, SentTimeout timeout) {
    std::optional<T> item;
    const auto attempt = [&](Timeout part) {
      if (take_returned(item)) return true;
      try {
        item.emplace(queue_.get({.block = block, .timeout = part}));
        return true;
      } catch (const queue::Empty&) {
        return false;
      }
    };
    if (!wait_for_caller(block, timeout, attempt)) throw queue::Empty();
    if constexpr (std::copy_constructible<T>)
      if (Caller::current()) lend(*item);
    return std::move(*item);
  }
  void task_done() {
    queue_.task_done();
    tell_of_end();
  }
  void join() {
    const std::scoped_lock guard(all_done_);
    wait_for_caller({}, [this](Timeout part) {
      return all_done_.wait_for([this] { return queue_.unfinished_tasks() == 0; }, part);
    });
  }
  std::size_t qsize() const {
    const std::scoped_lock guard(mutex_);
    return queue_.qsize() + returned_.size();
  }
  bool empty() const { return qsize() == 0; }
  bool full() const {
    const std::ptrdiff_t limit = queue_.maxsize();
    return limit > 0 && qsize() >= static_cast<std::size_t>(limit);
  }
  void shutdown(bool immediate) {
    queue_.shutdown(immediate);
    std::optional<T> dropped;
    while (immediate && take_returned(dropped)) queue_.task_done();
    tell_of_end();
  }
  bool is_shutdown() const { return queue_.is_shutdown(); }
  std::string repr() const {
    return "<queue.Queue object at " + v1::detail::address_text(this) + ">";
  }

 private:
  void tell_of_end() {
    if (queue_.unfinished_tasks() != 0) return;
    const std::scoped_lock guard(all_done_);
    all_done_.notify_all();
  }
  // It comes back when its client is gone, or if it cannot be copied for that.
  void lend(T& item) {
    const auto take_back = [this](T&& returned) {
      const std::scoped_lock guard(mutex_);
      returned_.push_front(std::move(returned));
    };
    try {
      Caller::give_back_by([take_back, copy = item]() mutable { take_back(std::move(copy)); });
    } catch (...) {
      take_back(std::move(item));
      throw;
    }
  }
  bool take_returned(std::optional<T>& item) {
    const std::scoped_lock guard(mutex_);
    if (returned_.empty()) return false;
    item.emplace(std::move(returned_.front()));
    returned_.pop_front();
    return true;
  }

  queue::Queue<T> queue_;
  threading::Condition all_done_;  // a join() that can be waited for in parts
  mutable v1::detail::Mutex mutex_;
  std::deque<T> returned_;  // guarded by mutex_; goes before what is in the queue
};

}  // namespace tandem::inline v1::multiprocessing::detail
