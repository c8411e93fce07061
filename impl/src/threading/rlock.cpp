#include "tandem/threading/rlock.hpp"

#include "tandem/core/exceptions.hpp"
#include "tandem/core/repr.hpp"

namespace tandem::inline v1::threading {

bool RLock::acquire(AcquireOptions options) {
  if (is_owned()) {
    detail::acquire_deadline(options);  // the arguments are checked all the same
    return take_again();
  }
  if (!block_.acquire(options)) return false;
  become_owner(1);
  return true;
}

void RLock::not_owned() { throw RuntimeError("cannot release un-acquired lock"); }

std::size_t RLock::release_all() {
  const std::size_t count = count_.exchange(0, std::memory_order_relaxed);  // relaxed: the owner's
  owner_.store(0, std::memory_order_relaxed);  // relaxed: see is_owned()
  block_.release();
  return count;
}

void RLock::acquire_again(std::size_t count) {
  block_.lock();
  become_owner(count);
}

std::string to_string(const RLock& lock) {
  return (lock.block_.locked() ? "<locked" : "<unlocked") +
         std::string(" _thread.RLock object owner=") +
         std::to_string(lock.owner_.load(std::memory_order_relaxed)) +  // relaxed: for people
         " count=" + std::to_string(lock.count_.load(std::memory_order_relaxed)) +  // relaxed: same
         " at " + detail::address_text(&lock) + ">";
}

}  // namespace tandem::inline v1::threading
