// A store whose items leave in another order than they came: a stack, a heap. One lock.
//
// The policy plans first (comparing, which may throw) and then acts (moving, which may not), so
// that an exception leaves the store as it was. Items whose moves may throw are kept in boxes of
// their own, and only the boxes are moved.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "tandem/core/cursor.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/queue/detail/store.hpp"

namespace tandem::inline v1::detail {

template <class T>
class Box {  // a T on the heap; moving the box never throws
 public:
  template <class U>
  explicit Box(std::in_place_t, U&& item) : item_(std::make_unique<T>(std::forward<U>(item))) {}
  T& operator*() const noexcept { return *item_; }

 private:
  std::unique_ptr<T> item_;
};

template <class T>
class Bare {  // a T itself
 public:
  template <class U>
  explicit Bare(std::in_place_t, U&& item) : item_(std::forward<U>(item)) {}
  T& operator*() noexcept { return item_; }
  const T& operator*() const noexcept { return item_; }

 private:
  T item_;
};

template <class T>
using Kept = std::conditional_t<std::is_nothrow_move_constructible_v<T> &&
                                    std::is_nothrow_move_assignable_v<T>,
                                Bare<T>, Box<T>>;

// Policy: last in, first out.
template <class T>
class Stack {
 public:
  std::size_t place(const std::vector<Kept<T>>& items, const T&) const { return items.size(); }
  void settle(std::vector<Kept<T>>&, std::size_t) const noexcept {}  // it is in its place
  std::size_t pick(const std::vector<Kept<T>>& items) const { return items.size() - 1; }
  T& chosen(std::vector<Kept<T>>& items) const noexcept { return *items.back(); }
  void remove(std::vector<Kept<T>>& items, std::size_t) const noexcept { items.pop_back(); }
};

// Policy: the smallest first. The comparisons are those of CPython's heapq, so that equal items
// leave in the same order as there.
template <class T, class Compare>
class Heap {
 public:
  explicit Heap(Compare less = Compare()) : less_(std::move(less)) {}

  // Where the item would come to stand: towards the root as long as it is smaller.
  std::size_t place(const std::vector<Kept<T>>& items, const T& item) const {
    std::size_t at = items.size();
    while (at > 0 && less_(item, *items[parent(at)])) at = parent(at);
    return at;
  }
  // Moves the last item there, and its ancestors below it down by one.
  void settle(std::vector<Kept<T>>& items, std::size_t place) const noexcept {
    std::size_t at = items.size() - 1;
    if (at == place) return;
    Kept<T> item = std::move(items[at]);
    for (; at != place; at = parent(at)) items[at] = std::move(items[parent(at)]);
    items[place] = std::move(item);
  }
  // Where the last item would come to stand when the root is gone: down the smaller children to
  // a leaf, then up again as long as it is smaller.
  std::size_t pick(const std::vector<Kept<T>>& items) const {
    const std::size_t size = items.size() - 1;
    if (size == 0) return 0;
    std::size_t at = 0;
    for (std::size_t child = 1; child < size; child = 2 * at + 1) {
      const std::size_t right = child + 1;
      if (right < size && !less_(*items[child], *items[right])) child = right;
      at = child;
    }
    while (at > 0 && less_(*items[size], *items[at])) at = parent(at);
    return at;
  }
  T& chosen(std::vector<Kept<T>>& items) const noexcept { return *items.front(); }
  // Takes the root out: the items on the way to `place` move up by one, the last one goes there.
  void remove(std::vector<Kept<T>>& items, std::size_t place) const noexcept {
    Kept<T> last = std::move(items.back());
    items.pop_back();
    if (items.empty()) return;
    for (std::size_t at = place; at > 0; at = parent(at)) std::swap(last, items[at]);
    items[0] = std::move(last);
  }

