// The timers of a loop: heapq's algorithm step by step, so that timers of the same time become
// ready in CPython's order.
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

#include "tandem/asyncio/detail/node.hpp"

namespace tandem::inline v1::asyncio::detail {

class TimerHeap {
 public:
  bool is_empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  Timer& first() const noexcept { return *entries_.front().timer; }
  double first_time() const noexcept { return entries_.front().when; }

  void push(double when, Timer& timer) {
    entries_.push_back({when, &timer});
    sift_down(0, entries_.size() - 1);
  }
  Timer& pop() noexcept {
    Timer* const taken = entries_.front().timer;
    const Entry last = entries_.back();
    entries_.pop_back();
    if (!entries_.empty()) {
      entries_.front() = last;
      sift_up(0);
    }
    return *taken;
  }
  // Takes out all for which remove(timer) is true.
  template <class Remove>
  void remove_if(Remove remove) {
    std::size_t left = 0;
    for (const Entry& entry : entries_)
      if (!remove(*entry.timer)) entries_[left++] = entry;
    entries_.resize(left);
    for (std::size_t i = left / 2; i-- > 0;) sift_up(i);
  }
  template <class Visit>
  void clear(Visit visit) {
    for (const Entry& entry : std::exchange(entries_, {})) visit(*entry.timer);
  }

 private:
  struct Entry {
    double when = 0;  // here, to be compared without a look at the timer
    Timer* timer = nullptr;
  };

  void sift_down(std::size_t start, std::size_t at) noexcept {
    const Entry entry = entries_[at];
    while (at > start) {
      const std::size_t parent = (at - 1) / 2;
      if (!(entry.when < entries_[parent].when)) break;
      entries_[at] = entries_[parent];
      at = parent;
    }
    entries_[at] = entry;
  }
  void sift_up(std::size_t at) noexcept {
    const std::size_t end = entries_.size(), start = at;
    const Entry entry = entries_[at];
    for (std::size_t child; (child = 2 * at + 1) < end; at = child) {
      const std::size_t right = child + 1;
      if (right < end && !(entries_[child].when < entries_[right].when)) child = right;
      entries_[at] = entries_[child];
    }
    entries_[at] = entry;
    sift_down(start, at);
  }

  std::vector<Entry> entries_;
};

}  // namespace tandem::inline v1::asyncio::detail
