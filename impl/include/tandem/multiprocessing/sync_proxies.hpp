// The proxies of a SyncManager's locks, conditions, events, barriers and queues.
#pragma once
#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

#include "tandem/core/export.hpp"
#include "tandem/core/timeout.hpp"
#include "tandem/multiprocessing/detail/managed_sync.hpp"
#include "tandem/multiprocessing/proxy.hpp"

namespace tandem::inline v1::multiprocessing::detail {

using AcquirerProxyBase =
    managers::Proxy<ManagedLock, &ManagedLock::acquire, &ManagedLock::release>;
using ConditionProxyBase =
    managers::Proxy<ManagedCondition, &ManagedCondition::acquire, &ManagedCondition::release,
                    &ManagedCondition::wait, &ManagedCondition::notify,
                    &ManagedCondition::notify_all>;
using EventProxyBase = managers::Proxy<ManagedEvent, &ManagedEvent::is_set, &ManagedEvent::set,
                                       &ManagedEvent::clear, &ManagedEvent::wait>;
using BarrierProxyBase =
    managers::Proxy<ManagedBarrier, &ManagedBarrier::wait, &ManagedBarrier::reset,
                    &ManagedBarrier::abort, &ManagedBarrier::parties, &ManagedBarrier::n_waiting,
                    &ManagedBarrier::broken>;
template <class T, class Q = ManagedQueue<T>>
using QueueProxyBase = managers::Proxy<Q, &Q::put, &Q::get, &Q::task_done, &Q::join, &Q::qsize,
                                       &Q::empty, &Q::full, &Q::shutdown, &Q::is_shutdown>;

}  // namespace tandem::inline v1::multiprocessing::detail

namespace tandem::inline v1::multiprocessing::managers {

using queue::BlockOptions;
using threading::AcquireOptions;

// A Lock, RLock, Semaphore or BoundedSemaphore in a server. Lockable: `with lock:` is
// std::scoped_lock guard(lock).
// An RLock belongs to the thread that has acquired it, wherever that is, and is free again when
// that thread, or its process, is gone. Who is killed while he waits for a lock does not get it;
// any other lock that he has then is held until somebody releases it.
// Throws   RuntimeError, ValueError as those of threading.
// Spec     multiprocessing.managers.lock
class TANDEM_API AcquirerProxy : public detail::AcquirerProxyBase {
 public:
  explicit AcquirerProxy(Lease lease) noexcept;
  bool acquire(AcquireOptions options = {}) const;
  void release() const;
  void lock() const { acquire(); }
  bool try_lock() const { return acquire({.blocking = false}); }
  void unlock() const { release(); }

  // Not for users. In the server: the lock itself. Throws   TypeError (it is another server's).
  std::shared_ptr<detail::ManagedLock> _own_lock() const;
  static AcquirerProxy unpickle(v1::pickle::Input& input);
};

// Spec     multiprocessing.managers.condition
class TANDEM_API ConditionProxy : public detail::ConditionProxyBase {
 public:
  explicit ConditionProxy(Lease lease) noexcept;
  bool acquire(AcquireOptions options = {}) const;
  void release() const;
  void lock() const { acquire(); }
  bool try_lock() const { return acquire({.blocking = false}); }
  void unlock() const { release(); }

  bool wait(Timeout timeout = {}) const;
  // The predicate is called here.
  template <std::predicate P>
  bool wait_for(P predicate, Timeout timeout = {}) const {
    const auto until = v1::detail::Deadline::after(timeout);
    while (!predicate()) {
      if (until.passed()) return false;
      wait_until(until);
    }
    return true;
  }
  void notify(std::ptrdiff_t n = 1) const;
  void notify_all() const;

  static ConditionProxy unpickle(v1::pickle::Input& input);

 private:
  void wait_until(v1::detail::Deadline until) const;
};

// Spec     multiprocessing.managers.event
class TANDEM_API EventProxy : public detail::EventProxyBase {
 public:
  explicit EventProxy(Lease lease) noexcept;
  bool is_set() const;
  void set() const;
  void clear() const;
  bool wait(Timeout timeout = {}) const;

  static EventProxy unpickle(v1::pickle::Input& input);
};

// Who has come counts, also when he is killed while he waits: a thread of the server stands there
// for him until the round is complete or broken.
// Throws   BrokenBarrierError as threading's.
// Spec     multiprocessing.managers.barrier
class TANDEM_API BarrierProxy : public detail::BarrierProxyBase {
 public:
  explicit BarrierProxy(Lease lease) noexcept;
  std::size_t wait() const;
  std::size_t wait(Timeout timeout) const;
  void reset() const;
  void abort() const;
  std::size_t parties() const;
  std::size_t n_waiting() const;
  bool broken() const;

  static BarrierProxy unpickle(v1::pickle::Input& input);
};

// A queue.Queue in a server. JoinableQueue() is the same. The item that a process would have got
// that was killed in get() goes to another one, if T can be copied.
// Throws   Empty, Full, ShutDown, ValueError as queue.Queue.
// Spec     multiprocessing.managers.queue
template <class T>
class QueueProxy : public detail::QueueProxyBase<T> {
  using Base = detail::QueueProxyBase<T>;
  using Q = detail::ManagedQueue<T>;

 public:
  explicit QueueProxy(typename Base::Lease lease) noexcept : Base(std::move(lease)) {}
  void put(const T& item, BlockOptions options = {}) const {
    this->template call<&Q::put>(item, options.block, detail::to_send(options.timeout));
  }
  void put_nowait(const T& item) const { put(item, {.block = false}); }
  T get(BlockOptions options = {}) const {
    return this->template call<&Q::get>(options.block, detail::to_send(options.timeout));
  }
  T get_nowait() const { return get({.block = false}); }
  void task_done() const { this->template call<&Q::task_done>(); }
  void join() const { this->template call<&Q::join>(); }
  std::size_t qsize() const { return this->template call<&Q::qsize>(); }
  bool empty() const { return this->template call<&Q::empty>(); }
  bool full() const { return this->template call<&Q::full>(); }
  void shutdown(bool immediate = false) const { this->template call<&Q::shutdown>(immediate); }
  bool is_shutdown() const { return this->template call<&Q::is_shutdown>(); }

  static QueueProxy unpickle(v1::pickle::Input& input) { return QueueProxy(Base::load(input)); }
};

}  // namespace tandem::inline v1::multiprocessing::managers
