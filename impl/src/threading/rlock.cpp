#include "tandem/threading/rlock.hpp"

#include "platform/thread.hpp"
#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"
#include "threading/acquire.hpp"

namespace tandem::inline v1::threading {

// relaxed, here and below: a thread finds its own ident only where it wrote it itself, and the
// count belongs to the owner. block_ orders everything else.
bool RLock::is_owned() const noexcept {
  return owner_.load(std::memory_order_relaxed) == platform::thread_ident();
}

bool RLock::acquire(AcquireOptions options) {
  if (is_owned()) {
    detail::acquire_deadline(options);               // the arguments are checked all the same
    count_.fetch_add(1, std::memory_order_relaxed);  // relaxed: the owner's own
    return true;
  }
  if (!block_.acquire(options)) return false;
  owner_.store(platform::thread_ident(), std::memory_order_relaxed);  // relaxed: see is_owned()
  count_.store(1, std::memory_order_relaxed);                         // relaxed: the owner's own
  return true;
}

void RLock::release() {
  if (!is_owned()) throw RuntimeError("cannot release un-acquired lock");
  const std::size_t left = count_.load(std::memory_order_relaxed) - 1;  // relaxed: the owner's own
  count_.store(left, std::memory_order_relaxed);                        // relaxed: the owner's own
  if (left > 0) return;
  owner_.store(0, std::memory_order_relaxed);  // relaxed: see is_owned()
  block_.release();
}

std::size_t RLock::release_all() {
  const std::size_t count = count_.exchange(0, std::memory_order_relaxed);  // relaxed: the owner's
  owner_.store(0, std::memory_order_relaxed);  // relaxed: see is_owned()
  block_.release();
  return count;
}

void RLock::acquire_again(std::size_t count) {
  block_.lock();
  owner_.store(platform::thread_ident(), std::memory_order_relaxed);  // relaxed: see is_owned()
  count_.store(count, std::memory_order_relaxed);                     // relaxed: the owner's own
}

std::string to_string(const RLock& lock) {
  return (lock.block_.locked() ? "<locked" : "<unlocked") +
         std::string(" _thread.RLock object owner=") +
         std::to_string(lock.owner_.load(std::memory_order_relaxed)) +  // relaxed: for people
         " count=" + std::to_string(lock.count_.load(std::memory_order_relaxed)) +  // relaxed: same
         " at " + detail::address_text(&lock) + ">";
}

}  // namespace tandem::inline v1::threading
