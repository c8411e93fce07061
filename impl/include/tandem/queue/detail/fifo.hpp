// A first-in-first-out store for any number of putters and getters, without waiting.
//
//        getters                                             putters
//    head_ (count+lock)                                  tail_ (count+lock)
//           |                                                   |
//   [ x | x | C | D ] --next--> [ E | F | G | H ] --next--> [ I | J | . | . ]
//           ^ oldest item                                           ^ next free slot
//
// Each end has its own lock, which is also its count (Cursor), so a putter and a getter work at the
// same time and meet only when the queue is nearly empty or nearly full. An item is put at the
// moment at which tail_ is published and got at the moment at which head_ is: strict FIFO, and
// linearizable, "empty" and "full" included, since each is seen while the end that could change it
// is locked.
//
// Whatever T's constructors throw leaves the count unpublished: the item is not in the queue, or
// still in it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "tandem/core/cursor.hpp"
#include "tandem/platform/seam.hpp"
#include "tandem/queue/detail/segment.hpp"
#include "tandem/queue/detail/store.hpp"

namespace tandem::inline v1::detail {

template <class T>
class Fifo {
 public:
  Fifo() = default;
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;
  ~Fifo() {
    while (Taking taking{*this}) taking.commit();
    for (auto* row = get_.segment ? get_.segment : first_; row;)
      Segment<T>::free(std::exchange(row, row->next));
    Segment<T>::free(spare_.load(std::memory_order_relaxed));  // relaxed: nobody else is left
  }

  // Appends the item, constructed from `item`, which is touched only in that case.
  template <class U>
  Put put(U&& item, std::uint64_t limit) {
    LockedCursor end{tail_};
    if (closed_) return Put::shut_down;
    if (end.count - put_.head_seen >= limit) {
      put_.head_seen = head_.count();
      if (end.count - put_.head_seen >= limit) return Put::full;
    }
    std::construct_at(free_slot(), std::forward<U>(item));
    ++put_.index;
    ++end.count;
    return Put::done;
  }

  // The oldest item, if there is one: held with the getters' end locked until this goes.
  class Taking {
   public:
    explicit Taking(Fifo& queue) : queue_(queue), count_(queue.head_.lock()) {
      slot_ = queue.oldest_slot(count_);
    }
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;
    ~Taking() {
      if (taken_) {
        std::destroy_at(slot_);
        ++queue_.get_.index;
        ++count_;
      }
      queue_.head_.unlock(count_);
    }
    explicit operator bool() const noexcept { return slot_ != nullptr; }
    T& item() const noexcept { return *slot_; }
    void commit() noexcept { taken_ = true; }  // without it the item stays

   private:
    Fifo& queue_;
    std::uint64_t count_;
    T* slot_;
    bool taken_ = false;
  };

  // No item is put after this has returned.
  void close() noexcept {
    LockedCursor end{tail_};
    mark_closed();
  }
  // The same, and every item is dropped, at one moment: both ends are locked. Returns how many.
  std::uint64_t close_and_drop() noexcept {
    const std::uint64_t first = head_.lock();
    LockedCursor end{tail_};  // goes last: what is refused is refused after the items have gone
    mark_closed();
    std::uint64_t count = first;
    for (; T* item = oldest_slot(count); ++count, ++get_.index) std::destroy_at(item);
    head_.unlock(count);
    return count - first;
  }
  bool is_closed() const noexcept { return closed_seen_.load(std::memory_order_seq_cst); }

  // Items ever put.
  std::uint64_t puts() const noexcept { return tail_.count(); }
  // Items in the queue at one moment during the call.
  std::size_t size() const noexcept {
    for (std::uint64_t tail = tail_.count();;) {
      const std::uint64_t head = head_.count();
      const std::uint64_t again = tail_.count();
      if (again == tail) return static_cast<std::size_t>(tail - head);
      tail = again;
    }
  }
  // Hints for those who wait; a seq_cst read each, see Gate.
  std::uint64_t available() const noexcept {
    const std::uint64_t head = head_.count();  // first: head never passes tail
    return tail_.count() - head;
  }
  std::uint64_t room(std::uint64_t limit) const noexcept {
    const std::uint64_t items = available();
    return items < limit ? limit - items : 0;
  }

 private:
  void mark_closed() noexcept {  // tail_ is locked
    closed_ = true;
    closed_seen_.store(true, std::memory_order_seq_cst);
  }

  T* free_slot() {
    if (!put_.segment) {
      first_ = put_.segment = Segment<T>::make(Segment<T>::first_capacity);
    } else if (put_.index == put_.segment->capacity()) {
      put_.segment = put_.segment->next = next_segment();
      put_.index = 0;
    }
    return put_.segment->slot(put_.index);
  }
  Segment<T>* next_segment() {
    // acquire pairs with the release in retire(): the getter is done with that memory.
    Segment<T>* spare = spare_.exchange(nullptr, std::memory_order_acquire);
    if (!spare) return Segment<T>::make(put_.segment->next_capacity());
    spare->next = nullptr;
    return spare;
  }

  T* oldest_slot(std::uint64_t count) noexcept {
    if (get_.tail_seen == count) {
      get_.tail_seen = tail_.count();
      if (get_.tail_seen == count) return nullptr;
    }
    if (!get_.segment) {
      get_.segment = first_;
    } else if (get_.index == get_.segment->capacity()) {
      retire(std::exchange(get_.segment, get_.segment->next));
      get_.index = 0;
    }
    T* slot = get_.segment->slot(get_.index);
    if (get_.tail_seen - count > 2 && get_.index + 2 < get_.segment->capacity()) prefetch(slot[2]);
    return slot;
  }
  // One full-size row is kept for the putters; the others go back at once.
  void retire(Segment<T>* segment) noexcept {
    if (segment->capacity() == Segment<T>::last_capacity)
      // release pairs with the acquire in next_segment(); acquire: with the release of the getter
      // that left the row which we now free.
      segment = spare_.exchange(segment, std::memory_order_acq_rel);
    Segment<T>::free(segment);
  }

  static constexpr std::size_t line = 128;  // two cache lines: processors fetch them in pairs

  alignas(line) Cursor tail_;  // items ever put
  struct {                     // guarded by tail_
    Segment<T>* segment = nullptr;
    std::uint32_t index = 0;
    std::uint64_t head_seen = 0;
  } put_;
  bool closed_ = false;          // guarded by tail_
  Segment<T>* first_ = nullptr;  // written before the first count is published

  alignas(line) Cursor head_;  // items ever got
  struct {                     // guarded by head_
    Segment<T>* segment = nullptr;
    std::uint32_t index = 0;
    std::uint64_t tail_seen = 0;
  } get_;

  alignas(line) seam::atomic<Segment<T>*> spare_{nullptr};
  seam::atomic<bool> closed_seen_{false};
};

}  // namespace tandem::inline v1::detail
