// What a queue keeps its items in. An item whose constructors throw is not in it, or still in it;
// one whose destructor runs is not: that may ask the queue, or end the loop of who waits there.
#pragma once
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "tandem/asyncio/detail/future_state.hpp"
#include "tandem/queue/detail/ordered.hpp"

namespace tandem::inline v1::asyncio::detail {

inline constexpr std::size_t few_items = 16;  // whose memory is not worth giving back

// First in, first out: a ring.
template <class T>
class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    clear();
    free(slots_, capacity_);
  }

  std::size_t size() const noexcept { return size_; }
  template <class U>
  void put(U&& item) {
    if (size_ == capacity_) move_to(std::max(few_items, 2 * capacity_));
    std::construct_at(slot(size_), std::in_place, std::forward<U>(item));
    ++size_;
  }
  T take() {
    Kept<T>* const oldest = slot(0);
    T item(std::move_if_noexcept(**oldest));
    drop_oldest();
    if (capacity_ > few_items && size_ < capacity_ / 4) give_back();
    return item;
  }
  void clear() noexcept {
    while (size_ > 0) drop_oldest();
  }
  template <class F>
  void for_each(F f) const {
    for (std::size_t i = 0; i < size_; ++i) f(std::as_const(**slot(i)));
  }

 private:
  using Allocator = std::allocator<Kept<T>>;

  Kept<T>* slot(std::size_t index) const noexcept {
    return slots_ + ((first_ + index) & (capacity_ - 1));
  }
  void drop_oldest() noexcept {
    Kept<T>* const oldest = slot(0);
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
    std::destroy_at(oldest);
  }
  // A power of two.
  void move_to(std::size_t capacity) {
    Kept<T>* const slots = Allocator().allocate(capacity);
    for (std::size_t i = 0; i < size_; ++i) {
      std::construct_at(slots + i, std::move(*slot(i)));
      std::destroy_at(slot(i));
    }
    free(std::exchange(slots_, slots), std::exchange(capacity_, capacity));
    first_ = 0;
  }
  // After a burst.
  void give_back() noexcept {
    try {
      move_to(capacity_ / 2);
    } catch (const std::bad_alloc&) {
      // Then it stays.
    }
  }
  static void free(Kept<T>* slots, std::size_t capacity) noexcept {
    if (slots) Allocator().deallocate(slots, capacity);
  }

  Kept<T>* slots_ = nullptr;
  std::size_t capacity_ = 0, first_ = 0, size_ = 0;
};

// A stack, a heap: as Policy has it.
template <class T, class Policy>
class Pile {
 public:
  explicit Pile(Policy policy = Policy()) : policy_(std::move(policy)) {}
  Pile(const Pile&) = delete;
  Pile& operator=(const Pile&) = delete;
  ~Pile() { clear(); }

  std::size_t size() const noexcept { return items_.size(); }
  template <class U>
  void put(U&& item) {
    const std::size_t place = policy_.place(items_, item);
    items_.emplace_back(std::in_place, std::forward<U>(item));
    policy_.settle(items_, place);
  }
  T take() {
    const std::size_t place = policy_.pick(items_);
    T item(std::move_if_noexcept(policy_.chosen(items_)));
    policy_.remove(items_, place);
    if (items_.capacity() > few_items && items_.size() < items_.capacity() / 4) give_back();
    return item;
  }
  void clear() noexcept {
    while (!items_.empty()) {
      [[maybe_unused]] const Kept<T> newest = std::move(items_.back());
      items_.pop_back();
    }
  }
  template <class F>
  void for_each(F f) const {
    for (const Kept<T>& item : items_) f(std::as_const(*item));
  }

 private:
  // After a burst.
  void give_back() noexcept {
    try {
      std::vector<Kept<T>> fewer;
      fewer.reserve(items_.capacity() / 2);
      std::move(items_.begin(), items_.end(), std::back_inserter(fewer));
      items_.swap(fewer);
    } catch (const std::bad_alloc&) {
      // Then it stays.
    }
  }

  std::vector<Kept<T>> items_;
  [[no_unique_address]] Policy policy_;
};

// "[1, 2]"
template <class Items>
std::string items_repr(const Items& items) {
  std::string text;
  items.for_each([&](const auto& item) { text += (text.empty() ? "" : ", ") + value_repr(item); });
  return "[" + text + "]";
}

}  // namespace tandem::inline v1::asyncio::detail
