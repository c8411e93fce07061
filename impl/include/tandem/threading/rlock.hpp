// Python's threading.RLock.
#pragma once
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/detail/this_thread.hpp"
#include "tandem/threading/lock.hpp"

namespace tandem::inline v1::threading {

class Condition;

// A lock that its owner may take again, and must release as often.
// Neither copied nor moved. Lockable: `with lock:` is std::scoped_lock guard(lock).
// Threads  any number at once.
// Order    what the owner did is visible to the next one after its acquire().
// Spec     threading.rlock
class TANDEM_API RLock {
 public:
  constexpr RLock() = default;
  RLock(const RLock&) = delete;
  RLock& operator=(const RLock&) = delete;

  // Takes the lock, waiting while another thread owns it. Returns false iff it did (until the end).
  // Throws   ValueError (a timeout without blocking, a negative timeout); OverflowError.
  bool acquire(AcquireOptions options = {});
  // Takes one acquire() back; the last one frees the lock.
  // Throws   RuntimeError (the calling thread does not own it).
  void release() {
    if (!is_owned()) [[unlikely]]
      not_owned();
    const std::size_t left = count_.load(std::memory_order_relaxed) - 1;  // relaxed: the owner's
    count_.store(left, std::memory_order_relaxed);                        // relaxed: the owner's
    if (left > 0) return;
    owner_.store(0, std::memory_order_relaxed);  // relaxed: see is_owned()
    block_.release();
  }

  // The standard's Lockable: std::scoped_lock, std::unique_lock and std::lock work.
  void lock() {
    if (take_again()) return;
    block_.lock();
    become_owner(1);
  }
  bool try_lock() noexcept {
    if (take_again()) return true;
    if (!block_.try_lock()) return false;
    become_owner(1);
    return true;
  }
  void unlock() { release(); }

  // Python's repr: "<locked _thread.RLock object owner=140223 count=1 at 0x7f12ab>".
  TANDEM_API friend std::string to_string(const RLock& lock);
  friend std::ostream& operator<<(std::ostream& out, const RLock& lock) {
    return out << to_string(lock);
  }

 private:
  friend class Condition;

  // relaxed, here and below: a thread finds its own ident only where it wrote it itself, and the
  // count belongs to the owner. block_ orders everything else.
  bool is_owned() const noexcept {
    return owner_.load(std::memory_order_relaxed) == detail::get_this_thread_ident();
  }
  bool take_again() noexcept {
    if (!is_owned()) return false;
    // relaxed, twice: the owner's own
    count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return true;
  }
  void become_owner(std::size_t count) noexcept {
    // relaxed: see is_owned()
    owner_.store(detail::get_this_thread_ident(), std::memory_order_relaxed);
    count_.store(count, std::memory_order_relaxed);  // relaxed: the owner's own
  }
  [[noreturn]] static void not_owned();
  std::size_t release_all();
  void acquire_again(std::size_t count);

  Lock block_;
  seam::atomic<std::uint64_t> owner_{0};  // get_ident() of the holder, who alone writes it; 0: none
  seam::atomic<std::size_t> count_{0};    // written by the holder alone
};

}  // namespace tandem::inline v1::threading