 private:
  static std::size_t parent(std::size_t at) { return (at - 1) / 2; }
  [[no_unique_address]] Compare less_;
};

// What needs no object of the caller's: neither a closure nor what may be null.
template <class Compare>
concept ComparesByDefault =
    std::default_initializable<Compare> && !std::constructible_from<Compare, std::nullptr_t>;

template <class T, class Policy>
class Ordered {
 public:
  explicit Ordered(Policy policy = Policy()) : policy_(std::move(policy)) {}
  Ordered(const Ordered&) = delete;
  Ordered& operator=(const Ordered&) = delete;

  template <class U>
  Put put(U&& item, std::uint64_t limit) {
    LockedCursor items(cursor_);
    if (closed_) return Put::shut_down;
    if (items_.size() >= limit) return Put::full;
    const std::size_t place = policy_.place(items_, item);
    make_room();
    items_.emplace_back(std::in_place, std::forward<U>(item));
    policy_.settle(items_, place);
    // relaxed load: written under the lock only. release pairs with puts(), and so does whoever
    // sees the item: it is published after this.
    puts_.store(puts_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    ++items.count;
    return Put::done;
  }

  class Taking {
   public:
    explicit Taking(Ordered& store) : store_(store), items_(store.cursor_) {
      if (!store_.items_.empty()) {
        plan_ = store_.policy_.pick(store_.items_);
        found_ = true;
      }
    }
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;
    ~Taking() {
      if (!taken_) return;
      store_.remove(plan_);
      --items_.count;
    }
    explicit operator bool() const noexcept { return found_; }
    T& item() const noexcept { return store_.policy_.chosen(store_.items_); }
    void commit() noexcept { taken_ = true; }  // without it the item stays

   private:
    Ordered& store_;
    LockedCursor items_;
    std::size_t plan_ = 0;
    bool found_ = false, taken_ = false;
  };

  void close() noexcept {
    const LockedCursor items(cursor_);
    mark_closed();
  }
  std::uint64_t close_and_drop() noexcept {
    std::vector<Kept<T>> dropped;  // goes when the lock has gone
    LockedCursor items(cursor_);
    mark_closed();
    items_.swap(dropped);
    return std::exchange(items.count, 0);
  }
  bool is_closed() const noexcept { return closed_seen_.load(std::memory_order_seq_cst); }

  // acquire pairs with put().
  std::uint64_t puts() const noexcept { return puts_.load(std::memory_order_acquire); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(cursor_.count()); }
  std::uint64_t available() const noexcept { return size(); }
  std::uint64_t room(std::uint64_t limit) const noexcept {
    const std::uint64_t items = size();
    return items < limit ? limit - items : 0;
  }

 private:
  static constexpr std::size_t small = 64;  // not worth giving back

  void make_room() {
    if (items_.size() == items_.capacity()) items_.reserve(std::max(small, 2 * items_.size()));
  }
  void mark_closed() noexcept {  // cursor_ is locked
    closed_ = true;
    closed_seen_.store(true, std::memory_order_seq_cst);
  }
  void remove(std::size_t plan) noexcept {
    policy_.remove(items_, plan);
    if (items_.capacity() > small && items_.size() < items_.capacity() / 4) give_back();
  }
  // After a burst: half of the memory goes back, where the other half can be had.
  void give_back() noexcept {
    try {
      std::vector<Kept<T>> smaller;
      smaller.reserve(items_.capacity() / 2);
      std::move(items_.begin(), items_.end(), std::back_inserter(smaller));
      items_.swap(smaller);
    } catch (const std::bad_alloc&) {
      // Then it stays.
    }
  }

  Cursor cursor_;               // the number of items
  std::vector<Kept<T>> items_;  // guarded by cursor_, as are the next two
  [[no_unique_address]] Policy policy_;
  bool closed_ = false;
  seam::atomic<std::uint64_t> puts_{0};  // written with cursor_ locked
  seam::atomic<bool> closed_seen_{false};
};

}  // namespace tandem::inline v1::detail
