// Python's multiprocessing.Semaphore and multiprocessing.BoundedSemaphore.
#pragma once
#include <cstdint>
#include <ostream>
#include <string>

#include "tandem/core/export.hpp"
#include "tandem/multiprocessing/context.hpp"
#include "tandem/multiprocessing/detail/shared_block.hpp"
#include "tandem/multiprocessing/lock.hpp"

namespace tandem::inline v1::multiprocessing {

// A count that acquire() takes one from, waiting while it is zero, and release() adds to, between
// processes. What a killed process had taken is not given back.
// A handle, as Lock. Lockable: `with semaphore:` is std::scoped_lock guard(semaphore).
// Threads  any number at once, of any process; no order among those that wait.
// Order    what was done before release() is visible to the one that took the count.
// Spec     multiprocessing.semaphore
class TANDEM_API Semaphore {
 public:
  //   value  the count at first, at most 2^31 - 1
  // Throws   OSError (negative); OverflowError.
  explicit Semaphore(std::int64_t value = 1);
  explicit Semaphore(const Context& context, std::int64_t value = 1);

  // Takes one, waiting until there is one. Returns false iff there was none (in time).
  // Throws   OverflowError (only if it has to wait).
  bool acquire(AcquireOptions options = {}) const;
  // Adds one and wakes one of those that wait.
  // Throws   ValueError (the count would pass its maximum: 2^31 - 1, a bounded one's first value).
  void release() const;
  // Stale as soon as it is read.
  std::int64_t get_value() const noexcept;
  // Whether acquire() would wait. Stale as soon as it is read.
  bool locked() const noexcept { return get_value() == 0; }

  void lock() const { acquire(); }
  bool try_lock() const { return acquire({.block = false}); }
  void unlock() const { release(); }

  friend bool operator==(const Semaphore&, const Semaphore&) noexcept = default;
  // Python's repr: "<Semaphore(value=1)>", "<BoundedSemaphore(value=1, maxvalue=1)>".
  TANDEM_API friend std::string to_string(const Semaphore& semaphore);
  friend std::ostream& operator<<(std::ostream& out, const Semaphore& semaphore) {
    return out << to_string(semaphore);
  }

  // Not for users: as Lock's.
  void pickle(v1::pickle::Output& output) const;
  static Semaphore unpickle(v1::pickle::Input& input);

 protected:
  Semaphore(const Context& context, std::int64_t value, bool bounded);
  explicit Semaphore(detail::SharedBlock block) noexcept;

 private:
  struct State;
  State& state() const noexcept;

  detail::SharedBlock block_;
};

// A semaphore whose count never passes its first value: releasing it too often is an error.
// Spec     multiprocessing.semaphore.bounded
class TANDEM_API BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(std::int64_t value = 1);
  explicit BoundedSemaphore(const Context& context, std::int64_t value = 1);

  static BoundedSemaphore unpickle(v1::pickle::Input& input);

 private:
  using Semaphore::Semaphore;
  explicit BoundedSemaphore(Semaphore&& semaphore) noexcept : Semaphore(std::move(semaphore)) {}
};

inline auto Context::Semaphore(int value) const { return multiprocessing::Semaphore(*this, value); }
inline auto Context::BoundedSemaphore(int value) const {
  return multiprocessing::BoundedSemaphore(*this, value);
}

}  // namespace tandem::inline v1::multiprocessing
