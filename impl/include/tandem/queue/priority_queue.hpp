// queue.PriorityQueue: the smallest first.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "tandem/queue/detail/ordered.hpp"
#include "tandem/queue/queue.hpp"

namespace tandem::inline v1::queue {

// A Queue whose smallest item leaves first: none inside is Compare-less than the one that get()
// returns. Equal items leave in the order of CPython's heapq. All else is as in Queue.
//   Compare   a strict weak order, called as const. When it throws, nothing has changed.
// Spec     queue.priority
template <class T, class Compare = std::less<T>>
class PriorityQueue : public Queue<T> {
 public:
  explicit PriorityQueue(std::ptrdiff_t maxsize = 0) requires detail::ComparesByDefault<Compare>
      : PriorityQueue(maxsize, Compare()) {}
  // compare   has to be given where it is a closure, or a pointer or std::function.
  PriorityQueue(std::ptrdiff_t maxsize, Compare compare)
      : Queue<T>(std::make_unique<detail::Channel<T, detail::Ordered<T, detail::Heap<T, Compare>>>>(
            maxsize, detail::Heap<T, Compare>(std::move(compare)))) {}
};

}  // namespace tandem::inline v1::queue
