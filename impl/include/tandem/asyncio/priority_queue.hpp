// asyncio.PriorityQueue: the smallest first.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "tandem/asyncio/queue.hpp"

namespace tandem::inline v1::asyncio {

// A Queue whose smallest item leaves first: none inside is Compare-less than the one that get()
// returns. Equal items leave in the order of CPython's heapq. All else is as in Queue.
//   Compare   a strict weak order, called as const. When it throws, nothing has changed.
// Spec     asyncio.priority-queue
template <class T, class Compare = std::less<T>>
class PriorityQueue : public Queue<T> {
 public:
  explicit PriorityQueue(std::ptrdiff_t maxsize = 0) requires detail::ComparesByDefault<Compare>
      : PriorityQueue(maxsize, Compare()) {}
  // compare   has to be given where it is a closure, or a pointer or std::function.
  PriorityQueue(std::ptrdiff_t maxsize, Compare compare)
      : Queue<T>(maxsize), items_(detail::Heap<T, Compare>(std::move(compare))) {}

 private:
  void store(T&& item) override { items_.put(std::move(item)); }
  T take() override { return items_.take(); }
  void drop_all() noexcept override { items_.clear(); }
  std::size_t size() const noexcept override { return items_.size(); }
  std::string items_text() const override { return detail::items_repr(items_); }
  const char* name() const noexcept override { return "PriorityQueue"; }

  detail::Pile<T, detail::Heap<T, Compare>> items_;
};

}  // namespace tandem::inline v1::asyncio
