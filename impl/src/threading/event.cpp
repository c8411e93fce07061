#include "tandem/threading/event.hpp"

#include "tandem/core/park.hpp"
#include "tandem/core/repr.hpp"
#include "threading/search.hpp"

namespace tandem::inline v1::threading {

void Event::set() noexcept {
  std::uint32_t before = word_.load(std::memory_order_relaxed);  // relaxed: the CAS decides
  // A write also when the flag is up already: then whoever comes later sees what this thread did.
  while (!word_.compare_exchange_weak(before, (before & ~sleepers) | flag,
                                      std::memory_order_seq_cst)) {
  }
  if (before & sleepers) detail::unpark_all(word_);
}

void Event::clear() noexcept {
  // seq_cst although a CAS follows: when the flag is down already, this load is all there is.
  std::uint32_t before = word_.load(std::memory_order_seq_cst);
  while ((before & flag) && !word_.compare_exchange_weak(before, (before & ~flag) + round,
                                                         std::memory_order_seq_cst)) {
  }
}

bool Event::wait_slowly(Timeout timeout) {
  const std::uint32_t seen = word_.load(std::memory_order_seq_cst);
  if (seen & flag) return true;
  detail::refuse_too_large(timeout);
  const auto until = detail::Deadline::after(timeout);
  std::uint32_t now = seen;
  const auto ready = [&] {
    now = word_.load(std::memory_order_acquire);  // pairs with the CAS in set()
    return lets_through(now, seen);
  };
  if (until.passed()) return ready();
  if (detail::search(spin_, ready)) return true;
  while (!ready()) {
    // relaxed: only tells set() that there is somebody to wake
    if (!(now & sleepers) &&
        !word_.compare_exchange_strong(now, now | sleepers, std::memory_order_relaxed))
      continue;
    if (!detail::park(word_, now | sleepers, until)) return ready();
  }
  return true;
}

std::string to_string(const Event& event) {
  return "<threading.Event at " + detail::address_text(&event) +
         (event.is_set() ? ": set>" : ": unset>");
}

}  // namespace tandem::inline v1::threading
