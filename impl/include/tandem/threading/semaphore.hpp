// Python's threading.Semaphore and threading.BoundedSemaphore.
#pragma once
#include <cstdint>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/core/spin.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/threading/lock.hpp"

namespace tandem::inline v1::threading {

// A count that acquire() takes one from, waiting while it is zero, and release() adds to.
// Neither copied nor moved. Lockable: `with semaphore:` is std::scoped_lock guard(semaphore).
// Threads  any number at once; no order among those that wait. A thread that has acquired may
//          destroy the semaphore.
// Order    what a thread did before release() is visible to the one that took the count.
// Spec     threading.semaphore
class TANDEM_API Semaphore {
 public:
  //   value  the count at first, at most 2^32 - 1
  // Throws   ValueError (negative); OverflowError.
  explicit Semaphore(std::int64_t value = 1);
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  virtual ~Semaphore();

  // Takes one, waiting until there is one. Returns false iff there was none (in time).
  //   options.timeout  zero or less polls
  // Throws   ValueError (a timeout without blocking); OverflowError (only if it has to wait).
  bool acquire(AcquireOptions options = {});
  // Adds n and wakes as many.
  // Throws   ValueError (n < 1); OverflowError (the count would pass 2^32 - 1).
  virtual void release(std::int64_t n = 1);

  void lock() { acquire(); }
  bool try_lock() { return acquire({.blocking = false}); }
  void unlock() { release(); }

  // Python's repr: "<threading.Semaphore at 0x7f12ab: value=1>".
  friend std::string to_string(const Semaphore& semaphore) { return semaphore.repr(); }
  friend std::ostream& operator<<(std::ostream& out, const Semaphore& semaphore) {
    return out << semaphore.repr();
  }

 protected:
  virtual std::string repr() const;
  // Adds n unless the count would pass the limit; returns whether it did.
  bool add(std::int64_t n, std::int64_t limit);
  std::uint32_t value() const noexcept;

 private:
  bool try_take(std::uint64_t leaving) noexcept;
  bool take_slowly(Timeout timeout);

  // bits 0-31: the count, which sleepers park on | bits 32-63: how many sleep, or are about to.
  // One word, so that a releaser need not touch the semaphore again to know whom to wake.
  seam::atomic<std::uint64_t> word_;
  detail::AdaptiveSpin spin_;
};

// A semaphore whose count never passes its first value: releasing it too often is an error.
// Spec     threading.semaphore.bounded
class TANDEM_API BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(std::int64_t value = 1);
  ~BoundedSemaphore() override;

  // Throws   ValueError (n < 1; more than were acquired: nothing is changed then).
  void release(std::int64_t n = 1) override;

 protected:
  std::string repr() const override;

 private:
  std::int64_t initial_;
};

}  // namespace tandem::inline v1::threading
