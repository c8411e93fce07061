// Python's threading.RLock.
#pragma once
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/platform/seam.hpp"
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
  void release();

  void lock() { acquire(); }
  bool try_lock() { return acquire({.blocking = false}); }
  void unlock() { release(); }

  // Python's repr: "<locked _thread.RLock object owner=140223 count=1 at 0x7f12ab>".
  TANDEM_API friend std::string to_string(const RLock& lock);
  friend std::ostream& operator<<(std::ostream& out, const RLock& lock) {
    return out << to_string(lock);
  }

 private:
  friend class Condition;

  bool is_owned() const noexcept;
  std::size_t release_all();
  void acquire_again(std::size_t count);

  Lock block_;
  seam::atomic<std::uint64_t> owner_{0};  // get_ident() of the holder, who alone writes it; 0: none
  seam::atomic<std::size_t> count_{0};    // written by the holder alone
};

}  // namespace tandem::inline v1::threading
