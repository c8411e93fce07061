// What a manager's server holds behind the proxies of locks, queues and the like: those of
// threading and queue, used by the threads of the server.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
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

// A Lock, an RLock or a semaphore.
class TANDEM_API ManagedLock {
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
  threading::Event event_;
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
    queue_.put(std::move(item), {.block = block, .timeout = as_sent(timeout)});
  }
  T get(bool block, SentTimeout timeout) {
    return queue_.get({.block = block, .timeout = as_sent(timeout)});
  }
  void task_done() { queue_.task_done(); }
  void join() { queue_.join(); }
  std::size_t qsize() const { return queue_.qsize(); }
  bool empty() const { return queue_.empty(); }
  bool full() const { return queue_.full(); }
  void shutdown(bool immediate) { queue_.shutdown(immediate); }
  bool is_shutdown() const { return queue_.is_shutdown(); }
  std::string repr() const {
    return "<queue.Queue object at " + v1::detail::address_text(this) + ">";
  }

 private:
  queue::Queue<T> queue_;
};

}  // namespace tandem::inline v1::multiprocessing::detail
